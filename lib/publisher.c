#include "publisher.h"

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"

/* What gathers while a request is under way. One more event, of any length, may come on top. */
#define BATCH ((size_t)256 * 1024)
/* Room that a batch keeps when it is empty: an idle publisher should be small. */
#define KEPT ((size_t)16 * 1024)
/* Pauses between tries. */
#define PAUSE_FIRST (10 * MILLISECOND)
#define PAUSE_LAST SECOND

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
	struct loop *loop;
	const char *address, *sync;
	const struct publisher_events *told;
	void *arg;
	struct client *client;    /* NULL: not connected */
	struct batch gathering, sending;
	size_t at, upto;          /* of sending: answered before at, asked for before upto */
	bool asked;               /* a request is under way */
	bool away, heard;
	int64_t pause;
	struct loop_timer *again;
};

struct publisher *
publisher_new(struct loop *loop, const char *address, const char *sync,
    const struct publisher_events *events, void *arg)
{
	struct publisher *p = xmalloc(sizeof(*p));

	*p = (struct publisher){ .loop = loop, .address = address, .sync = sync, .told = events,
		.arg = arg };
	return p;
}

int
publisher_connect(struct publisher *p, struct error *e)
{
	if (p->client == NULL)
		p->client = client_open(p->loop, p->address, e);
	return p->client == NULL ? -1 : 0;
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

static void
try_again(void *arg)
{
	struct publisher *p = arg;

	p->again = NULL;
	publisher_go(p);
}

/* The hub is away, or takes nothing for now: the same again, later. */
static void
put_off(struct publisher *p, const struct error *why)
{
	if (why->code == ERROR_DISCONNECTED) {
		client_close(p->client);
		p->client = NULL;
	}
	if (!p->away && p->told->outage != NULL)
		p->told->outage(p->arg, why);
	p->away = true;
	p->pause = p->pause == 0 ? PAUSE_FIRST : p->pause * 2;
	if (p->pause > PAUSE_LAST)
		p->pause = PAUSE_LAST;
	p->again = loop_after(p->loop, p->pause, try_again, p);
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
	int64_t tag = p->sending.entries[p->upto - 1].tag, repeats = 0;
	struct scan_value v;

	if (message_member(result.p, result.n, "repeats", &v, NULL) == 1)
		scan_integer(&v, 0, INT64_MAX, &repeats, NULL);
	p->at = p->upto;
	p->upto = p->sending.n;
	p->told->taken(p->arg, tag, repeats);
}

static bool
is_passing(const struct error *e)
{
	return e->code == ERROR_DISCONNECTED || e->code == ERROR_BUSY || e->code == ERROR_SYSTEM;
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct publisher *p = arg;

	p->asked = false;
	if (is_passing(e)) {
		put_off(p, e);
		return;
	}
	p->pause = 0;
	p->heard = true;
	if (p->away && p->told->outage != NULL)
		p->told->outage(p->arg, NULL);
	p->away = false;
	if (e->code != ERROR_NONE)
		find_refused(p, e);
	else
		taken(p, result);
	publisher_go(p);
}

static void
ask(struct publisher *p)
{
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
	client_call(p->client, "event/publish", (struct span){ params.data, params.len }, answered, p);
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
	struct error e;

	if (p->asked || p->again != NULL || (p->at == p->sending.n && !take_gathered(p)))
		return;
	if (publisher_connect(p, &e) < 0)
		put_off(p, &e);
	else
		ask(p);
	if (was_full && !publisher_full(p) && p->told->room != NULL)
		p->told->room(p->arg);
}

void
publisher_free(struct publisher *p)
{
	struct client *client;

	if (p == NULL)
		return;
	client = p->client;
	/* closing fails the open call: an outage, of which nobody is told */
	p->client = NULL;
	p->told = &(const struct publisher_events){ 0 };
	client_close(client);
	loop_cancel(p->loop, p->again);
	batch_free(&p->gathering);
	batch_free(&p->sending);
	free(p);
}
