/*
 * handler: runs a command once an event, one after the other in the events' order, the event's
 * line on its standard input (a file, so that a command that does not read it harms nobody).
 * When the command fails the same event is tried again after growing pauses.
 */
#ifndef MCI_EVENTS_HANDLER_H
#define MCI_EVENTS_HANDLER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct handler;

/* Called from the loop; the handler must not be freed in there. */
struct handler_events {
	/* The command has dealt with the event of this offset. */
	void (*done)(void *arg, int64_t offset);
	/* It failed, how is in why; is it tried again after pause nanoseconds, or, -1, given up? */
	void (*failed)(void *arg, int64_t offset, const struct error *why, int64_t pause);
	/* There is nothing more to do. */
	void (*idle)(void *arg);
};

/* argv is borrowed. retries: how often an event is tried again, -1 without end. NULL with an
 * error when there is no such command. */
struct handler *handler_new(struct loop *loop, char *const *argv, int64_t retries,
    const struct handler_events *events, void *arg, struct error *e);
/* Adds whole event lines, with newlines and offsets. */
void handler_add(struct handler *h, struct span lines);
bool handler_busy(const struct handler *h);
/* Starts nothing more; idle follows when the command that runs has ended. */
void handler_finish(struct handler *h);
/* The same, and ends that command with all that it started: TERM, after five seconds KILL. idle
 * follows, also when nothing ran. */
void handler_stop(struct handler *h);
/* NULL is allowed. A command that runs still gets KILL. */
void handler_free(struct handler *h);

#endif
