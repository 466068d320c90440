/* result: what mci-job says of an attempt (its job/executed), and what job/end takes over from it. */
#ifndef MCI_BUILD_RESULT_H
#define MCI_BUILD_RESULT_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "graph.h"
#include "scan.h"

/* Pieces of the line. */
struct result {
	struct span reason;  /* "exit", "signal", "timeout"... */
	int64_t exit;        /* -1: none */
	int64_t signal;      /* -1: none */
	struct scan_value error; /* what was wrong, raw.n 0: nothing that it says */
	struct span outputs; /* raw object, n 0: none */
	struct span tail;    /* the members from reason on, without outputs' braces at the end */
};

int result_read(struct result *r, struct span line, struct error *e);
enum status result_status(const struct result *r);
/* Appends why it ended so, in words. */
void result_reason(const struct result *r, struct bytes *into);
/* Keeps the outputs in the job: those of its file, and those set by call, which win. */
void result_keep_outputs(const struct result *r, struct job *j);
/* Writes the members from reason on behind others, with the outputs that were kept. */
void result_write(const struct result *r, const struct job *j, struct bytes *line);

/* Adds one member to members ("\"A\":\"1\",\"B\":\"2\"") in place of an older one of that name. */
void result_set_member(struct bytes *members, const char *name, const char *value);

#endif
