/* schedule: what becomes of a job: when it may run, and what its result means for others. */
#ifndef MCI_BUILD_SCHEDULE_H
#define MCI_BUILD_SCHEDULE_H

#include "jobend.h"

/* What mci-job tells; arg is the schedule. */
extern const struct runner_events schedule_runner_events;
/* What is told of files that jobs take and leave; the same. */
extern const struct transfer_events schedule_transfer_events;

/* A job whose spec has come and that is selected: says job/pending and lets it go on if it can. */
void schedule_arrived(struct schedule *s, uint32_t job);
/* A job has added this one (or a matrix), an object in JSON. */
void schedule_added(struct schedule *s, struct span spec);
/* The definition has no more specs: ends those jobs of the runs before that have none in this one. */
void schedule_forget(struct schedule *s);
/* A person let a blocked job run; of a matrix, all its jobs that are blocked. -1 when there is none. */
int schedule_unblock(struct schedule *s, uint32_t job);
/* Nobody lets the blocked jobs go: they are skipped, and everything behind them. */
void schedule_leave_blocked(struct schedule *s);
/* Ends one job, or all jobs of a matrix: a running one is told to stop, a waiting one is canceled at
 * once. -1 when there is nothing to cancel. */
int schedule_cancel(struct schedule *s, uint32_t job, const char *reason);
/* Ends all jobs: what runs is told to stop, what waits is canceled at once. */
void schedule_cancel_all(struct schedule *s);
/* Cancels every job that does not run yet and that the state of the build lets start no more. */
void schedule_drop_waiting(struct schedule *s);
/* Follows ends up and gives ready jobs to mci-job; called at the end of each round. */
void schedule_round(struct schedule *s);
/* Whether any job is queued, running or waits for its retry. */
bool schedule_works(const struct schedule *s);
/* The same, or is blocked. */
bool schedule_active(const struct schedule *s);
/* Whether a job could start now in the build's folder. */
bool schedule_ready(const struct schedule *s);

#endif
