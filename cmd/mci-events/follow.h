/*
 * follow: a subscription that outlives its connection. When the hub goes away it comes back at
 * its place, with growing pauses between the tries, so that no event is missed or given twice
 * (but for a durable subscriber after a crash of the hub: what was not acknowledged may come
 * again). Lines are given as they stand in the socket's buffer, as many as there are.
 */
#ifndef MCI_EVENTS_FOLLOW_H
#define MCI_EVENTS_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct follow;

struct follow_request {
	const char *address; /* borrowed, as all of it */
	struct span params;  /* of event/subscribe: members without from and epoch, may be empty */
	struct span from;    /* JSON: "start", 17... */
	int64_t count;       /* end after so many events; 0: never */
};

/* Called from the loop. follow_free may be called in none of them. */
struct follow_events {
	/* n whole event lines, newlines included, the last with this offset. */
	void (*lines)(void *arg, struct span lines, int64_t n, int64_t last);
	/* What a person should know: an outage and its end, events that are gone. */
	void (*note)(void *arg, const char *text);
	/* No more comes: all that was asked for has (why->code is ERROR_NONE), or the hub
	 * refuses, or could not be reached in the first place. */
	void (*ended)(void *arg, const struct error *why);
};

/* Connects at once; NULL with an error when nobody is there. */
struct follow *follow_open(struct loop *loop, const struct follow_request *r,
    const struct follow_events *events, void *arg, struct error *e);
/* Stops and resumes reading; what has been read already may still come. */
void follow_pause(struct follow *f, bool paused);
/* NULL is allowed. */
void follow_free(struct follow *f);

#endif
