/*
 * services: what a spec wants to run beside its job (mci-script(5)): each is started as a process of
 * the job would be, in the order in which they stand there, and waited for until it is ready. In
 * containers all share one network with the job. They live until nothing of the job is left.
 */
#ifndef JOB_SERVICES_H
#define JOB_SERVICES_H

#include <stdbool.h>

#include "site.h"

/* Starts the first of them. ready is called, from the loop, when all are there, or one never will be.
 * Then the attempt's error and its reason, if it has none, say which. */
void services_start(struct attempt *a, void (*ready)(struct attempt *a, bool all));
/* Whether the process is one of theirs. */
bool services_own(const struct attempt *a, pid_t pid);
/* Ends them: true when that takes a while, and gone is called then; false when there is none. Nobody hears of
 * ready any more. */
bool services_end(struct attempt *a, void (*gone)(struct attempt *a));

#endif
