/*
 * inbox: what has come in on a link and was not handed out yet: bytes to be cut into lines, and the
 * descriptors that came with them. The other side of outbox.
 */
#ifndef MCI_INBOX_H
#define MCI_INBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "budget.h"
#include "line.h"

#define INBOX_FDS 4   /* descriptors that one line may carry */
#define INBOX_HELD 16 /* whose line is not whole yet; more are closed */

struct inbox {
	struct line_reader reader;
	uint64_t received; /* bytes, ever */
	struct inbox_held {
		uint64_t at; /* a byte of its line, in all that was ever received */
		int fd;
	} held[INBOX_HELD];
	int nheld;
	/* Of one that inbox_bound has counted in: */
	struct budget_share share;
	bool busy;          /* lines of it are being used: it is not touched */
	bool bound;
	uint64_t settled;   /* inbox_position when it was counted last */
	uint64_t dropped;   /* number of the line that was dropped; 0: none */
	void (*drop)(void *arg);
	void *arg;
};

/* Reads once: from a Unix socket with what descriptors come. Bytes, 0 at the end, -1 and errno. */
ssize_t inbox_read(struct inbox *b, int fd, bool socket);
/* Where in all that was received the next line begins. */
uint64_t inbox_position(const struct inbox *b);
/* The descriptors that came with the bytes from..to, at most INBOX_FDS into fds, which are the
 * caller's; those of bytes before are closed. How many. */
int inbox_claim(struct inbox *b, uint64_t from, uint64_t to, int *fds);
/* Counts it into the process's budget from now on. drop is called when its half line had to go, from
 * wherever the budget was exceeded: it may only take note of that (dropped). */
void inbox_bound(struct inbox *b, void (*drop)(void *arg), void *arg);
/* Counts what is held now: after a read, when what it brought has been handed out. */
void inbox_settle(struct inbox *b);
/* Closes what nobody claimed. */
void inbox_free(struct inbox *b);

#endif
