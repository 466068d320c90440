/*
 * history: a log of events as what it amounts to: for each job of each build the events in their
 * order, without what is another in every run (times, numbers of processes, places). Two logs
 * with the same history are equal: this is the kit's one definition of that.
 *
 * Builds are matched in the order in which they first appear, whatever they are called. Events
 * of no job are one sequence of their build.
 */
#ifndef MCI_EVENTS_HISTORY_H
#define MCI_EVENTS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

struct history_event {
	uint32_t build;      /* the first one to appear is 0 */
	struct span job;     /* n 0: of no job */
	struct span text;    /* the members that count, by name, a JSON object */
	uint64_t line;       /* in the log, over all its files, from 1 */
};

struct history {
	struct history_event *events; /* by build, job, line */
	size_t n, size;
	struct span *builds;
	uint32_t nbuilds;
	char **kept;         /* the events' texts and jobs, one allocation a line */
	size_t nkept;
};

/* Reads all of a log: see stored_find for text. 0, or -1 with an error: a line that is no event
 * has its file and number in it. */
int history_read(struct history *h, const char *text, struct error *e);
/* Orders by build and job: less, equal or more than 0. */
int history_compare_places(const struct history_event *a, const struct history_event *b);
void history_free(struct history *h);

#endif
