#include "methods.h"

#include "emit.h"
#include "kernel.h"

static void
lag(struct bytes *b, const struct hub *h, uint64_t next)
{
	emit_integer(b, "offset", (int64_t)next);
	emit_integer(b, "lag", (int64_t)(journal_tail(&h->journal) + 1 - next));
}

static void
list_subscribers(struct bytes *b, const struct hub *h)
{
	bytes_text(b, ",\"subscribers\":[");
	for (const struct pump *p = h->audience.all.all; p != NULL; p = p->next) {
		const struct subscriber *s = p->arg;

		emit_open(b);
		lag(b, h, subscriber_offset(s));
		emit_integer(b, "bytes", s->given);
		if (s->peer.pid > 0)
			emit_integer(b, "pid", s->peer.pid);
		if (s->durable != NULL)
			emit_text(b, "durable", s->durable->name);
		bytes_text(b, p->next != NULL ? "}," : "}");
	}
	bytes_char(b, ']');
}

static void
list_durables(struct bytes *b, const struct hub *h)
{
	bytes_text(b, ",\"durables\":[");
	for (size_t i = 0; i < h->durables.n; i++) {
		const struct durable *d = h->durables.list[i];

		bytes_text(b, i > 0 ? "," : "");
		emit_open(b);
		emit_text(b, "name", d->name);
		lag(b, h, d->offset + 1);
		emit_bool(b, "connected", d->subscriber != NULL);
		bytes_char(b, '}');
	}
	bytes_char(b, ']');
}

int
overview(void *self, struct bytes *b, struct error *e)
{
	const struct hub_door *d = self;
	struct hub *h = d->hub;
	int64_t now = kernel.now();

	if (door_check(d, e) < 0)
		return -1;
	hub_flush(h);
	emit_integer(b, "epoch", (int64_t)epochs_now(&h->journal.epochs));
	emit_integer(b, "first", (int64_t)journal_first(&h->journal));
	emit_integer(b, "tail", (int64_t)journal_tail(&h->journal));
	emit_integer(b, "synced", (int64_t)h->journal.synced);
	emit_integer(b, "bytes", h->journal.bytes);
	emit_integer(b, "segments", (int64_t)h->journal.segments);
	emit_integer(b, "builds", (int64_t)h->journal.builds.n);
	emit_integer(b, "published", h->published);
	emit_integer(b, "repeats", h->repeats);
	emit_integer(b, "rate", meter_rate(&h->meter, now));
	emit_integer(b, "delivered-rate", meter_rate(&h->audience.meter, now));
	list_subscribers(b, h);
	list_durables(b, h);
	return 0;
}
