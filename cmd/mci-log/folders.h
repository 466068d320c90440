/* folders: where the logs of one build stand: its own folder with what the script wrote, and in it, or
 * where the build was told to have them, a folder of the jobs' logs for each run. */
#ifndef MCI_LOG_FOLDERS_H
#define MCI_LOG_FOLDERS_H

#include <stdbool.h>

#include "error.h"
#include "source.h"

/* The jobs' logs of one run. */
struct run_logs {
	int run;
	struct log_folders at;
	struct run_logs *next;
};

struct folders {
	struct log_folders own;
	struct run_logs *logs;
	char *elsewhere; /* where those of the newest run are, unless that is in its own folder; or NULL */
};

/* Start with this. */
#define FOLDERS_NONE { .own = { -1, -1 } }

/* Opens a build's folder in an archive; one that is not there is none. 0 or -1. */
int folders_archive(struct folders *f, const char *path, struct error *e);
/* The jobs' logs of a run; what is there of them by now is open. Never NULL; they stay where they are. e has
 * ERROR_NONE unless a folder cannot be opened, and may be NULL. */
struct run_logs *folders_logs(struct folders *f, int run, struct error *e);
/* The build says that those of the run are there (NULL: it does not say). What was moved since is where such
 * things always are. */
void folders_told(struct folders *f, int run, const char *path);
/* The newest run that has logs in the build's own folders; 1 when none has. */
int folders_newest(const struct folders *f);
/* The path of the folder of a run's jobs' logs, of a build at that path. Caller frees. */
char *folders_path(const struct folders *f, const char *build, int run);
void folders_close(struct folders *f);

#endif
