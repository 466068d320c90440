/*
 * copy: the copy of what is built that a job with a workspace of its own works in. It stands beside what it
 * is made from, as ID@ATTEMPT, and goes with the attempt; a staged one is somebody else's.
 */
#ifndef JOB_COPY_H
#define JOB_COPY_H

#include "site.h"

/* Where it stands, of a job that has one. */
void copy_name(struct attempt *a);
/* Starts the process that makes it, as the attempt's leader. 0 or -1. */
int copy_start(struct attempt *a, child_ended *ended, struct error *e);
/* Says in e what its end means: -1 when there is no copy. */
int copy_ended(int status, struct error *e);
/* Begins to remove it; nobody waits for that. */
void copy_remove(struct attempt *a);
/* The same for any folder; *path is freed. */
void copy_discard(struct site *site, char **path);

#endif
