/*
 * publisher: brings events to the hub, in order, and keeps at it: while the hub is away, or takes
 * nothing, it is tried again (client.h), and gets what was not acknowledged once more. Events with build,
 * run and seq are then never doubled in the hub's log; others may be.
 *
 * One request is under way at a time, and the next one gathers meanwhile: a line that comes
 * alone goes out at once, many go in batches. More requests under way would be unsafe: when one
 * fails, the hub may take the one behind it, and would drop the events of the first as repeats
 * when they come again.
 */
#ifndef MCI_PUBLISHER_H
#define MCI_PUBLISHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "loop.h"

/* The longest event that goes: a line's bound without what a request puts around it. */
#define PUBLISHER_EVENT (LINE_LIMIT - 256)

struct publisher;

/* Called from the loop; the publisher must not be freed in there. Any may be NULL but taken. */
struct publisher_events {
	/* All events up to the one with this tag are as safe as was asked for, or were refused;
	 * repeats of those that this answer is about were in the log before. */
	void (*taken)(void *arg, int64_t tag, int64_t repeats);
	/* The hub will not take this event; the others go on. */
	void (*refused)(void *arg, int64_t tag, const struct error *why);
	/* There is room again (publisher_full is false). */
	void (*room)(void *arg);
	/* The hub is away, or takes nothing (why says which), once an outage; with NULL: it is
	 * back. */
	void (*outage)(void *arg, const struct error *why);
};

/* sync is none, os or disk, and borrowed. Nothing is tried yet. NULL with an error when it is no
 * address. */
struct publisher *publisher_new(struct loop *loop, const char *address, const char *sync,
    const struct publisher_events *events, void *arg, struct error *e);
/* Connects now, where it would wait for the first event. 0, or -1 with an error: nobody is
 * there. */
int publisher_connect(struct publisher *p, struct error *e);
/* Puts one event (a valid JSON object of at most PUBLISHER_EVENT bytes, without newline) in the
 * queue. The tag is the caller's; tags ascend. The queue takes it always; the caller stops when
 * it is full. */
void publisher_add(struct publisher *p, struct span event, int64_t tag);
/* Whether as much waits as should. */
bool publisher_full(const struct publisher *p);
/* Sends what has gathered, unless something is under way. */
void publisher_go(struct publisher *p);
/* How many events have no answer yet. */
size_t publisher_waiting(const struct publisher *p);
/* Whether the hub has ever answered. */
bool publisher_heard(const struct publisher *p);
/* NULL is allowed. What waits is given up. */
void publisher_free(struct publisher *p);

#endif
