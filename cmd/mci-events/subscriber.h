/*
 * subscriber: one reader of the log at its own place. It is given what its socket takes: at the
 * tail from the bytes that have just been appended, elsewhere from the segment's file. Nothing is
 * kept for it: a stalled one costs its place and no more.
 */
#ifndef MCI_EVENTS_SUBSCRIBER_H
#define MCI_EVENTS_SUBSCRIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "filter.h"
#include "journal.h"
#include "link.h"
#include "loop.h"

struct audience;
struct durable;

struct subscriber {
	struct journal *journal;
	struct audience *audience; /* NULL until it has joined */
	struct link *link;      /* of its connection */
	int fd;                 /* the link's, for writing */
	bool socket;
	bool synced;            /* only what is on the disk */
	bool blocked;           /* it takes no more: the loop says when it does */
	bool lost;              /* it cannot be served: to be cut */
	bool inside;            /* the line at position goes on: it was wanted, and its head has been given */
	struct position position;
	struct filter *filter;  /* NULL: everything */
	int64_t given;          /* bytes */
	int64_t heartbeat;      /* nanoseconds; 0: none asked for */
	int64_t fresh;          /* with a heartbeat: when something was said last, by kernel.now() */
	struct loop_timer *beat;
	struct durable *durable; /* that it reads for, NULL */
	bool watched;           /* by the loop */
	struct link_peer peer;
	struct subscriber *next, **at;
};

/* The bytes of the log that have just been appended: the end of its active segment. */
struct tail {
	const struct segment *segment;
	int64_t at;             /* where in the segment they begin */
	const char *p;
	size_t n;
};

/* Leaves its place and frees it. */
void subscriber_free(struct subscriber *s);
/* Gives what there is for it and what it takes; about a megabyte in one call at most. tail may be
 * NULL. */
void subscriber_pump(struct subscriber *s, const struct tail *tail);
/* Whether there is more for it that it may have. */
bool subscriber_behind(const struct subscriber *s);
/* Says a record of the stream itself, between two lines. 0, or -1 when it is not taken whole. */
int subscriber_say(struct subscriber *s, struct span line);
/* The offset of the event that it gets next; of the one that is being given, inside one. */
uint64_t subscriber_offset(const struct subscriber *s);

#endif
