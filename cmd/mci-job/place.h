/* place: the table of runners, and what is done with the one of an attempt. */
#ifndef JOB_PLACE_H
#define JOB_PLACE_H

#include "runner.h"

/* Begins an attempt: which runner it is for (lib's runners_choose). 0, or -1 with an error. */
int place_open(struct runner_job *job, const struct settings *settings, const struct spec *spec,
    struct error *e);
int place_prepare(struct runner_job *job, struct process_spec *p, struct error *e);
void place_signal(struct runner_job *job, const struct child *leader, int signal);
/* Whether the programs there are not those of this machine. */
bool place_is_elsewhere(const struct runner_job *job);
/* Whether its processes are in containers; whether they are on another machine. */
bool place_is_container(const struct runner_job *job);
bool place_is_remote(const struct runner_job *job);
/* Whether a process is what jobs of this run share, whatever runs them. */
bool place_shares(const char *scratch, pid_t pid);
/* Whether a process that became a child of ours is of this job. */
bool place_owns(const struct runner_job *job, pid_t pid);
/* The stem of what is left outside our processes (leftovers.h), or may be; NULL: there is no such thing. */
const char *place_left(const struct runner_job *job);
/* The three of runner.h: NULL, 0 and nothing where it has none. */
char *place_network(const struct runner_job *job);
pid_t place_first(const struct runner_job *job);
void place_enter(const struct runner_job *job, struct words *w);
int place_ended(struct runner_job *job, int *status, struct error *e);
/* Appends what its runner would show it and start for p; nothing for one that shows everything. */
void place_explain(struct runner_job *job, const struct process_spec *p, struct bytes *into);
void place_over(struct runner_job *job);

#endif
