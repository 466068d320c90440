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
/*
 * Outputs are trees. Sets one by call, in place of an older one of that name; bytes that are not UTF-8 become
 * U+FFFD. 0, or -1 when all of them would be more than RESULT_SETS bytes.
 */
#define RESULT_SETS (64 * 1024) /* as for the file $MCI_OUTPUT */
int result_set_output(struct job *j, const char *name, struct span value, struct error *e);
/* What an attempt set ends with it. */
void result_forget_sets(struct job *j);
/* Keeps the outputs in the job: those of its file, and those set by call, which win. 0, or -1. */
int result_keep_outputs(const struct result *r, struct job *j, struct error *e);
/* Writes the members from reason on behind others, with the outputs that were kept. unkept (NULL: none) is
 * why files of the job could not be kept, and reason what that is in one word. */
void result_write(const struct result *r, const struct job *j, const char *reason, const char *unkept,
    struct bytes *line);

#endif
