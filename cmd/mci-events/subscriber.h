/*
 * subscriber: one reader of the log at its own place, and what comes next for it: at the tail from
 * the bytes that have just been appended, elsewhere from the segment's file. Nothing is kept for
 * it: a stalled one costs its place and no more.
 */
#ifndef MCI_EVENTS_SUBSCRIBER_H
#define MCI_EVENTS_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "eventfilter.h"
#include "journal.h"
#include "link.h"
#include "loop.h"
#include "pump.h"

struct audience;
struct durable;

/* The bytes of the log that have just been appended: the end of its active segment. */
struct tail {
	const struct segment *segment; /* NULL: there are none */
	int64_t at;                    /* where in the segment they begin */
	const char *p;
	size_t n;
};

struct subscriber {
	struct pump pump;
	struct journal *journal;
	struct audience *audience; /* NULL until it has joined */
	const struct tail *tail;   /* ... which has it */
	struct link *link;         /* of its connection */
	bool synced;               /* only what is on the disk */
	bool inside;               /* in a line that was wanted, whose head has been given */
	struct position position;
	struct eventfilter *filter;     /* NULL: everything */
	int64_t given;             /* bytes, with those that its filter left out */
	int64_t counted;           /* of them by the audience */
	int64_t heartbeat;         /* nanoseconds; 0: none asked for */
	int64_t fresh;             /* with a heartbeat: when something was said last, by kernel.now() */
	struct loop_timer *beat;
	struct durable *durable;   /* that it reads for, NULL */
	struct link_peer peer;
};

/* Leaves its place and frees it. */
void subscriber_free(struct subscriber *s);
/* Its pump's. */
enum pump_step subscriber_step(void *subscriber);
/* The offset of the event that it gets next; of the one that is being given, inside one. */
uint64_t subscriber_offset(const struct subscriber *s);

#endif
