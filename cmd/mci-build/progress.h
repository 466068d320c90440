/*
 * progress: what a build shows while it runs. Every view is a reader of the event log: JSON is the log
 * itself on standard output; the tree is `mci tree` with the log on its standard input; plain is
 * `mci-log follow` on the build's folder.
 */
#ifndef MCI_BUILD_PROGRESS_H
#define MCI_BUILD_PROGRESS_H

#include <stdbool.h>

#include "graph.h"
#include "journal.h"
#include "loop.h"
#include "outcome.h"
#include "workspace.h"

struct progress {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	struct outcome *outcome;
	const struct workspace *workspace;
	const char *form; /* "tree", "plain", "json", "none"; NULL: as the descriptors are */
	/* the room's */
	bool started;
	bool tree, json, plain;
	struct child *tree_view, *plain_view; /* NULL: none, or it has ended */
	struct journal_feed *tree_feed, *json_feed;
	bool failed;      /* a view could not write all of it, and said why */
	int tails;        /* ends of logs that were shown, by nothing else */
};

/* Starts the views. 0 or -1. */
int progress_start(struct progress *p, struct error *e);
/* A job that ran, or could not, has ended so; why is in words. Without a view that shows it, a failure is
 * said on stderr, with the end of the log of the first few. */
void progress_job_ended(struct progress *p, const struct job *j, enum status status, const char *why);
/* The same for the build script and its script.log. */
void progress_script_failed(struct progress *p);
/* All events are in the log: views end when they have shown them. */
void progress_finish(struct progress *p);
/* Whether a view has not ended yet. */
bool progress_open(const struct progress *p);
/* Stops waiting for views. */
void progress_abandon(struct progress *p);
void progress_close(struct progress *p);

#endif
