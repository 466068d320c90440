/*
 * graph: the jobs of one build, what waits for what, and what the end of one means for those behind it. A
 * job may be named as a dependency before its spec has come (a placeholder); whether a name is unknown or a
 * cycle exists is asked at the end of the specs. A matrix is a group: a silent node that ends when its
 * members have ended.
 * Whatever ends tells those behind it of the first job that went wrong, itself or before it: so a job that
 * is skipped, or that runs in spite of a failure, hides nothing, and no job starts before all that comes
 * before it, through others too, has ended.
 * Jobs are named by number, which stays; memory is under 1.5 KB a job, spec included.
 */
#ifndef MCI_BUILD_GRAPH_H
#define MCI_BUILD_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "fold.h"
#include "nametable.h"
#include "specvalue.h"
#include "when.h"

#define NO_JOB UINT32_MAX

struct loop_timer;
struct jobfiles;
struct past_job;
struct schedule;

/* What exit codes mean where a job says so, and when a failed attempt is tried again. */
struct job_rules {
	struct value_codes again; /* worth another attempt; none: any failure */
	struct value_codes allow; /* of failures that do not count */
	int skip;                 /* of an attempt that had nothing to do; 0: none */
	int64_t delay;            /* before the next attempt, doubled each time */
	/* the schedule's, while one waits for its time */
	struct loop_timer *timer;
	struct schedule *schedule;
	uint32_t job;
};

struct job {
	char *id;
	char *name;       /* what people call it; NULL: its id */
	char *line;       /* what mci-job is given; NULL once the job has ended */
	char *plan;       /* the whole spec as one line, kept under --plan, and until it is told */
	char *values;     /* of a matrix' job its combination: NAME=VALUE, each ended by NUL; else NULL */
	uint32_t line_length;
	uint32_t needs;   /* first edge to a job that it depends on, NO_JOB at the end of the list */
	uint32_t needed;  /* first edge to a job that depends on it */
	uint32_t last_needs, last_needed; /* the ends of both lists: they keep the order of the specs */
	uint32_t waiting; /* how many of needs have not ended */
	uint32_t because; /* the first job before it, through others too, that went wrong, NO_JOB; after its
	                   * end also itself */
	uint32_t barred;  /* the same of a blocked job that nobody let go */
	uint32_t matrix;  /* the group that it is one of, NO_JOB */
	uint32_t next;    /* in the queue of those that are ready */
	uint32_t place;   /* among the declared ones, in the order in which their specs came */
	uint32_t asker;   /* the job that was last made to depend on it: a list names a job once */
	int16_t attempt, retries;
	uint16_t max, running; /* of a group: how many of its jobs may run at once (0: any number), and do */
	uint8_t status;   /* enum status */
	uint8_t when;     /* enum when_status */
	bool declared;    /* its spec has come */
	bool added;       /* by another job: the definition does not have it */
	bool group;
	bool silent;      /* runs nothing and says nothing: a group, or left out by --no-deps */
	bool left_out;    /* by --skip or --no-deps: its work, not its place in the order */
	bool held;        /* not selected (yet) */
	bool wanted;      /* something selected depends on it */
	bool undecided;   /* what it waits for is not known before more specs have come */
	bool asks;        /* its depends-on says more than ids; of a group: of its jobs */
	bool parked;      /* it is queued behind others of its matrix, of which max run */
	bool followed;    /* its end was told to those that depend on it */
	bool own;         /* it does not work in the build's folder but in a copy */
	bool kept;        /* an earlier build has its result, and that of all before it */
	bool blocked;     /* a person has to let it go before it runs; false once one has */
	struct past_job *past; /* what runs before have said of it, NULL */
	bool allow_failure, empty; /* the first also once it has ended with a code that is allowed */
	char *skip;       /* why it does not run whatever comes before it; NULL: it may */
	struct jobfiles *files;  /* that it takes and leaves; NULL: none */
	struct job_rules *rules; /* NULL: all is as usual */
	/* where others reach what its last attempt exposes, and an object of ports; NULL */
	char *address, *ports;
	struct json_t *outputs; /* of its last attempt, NULL */
	struct json_t *sets;    /* outputs set by call, NULL */
	uint32_t sets_size;     /* in bytes (result.h) */
};

struct edge {
	uint32_t job, next;
};

struct graph {
	struct job *jobs;
	uint32_t n, size;
	struct edge *edges;
	uint32_t nedges, edges_size;
	struct nametable ids;
	uint32_t ndeclared;
};

void graph_init(struct graph *g);
void graph_free(struct graph *g);
/* NO_JOB when there is none. */
uint32_t graph_find(const struct graph *g, const char *id, size_t n);
/* The job of that id, as a placeholder when it is new. */
uint32_t graph_name(struct graph *g, const char *id);
/* Declares a job; -1 when its id was declared before. */
int graph_declare(struct graph *g, const char *id, uint32_t *job, struct error *e);
/* job waits for on; nothing when it does already. When on has ended, job is told so at once. */
void graph_depend(struct graph *g, uint32_t job, uint32_t on);

/* What becomes of a job once all that it waits for has ended. */
enum graph_step {
	STEP_RUN,         /* or wait for a person first */
	STEP_PASS,        /* it is silent: it ends at once */
	STEP_SKIP,        /* for its own reason */
	STEP_BARRED,      /* skipped: behind a blocked job that nobody let go */
	STEP_FAILED,      /* skipped: something before it went wrong */
	STEP_NOTHING_FAILED, /* skipped: it is there for failures */
};
enum graph_step graph_step(const struct graph *g, uint32_t job);
/* Whether a job that ends so makes the build fail. */
bool graph_counts(const struct job *j, enum status status);
/* The job has its last status. */
void graph_end(struct graph *g, uint32_t job, enum status status);
/* Nobody let the blocked job go: nothing behind it runs. To be said before its end. */
void graph_bar(struct graph *g, uint32_t job);
/* Tells those that depend on an ended job. ready is called for each that waits for nothing more; it may
 * end jobs, and must not declare any. */
void graph_follow(struct graph *g, uint32_t job, void (*ready)(void *arg, uint32_t job), void *arg);

/* Puts all jobs in an order in which each comes behind what it depends on; how many could be put (fewer
 * than n when there is a cycle). order has room for n. */
uint32_t graph_order(const struct graph *g, uint32_t *order);
/* What a job waits for; NO_JOB both when nothing is meant. */
struct graph_wait {
	uint32_t job, on;
};
/* All dependencies are declared and there is no cycle; else -1 with the cycle in full, or the unknown
 * name and the nearest known one. *at (may be NULL) is what is to blame, a job with a spec of its own. */
int graph_check(const struct graph *g, struct graph_wait *at, struct error *e);
/* The declared id nearest to a word, NULL when none is near. */
const char *graph_nearest(const struct graph *g, const char *word);

#endif
