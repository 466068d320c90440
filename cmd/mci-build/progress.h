/*
 * progress: what a build shows while it runs. Every view is a reader of the event log: JSON is the log
 * itself on standard output; the tree is `mci tree` with the log on its standard input; plain is
 * `mci-log follow` on the build's folder. And what it asks: the person at the terminal about blocked jobs;
 * what becomes of them when there is none (--blocked). `mci unblock` and `mci cancel` answer as well.
 */
#ifndef MCI_BUILD_PROGRESS_H
#define MCI_BUILD_PROGRESS_H

#include <stdbool.h>

#include "bytes.h"
#include "journal.h"
#include "line.h"
#include "loop.h"
#include "outcome.h"
#include "schedule.h"
#include "workspace.h"

struct progress {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	struct schedule *schedule;
	const struct workspace *workspace;
	const char *blocked;  /* --blocked: "wait", "skip", "fail"; NULL: as there is a terminal */
	const char *file, *given; /* as the definition was named: -f, or an operand; NULL */
	bool specs;       /* standard input is specs, and nobody's answers */
	const char *form; /* "tree", "plain", "json", "none"; NULL: as the descriptors are */
	/* the room's */
	bool started;
	bool tree, json, plain;
	struct child *tree_view, *plain_view; /* NULL: none, or it has ended */
	struct journal_feed *tree_feed, *json_feed;
	bool failed;      /* a view could not write all of it, and said why */
	int tails;        /* ends of logs that were shown, by nothing else */
	struct line_reader answers;
	bool asking;
	struct bytes left; /* " ID ID": blocked jobs that nobody let go */
	uint32_t nleft;
};

/*
 * What the schedule tells; arg is the progress. Of a job that ran, or could not, a failure is said on
 * stderr where no view shows it, with the end of the log of the first few. Of one that is blocked the
 * person is asked; when nobody can be, but the build will wait, this says how to let it go.
 */
extern const struct schedule_events progress_schedule_events;

/* Starts the views. 0 or -1. */
int progress_start(struct progress *p, struct error *e);
/* The build script has failed: without a view that shows it, the end of its script.log. */
void progress_script_failed(struct progress *p);

/* What events say of a blocked job; NULL when nobody can answer here: that takes a terminal on standard
 * input, and one to show the question on. */
const char *progress_hint(const struct progress *p);
/* Whether only blocked jobs are left and nobody is waited for: there is nobody, or each may as well not run
 * (allow-failure). */
bool progress_gives_up(const struct progress *p);
/* Skips them. */
void progress_give_up(struct progress *p);
/* At the end: says which jobs were skipped so that should have run, and how to run them. */
void progress_tell(const struct progress *p);

/* All events are in the log: views end when they have shown them. */
void progress_finish(struct progress *p);
/* Whether a view has not ended yet. */
bool progress_open(const struct progress *p);
/* Stops waiting for views. */
void progress_abandon(struct progress *p);
void progress_close(struct progress *p);

#endif
