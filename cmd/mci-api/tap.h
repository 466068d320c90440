/*
 * tap: the hub's events for many readers at once. One subscription of this program's own brings the
 * newest, of which a window of bounded size is kept; a reader in it costs its place. One that is behind
 * it, as it wants older events or did not read for long, is brought up to it by a subscription of its
 * own at its place, for as long as that takes and only while it reads. So the hub's log is the queue,
 * and a slow reader costs nobody anything.
 */
#ifndef MCI_API_TAP_H
#define MCI_API_TAP_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "follow.h"
#include "loop.h"

struct tap;
struct tap_reader;

/* What the window holds of lines, in bytes; half of them go when it is full. */
#define TAP_WINDOW ((size_t)1024 * 1024)

struct tap_wish {
	struct span params;        /* of event/subscribe: which events; copied */
	struct follow_place place; /* where to begin; zero: not known */
	struct span from;          /* then: JSON, as "start" or a time; n 0: now; copied */
	void (*wake)(void *arg);   /* something may be there to take, or the reader is over */
	void *arg;
};

/* address is the hub's, borrowed. Nobody has to be there. */
struct tap *tap_new(struct loop *loop, const char *address);
/* NULL with an error: params are no good. */
struct tap_reader *tap_open(struct tap *t, const struct tap_wish *w, struct error *e);
/*
 * The next line for it, without a newline, borrowed until the next call of this room; its place is
 * epoch and offset. A line with offset 0 tells of a gap, or of the end of an outage, and is a record
 * {"type":"gap",...}. False: there is none now; *over says whether there never will be.
 */
bool tap_next(struct tap_reader *r, struct span *line, struct follow_place *place, bool *over);
/* Takes the line that was told last as given; without it tap_next tells it again. */
void tap_taken(struct tap_reader *r);
/* NULL is allowed. */
void tap_close(struct tap_reader *r);
/* No reader is left. NULL is allowed. */
void tap_free(struct tap *t);

#endif
