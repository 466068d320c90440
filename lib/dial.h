/*
 * dial: a link to an address that is made when it is wanted, and made again after a pause when it was lost
 * or could not be made. What is said on it, and what its loss means, is the owner's business. A value in
 * the owner, who is told nothing inside these functions.
 */
#ifndef MCI_DIAL_H
#define MCI_DIAL_H

#include <stdbool.h>

#include "address.h"
#include "backoff.h"
#include "error.h"
#include "link.h"
#include "loop.h"

struct dial {
	struct loop *loop;
	struct address address;
	const struct link_events *events; /* of the link; closed calls dial_lost first */
	void (*due)(void *arg);           /* a pause is over */
	void *arg;                        /* of both */
	struct link *link;                /* NULL while there is none */
	struct loop_timer *pause;         /* NULL: none is on */
	struct backoff backoff;           /* over when the owner knows that the other side is well */
	bool used;                        /* there was a link */
};

/* Takes address, events, due and arg; tries nothing. 0, or -1 with an error when it is no address. */
int dial_init(struct dial *d, struct loop *loop, const char *address, const struct link_events *events,
    void (*due)(void *arg), void *arg, struct error *e);
/* Whether the address is one connection that cannot be made again: - or fd:N. */
bool dial_is_single(const struct dial *d);
/* Makes the link; there must be none. 0, or -1 with an error as of connect_open: of a single one that was
 * lost ERROR_DISCONNECTED. */
int dial_now(struct dial *d, struct error *e);
/* A pause begins, longer than the last one, unless one is on; due ends it. None for a single one. */
void dial_pause(struct dial *d);
/* The link is gone: for its closed. */
void dial_lost(struct dial *d);
/* Closes the link, if there is one, and ends the pause. */
void dial_drop(struct dial *d);
/* The same, for good. */
void dial_close(struct dial *d);

#endif
