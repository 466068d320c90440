/* schedule: what becomes of a job: when it may run, what its result means for others, what ends it. */
#ifndef MCI_BUILD_SCHEDULE_H
#define MCI_BUILD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"
#include "journal.h"
#include "loop.h"
#include "outcome.h"
#include "past.h"
#include "runner.h"
#include "turn.h"

/* What is told of jobs. */
struct schedule_events {
	/* One waits for a person. */
	void (*blocked)(void *arg, uint32_t job);
	/* One that counts has ended so, not canceled with its build; why is in words. */
	void (*ended)(void *arg, const struct job *j, enum status status, const char *why);
};

/* The jobs that are ready, or whose ends have to be followed up, as a list through job.next. */
struct schedule_queue {
	uint32_t first, last, n;
};

struct schedule {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	struct graph *graph;
	struct runner *runner;
	const struct turn *turn;
	const struct past *past; /* what runs before have done of this build */
	const struct past *base; /* whose results are taken over */
	bool fail_fast;
	uint32_t window;   /* how many attempts mci-job is given at once */
	const char *hint;  /* said of a job that waits for a person; or NULL */
	const struct schedule_events *events;
	void *arg;
	/* the room's */
	struct schedule_queue ready, ended;
	uint32_t sent;     /* attempts that mci-job has and has not finished */
	uint32_t delayed;  /* retries that wait for their time */
	uint32_t nblocked; /* jobs that wait for a person */
	uint32_t nshared;  /* jobs that have come, not ended, and work in the build's folder */
	uint32_t nholding; /* of them those that the build waits for: not allowed to fail */
	uint32_t counts[STATUS_N]; /* ended jobs */
	bool dropped;      /* --fail-fast has ended what waited */
};

/* What mci-job tells; arg is the schedule. */
extern const struct runner_events schedule_runner_events;

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
