/*
 * transfer: moves bytes one way, from one descriptor to another, and stops taking when the other side takes
 * no more. Never blocks: poll(2) says when one can go on. Pipes are spliced; what passes through
 * memory passes through one buffer.
 */
#ifndef MCI_RELAY_TRANSFER_H
#define MCI_RELAY_TRANSFER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "safe.h"

enum transfer_state {
	TRANSFER_RUNS,
	TRANSFER_ENDED,  /* all of it is delivered, to the end of from */
	TRANSFER_BROKEN, /* nobody takes it any more */
};

struct transfer {
	int from, to;
	enum transfer_state state;
	bool splices;
	bool from_socket, to_socket;
	bool full;    /* waits for to, else for from */
	bool lost;    /* bytes were taken that will not arrive, or the other end dropped some */
	bool terminal; /* to is one: it gets what is safe to show (safe.h) */
	struct safe safe;
	struct bytes buffer; /* empty until it is needed */
	size_t at; /* what was delivered of it */
};

/* Borrows both descriptors; from -1: one that has ended. SIGPIPE has to be ignored. */
void transfer_init(struct transfer *t, int from, int to);
/* What to wait for: polls[0] is of from, polls[1] of to; to is always watched for its end. */
void transfer_poll(const struct transfer *t, struct pollfd polls[2]);
/* Goes on with what poll said. */
void transfer_turn(struct transfer *t, const struct pollfd polls[2]);
void transfer_free(struct transfer *t);

#endif
