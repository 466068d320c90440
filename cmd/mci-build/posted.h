/*
 * posted: events that somebody else writes into the build's log: jobs, and the script. They are checked where
 * they come in and written anew: with our envelope, in a form that every reader of the log and the hub take.
 */
#ifndef MCI_BUILD_POSTED_H
#define MCI_BUILD_POSTED_H

#include "bytes.h"
#include "graph.h"
#include "journal.h"
#include "mask.h"
#include "outcome.h"

/* What they are held against, and where they go. */
struct posted {
	struct mask *mask;
	const struct graph *graph;
	const struct outcome *outcome;
	struct journal *journal;
};

/*
 * Takes one event, a line of JSON: masks it, sets its time unless it has one, and gives it to the
 * journal. Jobs may say everything but the nouns of the kit, the script script/params and script/busy
 * alone. 0, or -1 with an error that names the member; ERROR_REFUSED for what is well formed and not
 * theirs to say, or comes after the end.
 */
int posted_take(const struct posted *p, struct span line, bool script, struct error *e);

#endif
