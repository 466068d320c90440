/*
 * pump: moves bytes one way, from one descriptor to another, and stops taking when the other side takes
 * no more. Never blocks: poll(2) says when a pump can go on. Pipes are spliced; what passes through
 * memory passes through one buffer.
 */
#ifndef MCI_RELAY_PUMP_H
#define MCI_RELAY_PUMP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "safe.h"

enum pump_state {
	PUMP_RUNS,
	PUMP_ENDED,  /* all of it is delivered, to the end of from */
	PUMP_BROKEN, /* nobody takes it any more */
};

struct pump {
	int from, to;
	enum pump_state state;
	bool splices;
	bool from_socket, to_socket;
	bool full;    /* waits for to, else for from */
	bool lost;    /* bytes were taken that will not arrive, or the other end dropped some */
	bool terminal; /* to is one: it gets what is safe to show (safe.h) */
	struct safe safe;
	struct bytes buffer; /* empty until it is needed */
	size_t at; /* what was delivered of it */
};

/* Borrows both descriptors; from -1: a pump that has ended. SIGPIPE has to be ignored. */
void pump_init(struct pump *p, int from, int to);
/* What to wait for: polls[0] is of from, polls[1] of to; to is always watched for its end. */
void pump_poll(const struct pump *p, struct pollfd polls[2]);
/* Goes on with what poll said. */
void pump_turn(struct pump *p, const struct pollfd polls[2]);
void pump_free(struct pump *p);

#endif
