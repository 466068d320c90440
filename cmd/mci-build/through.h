/*
 * through: the filters that specs pass on their way to the build: programs, each with its standard output on
 * the standard input of the next. Lines go in at one end and come out at the other in this program's loop,
 * which may do other work meanwhile.
 */
#ifndef MCI_BUILD_THROUGH_H
#define MCI_BUILD_THROUGH_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "loop.h"
#include "option.h"

struct process_spec;
struct through_filter;

struct through_events {
	/* A line came out; blank ones do not count. 0, or -1 with what is wrong with it, which is given
	 * back to failed with the filter's name and the number of the line in front. */
	int (*line)(void *arg, struct span line, struct error *e);
	/* A filter failed, or what it wrote is wrong; shown: it has said why on standard error. */
	void (*failed)(void *arg, const struct error *why, bool shown);
	/* More lines may be given. */
	void (*drained)(void *arg);
	/* All have ended, and what they wrote has come. */
	void (*over)(void *arg);
};

struct through {
	/* the caller's */
	struct loop *loop;
	const struct through_events *events;
	void *arg;
	/* the room's */
	struct through_filter *filters;
	size_t n;
	int in, out;          /* what the first reads, what the last writes; -1: not open */
	struct bytes pending; /* not written yet, from sent on */
	size_t sent;
	struct line_reader lines;
	uint64_t given, came; /* lines */
	int64_t last;         /* when a line was last given or came */
	struct loop_timer *timer, *overdue;
	bool ending, broken;
	const char *early; /* the command of the first that ended well before it was to */
};

/* The commands as words. How many there are at most is bounded. 0, or -1 with an error that names one that is
 * none. */
int through_check(const struct option_list *commands, struct error *e);
/* Starts them; like says in which folder and environment, where standard error goes, and in argv what
 * words (isolation.h) go in front of each, if any. 0 or -1. */
int through_start(struct through *t, const struct option_list *commands, const struct process_spec *like,
    struct error *e);
/* Gives them a line, without its newline. */
void through_give(struct through *t, struct span line);
/* Whether so much waits for them that no more should be given for now. */
bool through_full(const struct through *t);
/* No line will be given any more. One that neither writes nor ends for ten seconds from then on, and is not
 * at work, has failed. */
void through_end(struct through *t);
/* Whether lines may still come of what was given: a filter has not read it, or has answered less than it was
 * given and has had little time. The loop goes round when that is over. */
bool through_holds(struct through *t);
/* Whether the filters have read all that they were given, and have had time, and nothing to do since; one may
 * have written more lines than it was given before. */
bool through_rests(const struct through *t);
/* Whether any runs, or lines may still come. */
bool through_running(const struct through *t);
/* Kills what is left. */
void through_close(struct through *t);

#endif
