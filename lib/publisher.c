#include "publisher.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "emit.h"
#include "memory.h"
#include "message.h"

/* What gathers while a request is under way. One more event, of any length, may come on top. */
#define BATCH ((size_t)256 * 1024)
/* Room that a batch keeps when it is empty: an idle publisher should be small. */
#define KEPT ((size_t)16 * 1024)

struct entry {
	size_t end; /* of the event, in the batch's bytes */
	int64_t tag;
};

/* Events with commas between them, as they stand in a request. */
struct batch {
	struct bytes events;
	struct entry *entries;
	size_t n, size;
};

struct publisher {
	const char *sync;
	const struct publisher_events *told;
	void *arg;
	struct client *client;
	struct batch gathering, sending;
	size_t at, upto;          /* of sending: answered before at, asked for before upto */
	bool asked;               /* a request is under way */
	bool heard;
};

static void
outage(void *arg, const struct error *why)
{
	struct publisher *p = arg;

	if (p->told->outage != NULL)
		p->told->outage(p->arg, why);
}

static const struct client_events client_events = { .outage = outage };

struct publisher *
publisher_new(struct loop *loop, const char *address, const char *sync,
    const struct publisher_events *events, void *arg, struct error *e)
{
	struct publisher *p = xmalloc(sizeof(*p));

	*p = (struct publisher){ .sync = sync, .told = events, .arg = arg };
	p->client = client_open(loop, address, &client_events, p, e);
	if (p->client != NULL)
		return p;
	free(p);
	return NULL;
}

int
publisher_connect(struct publisher *p, struct error *e)
{
	return client_connect(p->client, e);
}

void
publisher_add(struct publisher *p, struct span event, int64_t tag)
{
	struct batch *b = &p->gathering;

	if (b->n == b->size) {
		b->size = b->size == 0 ? 16 : b->size * 2;
		b->entries = xrealloc(b->entries, b->size, sizeof(*b->entries));
	}
	if (b->n > 0)
		bytes_char(&b->events, ',');
	bytes_add(&b->events, event.p, event.n);
	b->entries[b->n++] = (struct entry){ b->events.len, tag };
}

bool
publisher_full(const struct publisher *p)
{
	return p->gathering.events.len >= BATCH;
}

size_t
publisher_waiting(const struct publisher *p)
{
	return p->gathering.n + p->sending.n - p->at;
}

bool
publisher_heard(const struct publisher *p)
{
	return p->heard;
}

static void
batch_free(struct batch *b)
{
	bytes_free(&b->events);
	free(b->entries);
	*b = (struct batch){ 0 };
}

static void
batch_empty(struct batch *b)
{
	if (b->events.size > KEPT)
		batch_free(b);
	b->events.len = 0;
	b->n = 0;
}

/* None of them was taken, because of one: halves show which. */
static void
find_refused(struct publisher *p, const struct error *why)
{
	int64_t tag = p->sending.entries[p->at].tag;
	size_t n = p->upto - p->at;

	if (n > 1) {
		p->upto = p->at + n / 2;
		return;
	}
	p->at++;
	p->upto = p->sending.n;
	if (p->told->refused != NULL)
		p->told->refused(p->arg, tag, why);
	p->told->taken(p->arg, tag, 0);
}

static void
taken(struct publisher *p, struct span result)
{
	int64_t tag = p->sending.entries[p->upto - 1].tag;

	p->at = p->upto;
	p->upto = p->sending.n;
	p->told->taken(p->arg, tag, message_integer(result, "repeats", 0));
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct publisher *p = arg;

	if (e->code == ERROR_DISCONNECTED)
		return; /* of an address that is one connection: they wait for ever, as the outage says */
	p->asked = false;
	p->heard = true;
	if (e->code != ERROR_NONE)
		find_refused(p, e);
	else
		taken(p, result);
	publisher_go(p);
}

static void
ask(struct publisher *p)
{
	static const struct client_wish wish = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	const struct batch *b = &p->sending;
	size_t from = p->at == 0 ? 0 : b->entries[p->at - 1].end + 1;
	AUTO_BYTES params = { 0 };

	while (p->upto - p->at > 1 && b->entries[p->upto - 1].end - from > PUBLISHER_EVENT)
		p->upto--;
	emit_open(&params);
	emit_text(&params, "sync", p->sync);
	bytes_text(&params, ",\"events\":[");
	bytes_add(&params, b->events.data + from, b->entries[p->upto - 1].end - from);
	bytes_text(&params, "]}");
	p->asked = true;
	client_call(p->client, "event/publish", (struct span){ params.data, params.len }, &wish, answered,
	    p);
}

/* What has gathered is what is sent next; true when there is something. */
static bool
take_gathered(struct publisher *p)
{
	struct batch empty = p->sending;

	batch_empty(&empty);
	p->sending = p->gathering;
	p->gathering = empty;
	p->at = 0;
	p->upto = p->sending.n;
	return p->upto > 0;
}

void
publisher_go(struct publisher *p)
{
	bool was_full = publisher_full(p);

	if (p->asked || (p->at == p->sending.n && !take_gathered(p)))
		return;
	ask(p);
	if (was_full && !publisher_full(p) && p->told->room != NULL)
		p->told->room(p->arg);
}

void
publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	client_close(p->client);
	batch_free(&p->gathering);
	batch_free(&p->sending);
	free(p);
}
