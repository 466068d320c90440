/* tails: the ends of what jobs printed, read from the logs in a build's folder. Logs that cannot be read
 * have no end: the picture does without. */
#ifndef MCI_TAILS_H
#define MCI_TAILS_H

#include <stdbool.h>
#include <sys/types.h>

#include "bytes.h"
#include "fold.h"

/* So much of the end of a log is looked at for its last lines. */
#define TAILS_BYTES (16 * 1024)

struct tail {
	off_t size;        /* of the log when line was read */
	struct bytes line;
};

/* The path of the folder of a build's logs: as its build/start names it, else, where that is not there,
 * in the build's folder. Caller frees. */
char *tails_path(const struct fold *f, const char *folder);
/* The descriptor of that folder, or -1. */
int tails_open(const struct fold *f);
/* Reads the last line of the job's log that is not empty, when the log has grown. */
void tails_last(struct tail *t, int logs, const char *job, int attempt);
/* Appends the last lines of a text, safe for a terminal, each ended. Their number. */
int tails_cut(struct bytes *into, struct span text, int lines, bool color);
/* The same of a job's log. */
int tails_lines(struct bytes *into, int logs, const char *job, int attempt, int lines, bool color);

#endif
