#include "audience.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "recover.h"
#include "rpc.h"

/* Out of the list; the link is the caller's. */
static void
leave(struct subscriber *s)
{
	struct audience *a = s->audience;

	loop_forget(a->loop, s->fd);
	loop_cancel(a->loop, s->beat);
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
	a->n--;
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
		(void)subscriber_say(s, (struct span){ line.data, line.len });
}

/* It cannot be served. */
static void
give_up(struct subscriber *s)
{
	if (s->position.segment->damaged)
		say_damaged(s);
	cut(s);
}

static void writable(void *arg, uint32_t events);

/* Asks the loop for what it is worth: to be called when there is more and it may be taken. */
static void
settle(struct subscriber *s)
{
	bool behind = subscriber_behind(s);

	/* one that only had its turn is called again at once: others are served between */
	if (behind)
		s->blocked = true;
	if (behind && !s->watched)
		s->watched = loop_watch(s->audience->loop, s->fd, EPOLLOUT, writable, s, NULL) == 0;
	if (!behind && s->watched) {
		loop_forget(s->audience->loop, s->fd);
		s->watched = false;
	}
}

static void
serve(struct subscriber *s, const struct tail *tail)
{
	int64_t given = s->given;

	subscriber_pump(s, tail);
	meter_add(&s->audience->meter, kernel.now(), s->given - given);
	if (s->lost)
		give_up(s);
	else
		settle(s);
}

static void
writable(void *arg, uint32_t events)
{
	struct subscriber *s = arg;

	/* a hang-up is the link's to notice */
	if (!(events & EPOLLOUT))
		return;
	s->blocked = false;
	serve(s, NULL);
}

static void
beat(void *arg)
{
	struct subscriber *s = arg;
	AUTO_BYTES line = { 0 };
	int64_t due = s->fresh + s->heartbeat;

	s->beat = NULL;
	/* between two lines, and only when nothing else was said */
	if (!s->blocked && due <= kernel.now()) {
		emit_event(&line, "heartbeat");
		emit_integer(&line, "next", (int64_t)subscriber_offset(s));
		emit_line(&line);
		if (subscriber_say(s, (struct span){ line.data, line.len }) < 0) {
			cut(s);
			return;
		}
		s->fresh = kernel.now();
		due = s->fresh + s->heartbeat;
	} else if (s->blocked) {
		due = kernel.now() + s->heartbeat;
	}
	s->beat = loop_at(s->audience->loop, due, beat, s);
}

int
audience_join(struct audience *a, struct subscriber *s)
{
	struct stat st;

	s->fd = link_take_over(s->link);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return -1;
	s->socket = S_ISSOCK(st.st_mode);
	s->audience = a;
	s->next = a->all;
	s->at = &a->all;
	if (s->next != NULL)
		s->next->at = &s->next;
	a->all = s;
	a->n++;
	a->synced += s->synced;
	if (s->durable != NULL)
		s->durable->subscriber = s;
	s->fresh = kernel.now();
	if (s->heartbeat > 0)
		s->beat = loop_after(a->loop, s->heartbeat, beat, s);
	settle(s);
	return 0;
}

void
audience_deliver(struct audience *a, const struct tail *tail)
{
	int64_t given = 0;
	struct subscriber *next;

	for (struct subscriber *s = a->all; s != NULL; s = next) {
		next = s->next;
		if (s->blocked || s->synced)
			continue;
		given -= s->given;
		subscriber_pump(s, tail);
		given += s->given;
		if (s->lost)
			give_up(s);
		else
			settle(s);
	}
	meter_add(&a->meter, kernel.now(), given);
}

void
audience_synced(struct audience *a)
{
	struct subscriber *next;

	for (struct subscriber *s = a->synced > 0 ? a->all : NULL; s != NULL; s = next) {
		next = s->next;
		if (s->synced && !s->blocked)
			serve(s, NULL);
	}
}

void
audience_retained(struct audience *a)
{
	struct subscriber *next;

	for (struct subscriber *s = a->all; s != NULL; s = next) {
		next = s->next;
		if (s->position.segment->removed)
			cut(s);
	}
}

void
audience_end(struct audience *a)
{
	while (a->all != NULL)
		cut(a->all);
}
