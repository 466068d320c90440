/*
 * outbox: bytes that wait to be sent, and the descriptors that travel with some of the lines among
 * them. What the other end does not take stays; the owner bounds what it adds.
 */
#ifndef MCI_OUTBOX_H
#define MCI_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "budget.h"
#include "bytes.h"

#define OUTBOX_FDS 4 /* descriptors that a line may carry */

struct parcel;

struct outbox {
	struct bytes bytes;
	size_t given;           /* of bytes */
	uint64_t sent;          /* all that was ever given */
	struct parcel *parcels; /* lines with descriptors, in order */
	size_t nparcels;
	/* Of one that outbox_bound has counted in: */
	struct budget_share share;
	bool bound;
	uint64_t settled;       /* sent, when it was counted last */
	void (*give_up)(void *arg);
	void *arg;
};

enum outbox_way {
	OUTBOX_SOCKET, /* a Unix socket */
	OUTBOX_PIPE,   /* whole lines at a time, so that several writers stay apart (PIPE_BUF, write(2)) */
	OUTBOX_PLAIN,
};

/* How many bytes wait. */
size_t outbox_size(const struct outbox *o);
void outbox_add(struct outbox *o, const void *p, size_t n);
/* Adds a line with descriptors, of which copies are made. For OUTBOX_SOCKET only. 0, or -1 and
 * errno. */
int outbox_add_fds(struct outbox *o, const void *p, size_t n, const int *fds, int nfds);
/* Gives what fd takes without blocking: 0, or -1 and errno when it is broken. */
int outbox_give(struct outbox *o, int fd, enum outbox_way way);
/* Counts it into the process's budget from now on. give_up is called when what waits here has waited
 * longest, from wherever the budget was exceeded: it may only take note that the link is to end. */
void outbox_bound(struct outbox *o, void (*give_up)(void *arg), void *arg);
/* Counts what is held now: after something was added or given. */
void outbox_settle(struct outbox *o);
/* Drops everything that waits. */
void outbox_free(struct outbox *o);

#endif
