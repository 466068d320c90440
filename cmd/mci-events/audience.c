#include "audience.h"

#include <stdlib.h>

#include "contract.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "recover.h"
#include "rpc.h"

#define BUCKETS (METER_SECONDS + 1)

/* Empties the buckets of the seconds that have passed since. */
static void
advance(struct meter *m, int64_t second)
{
	int64_t from = m->second + 1;

	if (second - from >= BUCKETS)
		from = second - BUCKETS + 1;
	for (int64_t s = from; s <= second; s++)
		m->buckets[s % BUCKETS] = 0;
	if (second > m->second)
		m->second = second;
}

void
meter_add(struct meter *m, int64_t now, int64_t n)
{
	advance(m, now / SECOND);
	m->buckets[m->second % BUCKETS] += n;
}

int64_t
meter_rate(struct meter *m, int64_t now)
{
	int64_t sum = 0;

	advance(m, now / SECOND);
	/* the newest second is not over */
	for (int64_t i = 0; i < BUCKETS; i++)
		sum += i == m->second % BUCKETS ? 0 : m->buckets[i];
	return sum / METER_SECONDS;
}

/* Out of the list; the link is the caller's. */
static void
leave(struct subscriber *s)
{
	struct audience *a = s->audience;

	loop_cancel(a->loop, s->beat);
	a->synced -= s->synced;
	if (s->durable != NULL)
		s->durable->subscriber = NULL;
	subscriber_free(s);
}

void
audience_left(void *subscriber, struct link *l)
{
	struct subscriber *s = subscriber;

	(void)l;
	/* not joined: whoever made it still has it */
	if (s->audience != NULL)
		leave(s);
}

static void
cut(struct subscriber *s)
{
	struct link *l = s->link;

	leave(s);
	link_close(l);
}

/* What it stands before is damaged: it is told why it gets no more, and whoever runs the hub as well. */
static void
say_damaged(struct subscriber *s)
{
	const struct segment *g = s->position.segment;
	AUTO_BYTES line = { 0 };
	struct error e;

	recover_refuse(g, &e);
	if (s->audience->told != g->first)
		s->audience->tell(e.text);
	s->audience->told = g->first;
	rpc_complaint(&line, 0, contract_error_for(e.code)->name, e.text);
	if (!s->inside)
		(void)pump_say(&s->pump, (struct span){ line.data, line.len });
}

static void
over(void *arg, enum pump_end end, int sys)
{
	struct subscriber *s = arg;

	(void)sys;
	if (end == PUMP_FAILED && s->position.segment->damaged)
		say_damaged(s);
	cut(s);
}

/* The meter hears once of all that a batch was given to. */
static void
count(struct audience *a)
{
	if (a->given > 0)
		meter_add(&a->meter, kernel.now(), a->given);
	a->given = 0;
}

static void
served(void *arg)
{
	struct subscriber *s = arg;
	struct audience *a = s->audience;

	if (s->given == s->counted)
		return;
	a->given += s->given - s->counted;
	s->counted = s->given;
	if (s->heartbeat > 0)
		s->fresh = kernel.now();
	if (!a->all.serving)
		count(a);
}

static const struct pump_source source = { .step = subscriber_step, .served = served, .over = over };

static void
beat(void *arg)
{
	struct subscriber *s = arg;
	AUTO_BYTES line = { 0 };
	int64_t due = s->fresh + s->heartbeat;

	s->beat = NULL;
	/* between two lines, and only when nothing else was said */
	if (!s->pump.blocked && due <= kernel.now()) {
		emit_event(&line, "heartbeat");
		emit_integer(&line, "next", (int64_t)subscriber_offset(s));
		emit_line(&line);
		if (pump_say(&s->pump, (struct span){ line.data, line.len }) < 0) {
			cut(s);
			return;
		}
		s->fresh = kernel.now();
		due = s->fresh + s->heartbeat;
	} else if (s->pump.blocked) {
		due = kernel.now() + s->heartbeat;
	}
	s->beat = loop_at(s->audience->loop, due, beat, s);
}

int
audience_join(struct audience *a, struct subscriber *s)
{
	int fd = link_take_over(s->link);

	if (fd < 0 || pump_open(&s->pump, a->loop, fd, 0, &source, s, NULL) < 0)
		return -1;
	s->audience = a;
	s->tail = &a->tail;
	pump_list_add(&a->all, &s->pump);
	a->synced += s->synced;
	if (s->durable != NULL)
		s->durable->subscriber = s;
	s->fresh = kernel.now();
	if (s->heartbeat > 0)
		s->beat = loop_after(a->loop, s->heartbeat, beat, s);
	pump_wake(&s->pump);
	return 0;
}

void
audience_deliver(struct audience *a, const struct tail *tail)
{
	a->tail = *tail;
	pump_list_serve(&a->all);
	a->tail = (struct tail){ 0 };
	count(a);
}

void
audience_synced(struct audience *a)
{
	if (a->synced == 0)
		return;
	pump_list_serve(&a->all);
	count(a);
}

void
audience_retained(struct audience *a)
{
	struct pump *next;

	for (struct pump *p = a->all.all; p != NULL; p = next) {
		struct subscriber *s = p->arg;

		next = p->next;
		if (s->position.segment->removed)
			cut(s);
	}
}

void
audience_end(struct audience *a)
{
	while (a->all.all != NULL)
		cut(a->all.all->arg);
}
