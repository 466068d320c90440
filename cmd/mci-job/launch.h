/* launch: sets an attempt's descriptors up and starts its processes. */
#ifndef JOB_LAUNCH_H
#define JOB_LAUNCH_H

#include "site.h"

/* Makes pipes (or pty) and watches our ends; ready[0] and [1] are called for output. What was made stays in
 * the attempt also when it fails: launch_undo ends it. 0 or -1. */
int launch_open(struct attempt *a, loop_ready *const ready[2], struct error *e);
/* A log whose files find no room for their descriptors would be lost: whether there will be enough for all
 * that are being opened at a server, and for those who show them. 0 or -1. */
int launch_log_room(const struct site *site, struct error *e);
/* The log is open: output goes to it from now on, and is shown if it is to be. 0 or -1. */
int launch_log(struct attempt *a, struct error *e);
/* Nobody wants to keep the log. */
void launch_log_remove(const struct attempt *a);
/* As if launch_open and launch_log had not been called. */
void launch_undo(struct attempt *a);
/* Starts the process that runs a->entry and, where it can, those behind it; sets the leader, of whose end is
 * told. */
int launch_entry(struct attempt *a, child_ended *ended, struct error *e);
/* A signal to all that it started. */
void launch_signal(struct attempt *a, int signal);
/* What its runner has left outside our processes is undone by another one, which becomes the leader.
 * False: there is no such thing. */
bool launch_leftovers(struct attempt *a, child_ended *ended);
/* One of its processes has ended so: what that is outside its runner. When it was the runner that failed the
 * attempt is at its end. */
void launch_ended(struct attempt *a, int *status);
/* Forgets and closes one of our ends (0 or 1). */
void launch_close(struct attempt *a, int which);

#endif
