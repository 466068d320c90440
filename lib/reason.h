/* reason: why an attempt at a job ended as it did, in words for people. */
#ifndef MCI_REASON_H
#define MCI_REASON_H

#include "bytes.h"

/* The fields of job/executed and job/end. */
struct reason {
	struct span name;   /* "exit", "signal", "timeout"..., or why it never ran; n 0 none */
	int exit, signal;   /* -1 when not so */
	struct span error;  /* what exactly was wrong; n 0 none */
};

/* Appends "exit 2", "SIGKILL", "not started: ./prog: No such file or directory", "limit:outputs: ..." or
 * the reason as it is; nothing when there is none. */
void reason_add(struct bytes *into, const struct reason *r);

#endif
