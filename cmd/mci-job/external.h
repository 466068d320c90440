/* external: a runner that is a program of its own, mci-runner-NAME (mci-runner(7)). */
#ifndef JOB_EXTERNAL_H
#define JOB_EXTERNAL_H

#include "runner.h"

int external_prepare(struct runner_job *job, struct process_spec *p, struct error *e);
void external_over(struct runner_job *job);

#endif
