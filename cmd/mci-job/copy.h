/*
 * copy: the copy of what is built that a job with a workspace of its own works in. It stands beside what it
 * is made from, under the attempt's name, and goes with the attempt.
 */
#ifndef JOB_COPY_H
#define JOB_COPY_H

#include "site.h"

/* Starts the process that makes it, as the attempt's leader. 0 or -1. */
int copy_start(struct attempt *a, child_ended *ended, struct error *e);
/* Says in e what its end means: -1 when there is no copy. */
int copy_ended(int status, struct error *e);
/* Begins to remove it; nobody waits for that. */
void copy_remove(struct attempt *a);

#endif
