/*
 * worker: the second of mci-job's processes: reads specs, runs at most so many at once, reports what
 * happens. In the direct mode it runs one command with the descriptors that we were given.
 */
#ifndef JOB_WORKER_H
#define JOB_WORKER_H

#include "settings.h"

/* For keeper_run: arg is a struct settings. The status that mci-job exits with. */
int worker_run(void *arg, const char *scratch, int lifeline);

#endif
