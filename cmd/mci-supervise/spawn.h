/*
 * spawn: what a command of a part is started with: its words, its environment, the sockets that are
 * held for it, its lifeline, and those of the parts that outlive it.
 */
#ifndef MCI_SUPERVISE_SPAWN_H
#define MCI_SUPERVISE_SPAWN_H

#include "children.h"
#include "host.h"
#include "mask.h"
#include "wiring.h"

struct spawn {
	const struct host *host;
	const struct wiring_part *part;
	size_t place;      /* which of its commands */
	int in, out, err;  /* in -1: nothing */
	int lifeline;      /* to read from */
	int ready;         /* where it says that it is ready; -1: it does not */
	struct mask *mask; /* gets what is secret of its environment; NULL: none */
};

/* Starts it in a session of its own. NULL with an error. */
struct child *spawn_command(const struct spawn *s, child_ended *ended, void *arg, struct error *e);

#endif
