#include "rates.h"

#include <stdbool.h>
#include <stdlib.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "siphash.h"

/* What may come at once: the requests of so long. */
#define BURST (5 * SECOND)
#define SLOTS 4096

/* The generic cell rate algorithm (ITU-T I.371) needs one number a client: when it will have paid for all
 * that it had. */
struct slot {
	uint64_t client;
	int64_t paid;
};

struct rates {
	uint64_t key[2];
	int64_t price; /* nanoseconds of one request */
	struct slot slots[SLOTS];
};

struct rates *
rates_new(int64_t a_second)
{
	struct rates *r = xmalloc(sizeof(*r));

	*r = (struct rates){ .price = SECOND / a_second };
	kernel.random(r->key, sizeof(r->key));
	return r;
}

/* Its slot, of two that it may have: its own, else the one that has been paid for longer. */
static struct slot *
slot_of(struct rates *r, uint64_t client)
{
	struct slot *one = &r->slots[client % SLOTS], *two = &r->slots[(client >> 32) % SLOTS];
	bool first = one->client == client || (two->client != client && one->paid <= two->paid);
	struct slot *s = first ? one : two;

	if (s->client != client)
		*s = (struct slot){ .client = client };
	return s;
}

int64_t
rates_take(struct rates *r, struct span client, int64_t now)
{
	struct slot *s = slot_of(r, siphash(r->key, client));
	int64_t paid = (s->paid > now ? s->paid : now) + r->price;

	if (paid - now > BURST)
		return paid - now - BURST;
	s->paid = paid;
	return 0;
}

void
rates_free(struct rates *r)
{
	free(r);
}
