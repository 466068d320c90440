/* jobend: how a job ends: its last event, and what that means for the build; and what is known of all jobs
 * of a schedule, which decides when. */
#ifndef MCI_BUILD_JOBEND_H
#define MCI_BUILD_JOBEND_H

#include <stdbool.h>
#include <stdint.h>

#include "graph.h"
#include "journal.h"
#include "loop.h"
#include "outcome.h"
#include "past.h"
#include "queue.h"
#include "result.h"
#include "runner.h"
#include "transfer.h"
#include "turn.h"

/* What is told of jobs. */
struct schedule_events {
	/* One waits for a person. */
	void (*blocked)(void *arg, uint32_t job);
	/* One that counts has ended so, not canceled with its build; why is in words. */
	void (*ended)(void *arg, const struct job *j, enum status status, const char *why);
};

struct schedule {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	struct graph *graph;
	struct runner *runner;
	struct transfer *transfer;
	const struct turn *turn;
	const struct past *past; /* what runs before have done of this build */
	const struct past *base; /* whose results are taken over */
	bool fail_fast;
	uint32_t window;   /* how many attempts mci-job is given at once */
	const char *hint;  /* said of a job that waits for a person; or NULL */
	const char *again; /* in front of a job's id: what runs it again; or NULL */
	const struct schedule_events *events;
	void *arg;
	/* the room's */
	struct queue ready, ended; /* that may run, or whose ends have to be followed up */
	uint32_t sent;     /* attempts that mci-job has and has not finished */
	uint32_t saving;   /* jobs that mci-job has finished, and whose files are being kept */
	uint32_t delayed;  /* retries that wait for their time */
	uint32_t nblocked; /* jobs that wait for a person */
	uint32_t nshared;  /* jobs that have come, not ended, and work in the build's folder */
	uint32_t nholding; /* of them those that the build waits for: not allowed to fail */
	uint32_t counts[STATUS_N]; /* ended jobs */
	bool dropped;      /* --fail-fast has ended what waited */
};

/* Opens an event of the job; the caller adds members and ends it (journal_end). */
struct bytes *jobend_event(struct schedule *s, const char *type, const struct job *j);
/* The job has its last status, and its job/end; whoever waits for it is followed up in schedule_round. */
void jobend_over(struct schedule *s, uint32_t job, enum status status);
/* What has come before it has ended as well: an end that a run before has said counts now. */
void jobend_recalled(struct schedule *s, uint32_t job);
/* Ends a job that never ran. */
void jobend_unrun(struct schedule *s, uint32_t job, enum status status, const char *reason);
/* It comes to what it came to in the build that is run again. */
void jobend_taken(struct schedule *s, uint32_t job, const struct past_job *was);
/* It ran, and came to this. unkept: why its files could not be kept; NULL: they are, or there are none. */
void jobend_run(struct schedule *s, uint32_t job, const struct result *r, enum status status,
    const char *unkept);
/* It could not be given to mci-job. */
void jobend_unfit(struct schedule *s, uint32_t job, const char *why);
/* The attempt has no result: it was killed with mci-job, by us when the build is canceled. */
void jobend_lost(struct schedule *s, uint32_t job, const char *why);
/* Tells of it whoever is to hear of bad ends. Canceled with its build a job is nobody's news. */
void jobend_tell(struct schedule *s, const struct job *j, enum status status, const char *reason);

#endif
