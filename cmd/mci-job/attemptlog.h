/* attemptlog: the log of an attempt, in a folder of ours or kept by a server: from before its first process
 * to after its last. */
#ifndef JOB_ATTEMPTLOG_H
#define JOB_ATTEMPTLOG_H

#include "site.h"

/* Opens it, unless it is open or none is kept. 0: it is there; 1: a server is asked, and opened is called
 * then (the code of why is ERROR_NONE when it is there); -1. */
int attemptlog_open(struct attempt *a, void (*opened)(struct attempt *a, struct error *why),
    struct error *e);
/* Nothing more is written: true when a server is asked to say that all of it is on the disk, and closed is
 * called then. What went wrong is in the attempt's error, and *reason says so. */
bool attemptlog_close(struct attempt *a, const char **reason, void (*closed)(struct attempt *a));
/* Nothing more is heard of the server. */
void attemptlog_leave(struct attempt *a);

#endif
