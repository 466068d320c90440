/*
 * part: one pipeline of the wiring as it runs: its commands, the pipes between them of which we
 * hold both ends, so that what was written waits while one is away, and its lifeline.
 */
#ifndef MCI_SUPERVISE_PART_H
#define MCI_SUPERVISE_PART_H

#include <stdbool.h>

#include "host.h"
#include "member.h"
#include "wiring.h"

enum part_phase {
	PART_DOWN,
	PART_UP,       /* its commands are started, and started again */
	PART_STOPPING, /* the first command ends first, then each that reads what the one before
			  wrote */
};

struct part {
	const struct host *host;
	struct wiring_part *wiring; /* the part's */
	struct wiring_part *next;   /* takes its place when it is down; NULL: none */
	enum part_phase phase;
	bool wanted;   /* it is to be up */
	bool alone;    /* it is stopped without those that come after it */
	bool again;    /* once it is down, it is started again */
	bool draining; /* it ends when it is done */
	bool removed;  /* once it is down, it goes */
	struct member *members;
	size_t n;
	int (*pipes)[2];
	size_t turn;              /* while it stops: the first that has not ended */
	struct loop_timer *timer; /* the turn's command has so long to see the end of its input */
	int lifeline[2];
	struct mask *mask;
};

/* Takes the wiring's part over. NULL with an error, and it is the caller's still. */
struct part *part_new(const struct host *host, struct wiring_part *wiring, struct error *e);
/* Starts it; it is down. One that has failed, or has run once, begins anew. */
void part_start(struct part *p);
/* Begins to end it, whatever it does. */
void part_stop(struct part *p);
/* The same with its own signal, where it has one: when all its work is done it is down. */
void part_drain(struct part *p);
/* It ends now. */
void part_kill(struct part *p);
/* Puts next in the place of what it was; it is down. 0, or -1 and it is as before. */
int part_change(struct part *p, struct error *e);
bool part_is_ready(const struct part *p);
/* Whether it will not be ready, of itself: a command of it has failed. */
bool part_has_failed(const struct part *p);
/* A change of a member was told: goes on with what is under way. */
void part_go_on(struct part *p);
/* NULL is allowed. */
void part_free(struct part *p);

#endif
