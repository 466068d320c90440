/*
 * graph: the jobs of one build and what waits for what. A job may be named as a dependency before its
 * spec has come (a placeholder); whether a name is unknown or a cycle exists is asked at the end of the
 * specs. A matrix is a group: a node that runs nothing and ends when its members have ended.
 * Jobs are named by number, which stays; memory is under 1.5 KB a job, spec included.
 */
#ifndef MCI_BUILD_GRAPH_H
#define MCI_BUILD_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "fold.h"
#include "when.h"

#define NO_JOB UINT32_MAX

struct build;
struct loop_timer;

/* When a failed attempt is tried again. */
struct job_retry {
	int *codes; /* exit codes; none: any failure */
	size_t ncodes;
	int64_t delay; /* before the next attempt, doubled each time */
	/* while one waits for its time */
	struct loop_timer *timer;
	struct build *build;
	uint32_t job;
};

struct job {
	char *id;
	char *line;       /* what mci-job is given; NULL once the job has ended */
	char *plan;       /* the whole spec as one line, kept under --plan */
	uint32_t line_length;
	uint32_t needs;   /* first edge to a job that it depends on, NO_JOB at the end of the list */
	uint32_t needed;  /* first edge to a job that depends on it */
	uint32_t last_needs, last_needed; /* the ends of both lists: they keep the order of the specs */
	uint32_t waiting; /* how many of needs have not ended */
	uint32_t because; /* the first of them that went wrong, NO_JOB */
	uint32_t next;    /* in the queue of those that are ready */
	uint32_t asker;   /* the job that was last made to depend on it: a list names a job once */
	int16_t attempt, retries;
	uint8_t status;   /* enum status */
	uint8_t when;     /* enum when_status */
	bool declared;    /* its spec has come */
	bool group;
	bool held;        /* not selected (yet) */
	bool wanted;      /* something selected depends on it */
	bool followed;    /* its end was told to those that depend on it */
	bool bad;         /* ended in a way that skips what depends on it */
	bool allow_failure, blocked, empty;
	struct job_retry *retry;
	char *outputs;    /* of its last attempt: raw JSON object, NULL */
	char *sets;       /* outputs set by call: raw JSON members, NULL */
};

struct edge {
	uint32_t job, next;
};

struct graph {
	struct job *jobs;
	uint32_t n, size;
	struct edge *edges;
	uint32_t nedges, edges_size;
	uint32_t *index; /* hash by id */
	uint32_t nindex;
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
/* job waits for on; nothing when it does already. */
void graph_depend(struct graph *g, uint32_t job, uint32_t on);
/* All dependencies are declared and there is no cycle; else -1 with the cycle in full, or the unknown
 * name and the nearest known one. *at (may be NULL) is the job that is to blame. */
int graph_check(const struct graph *g, uint32_t *at, struct error *e);
/* The declared id nearest to a word, NULL when none is near. */
const char *graph_nearest(const struct graph *g, const char *word);

#endif
