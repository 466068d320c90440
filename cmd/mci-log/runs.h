/* runs: the builds that a command line names. */
#ifndef MCI_LOG_RUNS_H
#define MCI_LOG_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "run.h"

struct runs {
	struct run *all; /* opened, events not read */
	size_t n;
};

/* The rows of the option tables for where logs are; field is a struct run_where of the type. */
#define RUNS_WHERE(type, field) \
	{ .name = "dir", .value = "DIR", .help = "look into this folder of logs", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.dir) }, \
	{ .name = "archive", .value = "file:DIR", .help = "where finished logs were moved to", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.archive) }

/* Opens each BUILD or BUILD/JOB, without operands the latest build here; attempt 0 is any. The runs are to
 * be closed whatever it returns. */
int runs_open(struct runs *r, int argc, char **argv, int64_t attempt, const struct run_where *where,
    struct error *e);
/* Reads the events of all that are there. A job that was asked for and has no log is an error. */
int runs_read(struct runs *r, struct error *e);
void runs_close(struct runs *r);

#endif
