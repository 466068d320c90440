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
/* A person let a blocked job run. -1 when it is not blocked. */
int schedule_unblock(struct build *b, uint32_t job);
/* Ends one job: a running one is told to stop, a waiting one is canceled at once. */
void schedule_cancel(struct build *b, uint32_t job, const char *reason);
/* Cancels every job that does not run yet. */
void schedule_drop_waiting(struct build *b, const char *reason);
/* Follows ends up and gives ready jobs to mci-job; called at the end of each round. */
void schedule_round(struct build *b);
/* Whether any job is queued, running, blocked or waits for its retry. */
bool schedule_active(const struct build *b);
/* Ends a job that never ran. */
void schedule_end_unrun(struct build *b, uint32_t job, enum status status, const char *reason,
    bool bad);

#endif
