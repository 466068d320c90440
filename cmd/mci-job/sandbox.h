/*
 * sandbox: jobs in namespaces of their own, by bwrap(1). They see the machine's programs, what is built, and
 * a /tmp, a home and a /run/mci of their own; see mci-runner(7).
 */
#ifndef JOB_SANDBOX_H
#define JOB_SANDBOX_H

#include "runner.h"

int sandbox_check(const struct settings *settings, const struct spec *spec, struct error *e);
int sandbox_prepare(struct runner_job *job, struct process_spec *p, struct error *e);
void sandbox_signal(struct runner_job *job, const struct child *leader, int signal);
int sandbox_ended(struct runner_job *job, int *status, struct error *e);
void sandbox_explain(struct runner_job *job, const struct process_spec *p, struct bytes *into);
void sandbox_over(struct runner_job *job);

#endif
