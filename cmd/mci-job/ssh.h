/*
 * ssh: the runner that takes what is built to another machine by ssh(1), runs the job there in a
 * private folder, and brings back what that changed (mci-runner(7)). Which machine is said behind its
 * name, "ssh:HOST".
 */
#ifndef JOB_SSH_H
#define JOB_SSH_H

#include "runner.h"

int ssh_check(const struct settings *settings, const struct spec *spec, struct error *e);
int ssh_prepare(struct runner_job *job, struct process_spec *p, struct error *e);
void ssh_signal(struct runner_job *job, const struct child *leader, int signal);
bool ssh_owns(const struct runner_job *job, pid_t pid);
bool ssh_shares(const char *scratch, pid_t pid);
int ssh_ended(struct runner_job *job, int *status, struct error *e);
void ssh_over(struct runner_job *job);

#endif
