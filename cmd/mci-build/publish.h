/*
 * publish: the hub as one more reader of the build's log (--events). It reads the file at its
 * own place, a batch at a time, so that a hub that is slow or away costs neither time nor
 * memory; build, run and seq make sending again safe.
 */
#ifndef MCI_BUILD_PUBLISH_H
#define MCI_BUILD_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"
#include "line.h"
#include "loop.h"
#include "outcome.h"
#include "workspace.h"

struct publish {
	/* the caller's */
	struct loop *loop;
	const struct journal *journal;
	struct outcome *outcome;
	const struct workspace *workspace;
	const char *address;      /* of the hub; NULL: there is none, and nothing is done */
	bool repeats_known;       /* a run before has told the hub of some of it */
	bool insists;             /* the build is not over before the hub has all */
	/* the room's; the caller says what the hub has already */
	int64_t read;             /* bytes of the log */
	int64_t added, answered;  /* seq of the event that was given on, and answered, last */
	struct publisher *publisher; /* NULL: not begun */
	int fd;                   /* the log */
	struct line_reader reader;
	int64_t repeats;
	int64_t refused;          /* events that the hub does not take */
	bool interrupted;         /* the hub was away: repeats are what it should have */
	bool abandoned;
	struct loop_timer *deadline;
};

/* Begins, when there is an address. Nobody has to be there. 0 or -1. */
int publish_start(struct publish *p, struct error *e);
/* The end of a round: sends on what is new in the log. */
void publish_round(struct publish *p);
/* The last event is in the log: whether something is still to be waited for. A hub that has
 * answered before is given ten seconds to take the rest. */
bool publish_open(const struct publish *p);
void publish_finish(struct publish *p);
/* Waits no longer. */
void publish_abandon(struct publish *p);
/* Says how many events were refused or not published, and ends it. */
void publish_close(struct publish *p);

#endif
