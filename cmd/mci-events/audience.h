/* audience: all subscribers of a hub: who comes, who is given what when, who leaves. */
#ifndef MCI_EVENTS_AUDIENCE_H
#define MCI_EVENTS_AUDIENCE_H

#include "durable.h"
#include "loop.h"
#include "pump.h"
#include "subscriber.h"

/* How much passed in the last seconds, without a timer. */
#define METER_SECONDS 10
struct meter {
	int64_t second; /* of the newest bucket */
	int64_t buckets[METER_SECONDS + 1];
};

struct audience {
	struct loop *loop;
	struct journal *journal;
	struct pump_list all;
	size_t synced;      /* how many of them are */
	struct tail tail;   /* while it is delivered */
	struct meter meter; /* bytes given */
	int64_t given;      /* ... and not metered yet */
	uint64_t told; /* first offset of the damaged segment that was told of last */
	void (*tell)(const char *text);
};

/* now is kernel.now(). */
void meter_add(struct meter *m, int64_t now, int64_t n);
/* A second, over the last METER_SECONDS whole ones. */
int64_t meter_rate(struct meter *m, int64_t now);

/* A subscriber joins: its link has been taken over. It is served from the loop. Takes s over.
 * -1: it cannot be served, and is the caller's still. */
int audience_join(struct audience *a, struct subscriber *s);
/* The connection was lost: callback for request_stream. */
void audience_left(void *subscriber, struct link *l);
/* Gives the batch that was just appended to those who stand before it. */
void audience_deliver(struct audience *a, const struct tail *tail);
/* More is on the disk: gives it to those who wait for that. */
void audience_synced(struct audience *a);
/* Retention has taken segments: whoever stands in one is cut, and told where it goes on when it
 * comes back. */
void audience_retained(struct audience *a);
/* Cuts everybody. */
void audience_end(struct audience *a);

#endif
