/*
 * filters: the way of the build's specs through its filters to the intake, and what script and filters
 * run in: folder and environment.
 */
#ifndef MCI_BUILD_FILTERS_H
#define MCI_BUILD_FILTERS_H

#include <stdbool.h>

#include "environment.h"
#include "intake.h"
#include "isolation.h"
#include "option.h"
#include "outcome.h"
#include "process.h"
#include "progress.h"
#include "through.h"
#include "workspace.h"

struct filters {
	/* the caller's */
	struct loop *loop;
	const struct workspace *workspace;
	const struct option_list *env;   /* what they get besides */
	const struct option_list *given; /* the commands besides those of a document */
	bool plan;                       /* nothing is run but these */
	struct isolation isolation;      /* where they run */
	struct outcome *outcome;
	struct intake *intake;
	struct progress *progress;
	void (*came)(void *arg);         /* a job comes */
	void (*drained)(void *arg);      /* more may be given */
	void (*ended)(void *arg);        /* all that they made of it has come */
	void *arg;
	const char *api;                 /* path of the build's API, NULL under --plan */
	/* the room's */
	struct option_list commands;     /* all of them */
	struct through through;
	int err;                         /* where those that start later write their errors; -1 */
	bool gathers;                    /* a document: what comes out is taken when all has come, */
	struct bytes gathered;
};

void filters_init(struct filters *f);
/* Decides which there are: first, those of a document (NULL: none), then those that were given. 0 or -1. */
int filters_take(struct filters *f, const struct option_list *first, struct error *e);
static inline bool
filters_any(const struct filters *f)
{
	return f->commands.n > 0;
}

/* What a script or filter is started with: folder, environment, and err as its standard error; the caller
 * fills in the rest. argv of spec are words that go in front of the command, or NULL. */
struct surroundings {
	struct environment env;
	struct process_spec spec;
	char **words;
};
void surroundings_open(struct surroundings *u, const struct filters *f, int err);
void surroundings_close(struct surroundings *u);

/* Starts them; nothing when there are none. keep: those that start later may write to err as well. */
int filters_start(struct filters *f, int err, bool keep, struct error *e);
/* All jobs of a document pass them and are taken at once when all have come out, so that none runs when
 * one is wrong. */
void filters_document(struct filters *f, const struct document *doc);
/* Starts the same commands once more, for specs from elsewhere. */
int filters_again(struct filters *f, struct through *t, struct error *e);
/* Kills them: no spec can matter any more. */
void filters_stop(struct filters *f);
void filters_close(struct filters *f);

#endif
