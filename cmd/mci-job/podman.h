/* podman: a runner that puts each process of a job into a container of its own, started by podman(1),
 * with the folder of the build at its own path. */
#ifndef JOB_PODMAN_H
#define JOB_PODMAN_H

#include "runner.h"

int podman_check(const struct settings *settings, const struct spec *spec, struct error *e);
int podman_prepare(struct runner_job *job, struct process_spec *p, struct error *e);
void podman_signal(struct runner_job *job, const struct child *leader, int signal);
char *podman_network(const struct runner_job *job);
pid_t podman_first(const struct runner_job *job);
void podman_enter(const struct runner_job *job, struct words *w);
bool podman_owns(const struct runner_job *job, pid_t pid);
const char *podman_left(const struct runner_job *job);
int podman_ended(struct runner_job *job, int *status, struct error *e);
void podman_over(struct runner_job *job);

#endif
