/* intake: a spec line becomes a job of the graph, or several (a matrix), and the plan has it. */
#ifndef MCI_BUILD_INTAKE_H
#define MCI_BUILD_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "definition.h"
#include "facts.h"
#include "graph.h"
#include "mask.h"
#include "prepare.h"
#include "schedule.h"
#include "selection.h"
#include "waits.h"

/* A job of which more specs decide what it waits for. */
struct intake_pending {
	uint32_t job;
	bool selected;
	struct waits waits;
};

struct document;

struct intake {
	/* the caller's */
	const struct definition *definition;
	struct facts_source source;
	struct selection *selection;
	struct mask *mask;
	struct graph *graph;
	struct schedule *schedule; /* hears of the jobs, unless a plan keeps their specs in them */
	struct prepare prepare;    /* makes of them what runs */
	/* the room's */
	struct facts facts;
	struct bytes lines;  /* specs that are not in the file yet */
	int file;            /* where they go; -1: nowhere */
	uint32_t *stack;     /* room for nstack jobs, for a walk */
	uint32_t nstack;
	struct intake_pending *pending;
	size_t npending;
	bool tells;          /* specs go into events: no plan is kept where people look */
	bool takes_results;  /* the job that comes: its artifacts are kept in any case */
	bool noted_places;   /* caches and artifacts were mentioned */
	bool adding;         /* a job adds what comes */
	bool ended;          /* the definition has no more specs; jobs may still add some */
};

void intake_init(struct intake *in);
/* Keeps the specs in a file, in place of what was in it. 0 or -1. */
int intake_open(struct intake *in, const char *path, struct error *e);
/* Takes one spec: reads and checks it, expands its matrix, decides selection and conditions, and lets
 * the scheduler know. 0, or -1 with an error that names the field: the definition is broken then. */
int intake_line(struct intake *in, const char *line, size_t n, struct error *e);
/* The same for a job that another one adds; it stands in the log for runs that go on with the build. */
int intake_add(struct intake *in, const char *line, size_t n, struct error *e);
/* Takes all jobs of a document, and does what intake_end does; errors begin with FILE:LINE:COLUMN. */
void intake_document(struct intake *in, const struct document *document);
/* No spec of the definition will come any more: dependencies and cycles are checked, and that every JOB of
 * the command line was there. The build is broken when they are wrong; one that ends is not looked at. */
void intake_end(struct intake *in);
/* At the end of each round: the specs go to their file. */
void intake_store(struct intake *in);
void intake_close(struct intake *in);

#endif
