#include "session.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "duration.h"
#include "memory.h"

/* A client that lives asks more often. */
#define IDLE (30 * SECOND)
/* Each is a connection to the door, and has some to the services. */
#define SESSIONS 1024

struct sessions {
	struct loop *loop;
	int (*connect)(void *arg, int in, int out, struct error *e);
	void *arg;
	struct session *first;
	size_t n;
};

static void
session_free(struct session *s)
{
	*s->at_list = s->next;
	if (s->next != NULL)
		s->next->at_list = s->at_list;
	s->all->n--;
	loop_cancel(s->loop, s->idle);
	if (s->waits)
		loop_forget(s->loop, s->from);
	memory_close(&s->from);
	link_close(s->to);
	line_free(&s->reader);
	free(s->owner);
	free(s);
}

void
session_cut(struct session *s)
{
	if (s->waits)
		loop_forget(s->loop, s->from);
	s->waits = false;
	memory_close(&s->from);
	for (struct turn *t = s->turns; t != NULL; t = t->next)
		exchange_wake(t->ask->x);
	if (s->turns == NULL)
		session_free(s);
}

static void
idle_due(void *arg)
{
	struct session *s = arg;

	s->idle = NULL;
	if (s->turns == NULL)
		session_free(s);
}

void
session_rest(struct session *s)
{
	loop_cancel(s->loop, s->idle);
	s->idle = NULL;
	if (s->turns != NULL)
		return;
	if (s->id[0] == '\0' || s->from < 0)
		session_free(s);
	else
		s->idle = loop_after(s->loop, IDLE, idle_due, s);
}

static void
door_drained(void *arg, struct link *l)
{
	struct session *s = arg;

	(void)l;
	s->drained(s);
}

static void
door_closed(void *arg, struct link *l, const struct error *why)
{
	struct session *s = arg;

	(void)l;
	(void)why;
	s->to = NULL;
}

static int
session_connect(struct session *s, struct error *e)
{
	static const struct link_events events = { .drained = door_drained, .closed = door_closed };
	int ends[2], out, to;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return error_sys(e, "a session");
	/* of two numbers: descriptors do not travel over HTTP, so the door may hand out none */
	out = fcntl(ends[1], F_DUPFD_CLOEXEC, 3);
	to = fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
	s->from = ends[0];
	if (out < 0 || to < 0) {
		error_sys(e, "a session");
		close(ends[1]);
		memory_close(&out);
		memory_close(&to);
		return -1;
	}
	if (s->all->connect(s->all->arg, ends[1], out, e) < 0) {
		close(to);
		return -1;
	}
	s->to = link_take(s->loop, -1, to, &events, s, e);
	return s->to == NULL ? -1 : 0;
}

struct session *
session_new(struct sessions *all, const char *id, const char *owner,
    void (*drained)(struct session *s), struct error *e)
{
	struct session *s;
	size_t theirs = 0;

	for (s = all->first; s != NULL; s = s->next)
		theirs += strcmp(s->owner, owner) == 0;
	if (all->n >= SESSIONS || theirs >= SESSIONS_OF_ONE) {
		error_set(e, ERROR_BUSY, "too many sessions are open");
		return NULL;
	}
	s = xmalloc(sizeof(*s));
	*s = (struct session){ .all = all, .loop = all->loop, .owner = xstrdup(owner), .from = -1,
		.next = all->first, .at_list = &all->first,
		.drained = drained };
	memcpy(s->id, id, strlen(id) + 1);
	if (s->next != NULL)
		s->next->at_list = &s->next;
	all->first = s;
	all->n++;
	if (session_connect(s, e) == 0)
		return s;
	session_free(s);
	return NULL;
}

struct session *
session_find(struct sessions *all, const char *id, const char *owner)
{
	struct session *s = all->first;

	while (s != NULL && (strcmp(s->id, id) != 0 || strcmp(s->owner, owner) != 0))
		s = s->next;
	return s;
}

struct sessions *
sessions_new(struct loop *loop, int (*connect)(void *arg, int in, int out, struct error *e), void *arg)
{
	struct sessions *all = xmalloc(sizeof(*all));

	*all = (struct sessions){ .loop = loop, .connect = connect, .arg = arg };
	return all;
}

void
sessions_free(struct sessions *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL)
		session_free(all->first);
	free(all);
}
