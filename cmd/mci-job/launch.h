/* launch: sets an attempt's descriptors up and starts its processes. */
#ifndef JOB_LAUNCH_H
#define JOB_LAUNCH_H

#include "attempt.h"

/* Makes log and pipes (or pty) and watches our ends; ready[0] and [1] are called for output. What was
 * made stays in the attempt also when it fails: launch_close ends it. 0 or -1. */
int launch_open(struct attempt *a, loop_ready *const ready[2], struct error *e);
/* Starts the entry that is next (all of the script, where one process runs it); sets leader and group. */
int launch_entry(struct attempt *a, struct error *e);
/* Forgets and closes one of our ends (0 or 1). */
void launch_close(struct attempt *a, int which);
/* Closes the job's ends here. */
void launch_close_ends(struct attempt *a);

#endif
