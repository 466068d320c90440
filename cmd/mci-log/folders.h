/* folders: where the logs of one build stand: its own folder with what the script wrote, and in it, or
 * where the build was told to have them, a folder of the jobs' logs for each run; the same in an archive.
 * Which runs and logs there are. */
#ifndef MCI_LOG_FOLDERS_H
#define MCI_LOG_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "stored.h"

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

/* Opens a folder below dir (AT_FDCWD: any; -1: none); one that is not there is none. 0 or -1. */
int folders_open(int *fd, int dir, const char *path, struct error *e);
/* The jobs' logs of a run; what is there of them by now is open. Never NULL; they stay where they are. e has
 * ERROR_NONE unless a folder cannot be opened, and may be NULL. */
struct run_logs *folders_logs(struct folders *f, int run, struct error *e);
/* The build says that those of the run are there (NULL: it does not say). What was moved since is where such
 * things always are. */
void folders_told(struct folders *f, int run, const char *path);
/* The runs that have logs, ascending; with empty also those whose folder of logs is all that is left. Caller
 * frees. */
int *folders_runs(const struct folders *f, bool empty, size_t *n);
/* The newest of them; 1 when there is none. */
int folders_newest(const struct folders *f);
/* Calls each for every log of a job in the run, by name; indexed: that has an index. 0 or -1. */
int folders_jobs(struct folders *f, int run, bool indexed,
    void (*each)(void *arg, const char *job, int attempt), void *arg, struct error *e);
/* The path of the folder of a run's jobs' logs, of a build at that path. Caller frees. */
char *folders_path(const struct folders *f, const char *build, int run);
void folders_close(struct folders *f);

/* Adds the names in a folder below dir that end in suffix, without that; hidden ones are none. One that is
 * not there has none. The caller frees each and all. 0, or -1 and errno. */
int folders_names(int dir, const char *path, const char *suffix, char ***names, size_t *n);

#endif
