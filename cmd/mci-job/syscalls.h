/* syscalls: the seccomp filter that jobs in the sandbox are under (cmd/mci-job/seccomp/generate.c). */
#ifndef JOB_SYSCALLS_H
#define JOB_SYSCALLS_H

#include "error.h"

/* A file that holds the filter as seccomp(2) takes it, to be read from its beginning; the caller closes it.
 * -1 with an error. */
int syscalls_filter(struct error *e);

#endif
