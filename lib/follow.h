/*
 * follow: a subscription to a hub that outlives its connection, for any program with a loop. When
 * the hub goes away it comes back at its place, after pauses as backoff.h has them: no event is
 * missed without a word, and none is given twice (but to a durable subscriber after a crash of the
 * hub: what was not acknowledged may come again).
 *
 * The place is an epoch and an offset (mci-protocol(7)). Whoever does something with events that
 * lasts keeps follow_place beside it, written together with it, begins there the next time, and
 * asks for events that are synced, which no crash of the hub can take back.
 *
 * Nothing here waits; all callbacks are called from the loop, and any function may be called in
 * them, follow_free as well.
 */
#ifndef MCI_FOLLOW_H
#define MCI_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct follow;

struct follow_place {
	int64_t epoch;
	int64_t offset; /* of the first event that has not been given; 0: no place is known yet */
};

/* Start from zero ({0}). All is borrowed while it lives. */
struct follow_request {
	const char *address;
	/* Of event/subscribe: members that choose events and say for whom (types, build, job, where,
	 * durable), with commas between them; may be empty. */
	struct span params;
	/* Where to begin; where no place is known: */
	struct follow_place place;
	/* JSON: "start", 17, a time...; n 0: now. */
	struct span from;
	/* Only what a power cut cannot take back. */
	bool synced;
	/* Go on trying also when nobody was there in the first place. */
	bool patient;
	/* End after so many events; 0: never. */
	int64_t count;
	/* Have the hub say that it lives when nothing came for so many nanoseconds (at least 10 ms),
	 * and take it for lost when it is late for two of them; 0: a hub that hangs is waited for. */
	int64_t heartbeat;
};

/* Events that were to come and never will. */
struct follow_gap {
	enum follow_gap_kind {
		/* The hub no longer keeps them. */
		FOLLOW_REMOVED,
		/* A crash of the hub took them, and others come with their offsets: what was given
		 * from the first of them on has not happened. */
		FOLLOW_LOST,
	} kind;
	int64_t from; /* the first of them; 0: it is not known how many there are */
	int64_t to;   /* behind the last of them */
};

struct follow_events {
	/* n whole event lines, newlines included, the last with this offset; see follow_line. */
	void (*lines)(void *arg, struct span lines, int64_t n, int64_t last);
	/* The subscription stands, and goes on with what is missing before the next line: why is
	 * NULL. Or the hub is away, or has no room, and is tried again: once an outage. May be
	 * NULL. */
	void (*state)(void *arg, const struct error *why);
	/* Between two lines, and after state. May be NULL for who does not care. */
	void (*gap)(void *arg, const struct follow_gap *gap);
	/* No more comes: all that was asked for has (why->code is ERROR_NONE), or the hub refuses,
	 * or could not be reached in the first place. */
	void (*ended)(void *arg, const struct error *why);
};

/* Connects at once. NULL with an error when it is no address, or nobody is there (unless patient).
 */
struct follow *follow_open(struct loop *loop, const struct follow_request *r,
    const struct follow_events *events, void *arg, struct error *e);
/* Stops and resumes reading; what has been read already may still come. */
void follow_pause(struct follow *f, bool paused);
/* Where it is now. Moves on with every line, and with heartbeats over events that were not asked
 * for. */
struct follow_place follow_place(const struct follow *f);
/* NULL is allowed. */
void follow_free(struct follow *f);

/* Takes the first line, without its newline, off lines that were given, and its offset; false when
 * none is left. */
bool follow_line(struct span *lines, struct span *line, int64_t *offset);

#endif
