/* schedule: what becomes of a job: when it may run, what its result means for others, what ends it. */
#ifndef MCI_BUILD_SCHEDULE_H
#define MCI_BUILD_SCHEDULE_H

#include "build.h"

/* A job whose spec has come and that is selected: says job/pending and lets it go on if it can. */
void schedule_arrived(struct build *b, uint32_t job);
/* mci-job finished an attempt; line is its job/executed. */
void schedule_executed(struct build *b, uint32_t job, struct span line);
/* The attempts that run will never be reported: mci-job died. */
void schedule_lost_all(struct build *b, const char *why);
/* A person let a blocked job run; of a matrix, all its jobs that are blocked. -1 when there is none. */
int schedule_unblock(struct build *b, uint32_t job);
/* Nobody lets the blocked jobs go: they are skipped, and everything behind them. */
void schedule_leave_blocked(struct build *b);
/* Ends one job, or all jobs of a matrix: a running one is told to stop, a waiting one is canceled at once. -1
 * when there is nothing to cancel. */
int schedule_cancel(struct build *b, uint32_t job, const char *reason);
/* Ends all jobs: what runs is told to stop, what waits is canceled at once. */
void schedule_cancel_all(struct build *b);
/* Cancels every job that does not run yet and that the state of the build lets start no more. */
void schedule_drop_waiting(struct build *b);
/* Follows ends up and gives ready jobs to mci-job; called at the end of each round. */
void schedule_round(struct build *b);
/* Whether any job is queued, running or waits for its retry. */
bool schedule_works(const struct build *b);
/* The same, or is blocked. */
bool schedule_active(const struct build *b);
/* Whether a job could start now. */
bool schedule_ready(const struct build *b);

#endif
