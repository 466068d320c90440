/* builds: those that a command line names. */
#ifndef MCI_LOG_BUILDS_H
#define MCI_LOG_BUILDS_H

#include <stddef.h>
#include <stdint.h>

#include "build.h"
#include "command.h"
#include "error.h"

struct builds {
	struct build *all; /* opened, events not read */
	size_t n;
};

/* The rows of the option tables for where logs are; field is a struct build_where of the type. */
#define BUILDS_WHERE(type, field) \
	{ .name = "dir", .value = "DIR", .help = "look into this folder of logs", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.dir) }, \
	{ .name = "archive", .value = "file:DIR", .help = "where finished logs were moved to", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, field.archive) }

/* Opens each BUILD or BUILD/JOB, without operands the latest build here; attempt 0 is any. The builds are to
 * be closed whatever it returns. */
int builds_open(struct builds *r, int argc, char **argv, int64_t attempt, const struct build_where *where,
    struct error *e);
/* Reads the events of all that are there. A job that was asked for and has no log is an error. */
int builds_read(struct builds *r, struct error *e);
void builds_close(struct builds *r);

#endif
