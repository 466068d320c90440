#include "server.h"

#include <stdlib.h>
#include <unistd.h>

#include "address.h"
#include "budget.h"
#include "door.h"
#include "emit.h"
#include "kernel.h"
#include "listener.h"
#include "memory.h"

struct server_door {
	struct server *server;
	struct door door;
	struct server_door *next;
};

/* Where clients come from. */
struct entrance {
	struct server_door *door;
	char *address;
	struct listener *listener;
};

struct server {
	struct loop *loop;
	struct server_door *doors, *first;
	struct entrance **entrances;
	size_t nentrances;
	struct connection *connections;
	size_t nconnections;
	uint64_t numbered; /* connections so far */
	struct request_list requests;
	struct connection_notes notes;
	int64_t started;   /* kernel.now() */
	void (*empty)(void *arg);
	void *empty_arg;
	bool stopping, finished; /* the services know that it stops */
	struct loop_timer *step; /* of stopping */
	void (*stopped)(void *arg);
	void *stopped_arg;
};

/* What server/status says of it. */
static void
describe(const void *arg, struct bytes *into)
{
	const struct server *s = arg;

	emit_open(into);
	emit_text(into, "version", MCI_VERSION);
	emit_integer(into, "pid", getpid());
	emit_seconds(into, "uptime", kernel.now() - s->started);
	emit_integer(into, "connections", (int64_t)s->nconnections);
	/* the one that asks is none of those that wait */
	emit_integer(into, "requests", (int64_t)s->requests.n - 1);
	emit_integer(into, "memory", (int64_t)budget_held());
	emit_integer(into, "memory-limit", (int64_t)budget_most());
	bytes_char(into, '}');
}

/* Goes on with stopping, from the loop. */
static void stopping(void *arg);

static void
step(void *arg)
{
	struct server *s = arg;

	if (s->stopping && s->step == NULL)
		s->step = loop_after(s->loop, 0, stopping, s);
}

static void
on_message(struct connection *c, const struct message *m, int *fds, int nfds)
{
	const struct server_door *d = c->arg;

	door_message(&d->door, c, m, fds, nfds);
}

static void
on_gone(struct connection *c)
{
	const struct server_door *d = c->arg;
	struct server *s = d->server;

	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	s->nconnections--;
	door_gone(&d->door, c);
	if (s->nconnections > 0)
		return;
	if (s->empty != NULL)
		s->empty(s->empty_arg);
	step(s);
}

static const struct connection_events connection_events = {
	.message = on_message,
	.data = door_data,
	.gone = on_gone,
};

static int
take(struct server_door *d, const char *address, int in, int out, struct error *e)
{
	struct server *s = d->server;
	struct connection *c = connection_new(s->loop, in, out, &connection_events, d, &s->notes, e);

	if (c == NULL)
		return -1;
	c->address = address;
	c->number = ++s->numbered;
	c->next = s->connections;
	c->at = &s->connections;
	if (c->next != NULL)
		c->next->at = &c->next;
	s->connections = c;
	s->nconnections++;
	if (s->nconnections > SERVER_CONNECTIONS) {
		connection_report(c, 0, "limit", "too many connections");
		connection_close(c);
		return error_set(e, ERROR_LIMIT, "too many connections");
	}
	return 0;
}

static void
accepted(void *arg, int in, int out)
{
	const struct entrance *from = arg;

	take(from->door, from->address, in, out, NULL);
}

struct server *
server_new(struct loop *loop, const struct service *service, void *self)
{
	struct server *s = xmalloc(sizeof(*s));

	*s = (struct server){ .loop = loop, .started = kernel.now(),
		.requests = { .none = step, .arg = s } };
	s->first = server_door(s, service, self);
	return s;
}

struct server_door *
server_door(struct server *s, const struct service *service, void *self)
{
	struct server_door *d = xmalloc(sizeof(*d));

	*d = (struct server_door){ .server = s, .next = s->doors };
	d->door = (struct door){ .requests = &s->requests, .describe = describe, .arg = s };
	door_add(&d->door, service, self, NULL);
	s->doors = d;
	return d;
}

int
server_add(struct server *s, const struct service *service, void *self, struct error *e)
{
	return door_add(&s->first->door, service, self, e);
}

int
server_listen(struct server *s, const char *address, mode_t mode, struct error *e)
{
	return server_door_listen(s->first, address, mode, e);
}

int
server_door_listen(struct server_door *d, const char *address, mode_t mode, struct error *e)
{
	struct server *s = d->server;
	struct address a;
	struct entrance *one;

	if (address_parse(&a, address, e) < 0)
		return -1;
	one = xmalloc(sizeof(*one));
	*one = (struct entrance){ .door = d, .address = xstrdup(address) };
	/* kept also when it fails: it may have brought a connection */
	s->entrances = xrealloc(s->entrances, s->nentrances + 1, sizeof(struct entrance *));
	s->entrances[s->nentrances++] = one;
	one->listener = listener_open(s->loop, &a, mode, accepted, one, e);
	address_free(&a);
	return one->listener == NULL ? -1 : 0;
}

int
server_connect(struct server *s, int in, int out, struct error *e)
{
	return take(s->first, NULL, in, out, e);
}

static void
close_listeners(struct server *s)
{
	for (size_t i = 0; i < s->nentrances; i++) {
		listener_close(s->entrances[i]->listener);
		s->entrances[i]->listener = NULL;
	}
}

/* Calls each for every connection; it may end the one that it is called for. */
static void
each_connection(struct server *s, void (*each)(struct connection *c))
{
	struct connection *next;

	for (struct connection *c = s->connections; c != NULL; c = next) {
		next = c->next;
		each(c);
	}
}

/* A stream that its service does not end. */
static void
cut_stream(struct connection *c)
{
	if (c->stream && !door_ends(c))
		connection_close(c);
}

/* All is answered: the streams end. */
static void
finish_parts(struct server *s)
{
	s->finished = true;
	for (const struct server_door *d = s->doors; d != NULL; d = d->next)
		door_finish(&d->door);
	each_connection(s, cut_stream);
}

static void
stopping(void *arg)
{
	struct server *s = arg;

	s->step = NULL;
	if (!s->finished && s->requests.n == 0)
		finish_parts(s);
	if (s->finished && s->nconnections == 0 && s->stopped != NULL) {
		void (*stopped)(void *) = s->stopped;

		s->stopped = NULL;
		stopped(s->stopped_arg);
	}
}

void
server_stop(struct server *s, void (*stopped)(void *arg), void *arg)
{
	s->stopping = true;
	s->stopped = stopped;
	s->stopped_arg = arg;
	close_listeners(s);
	each_connection(s, connection_finish);
	step(s);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	s->empty = NULL;
	s->stopping = false;
	loop_cancel(s->loop, s->step);
	close_listeners(s);
	while (s->connections != NULL)
		connection_close(s->connections);
	requests_free(&s->requests);
	for (size_t i = 0; i < s->nentrances; i++) {
		free(s->entrances[i]->address);
		free(s->entrances[i]);
	}
	free(s->entrances);
	while (s->doors != NULL) {
		struct server_door *d = s->doors;

		s->doors = d->next;
		door_free(&d->door);
		free(d);
	}
	free(s);
}

size_t
server_connections(const struct server *s)
{
	return s->nconnections;
}

bool
server_listens(const struct server *s)
{
	for (size_t i = 0; i < s->nentrances; i++) {
		if (s->entrances[i]->listener != NULL && listener_goes_on(s->entrances[i]->listener))
			return true;
	}
	return false;
}

void
server_on_empty(struct server *s, void (*empty)(void *arg), void *arg)
{
	s->empty = empty;
	s->empty_arg = arg;
}

void
server_on_unanswered(struct server *s, void (*tell)(void *arg, const char *text), void *arg)
{
	s->notes.tell = tell;
	s->notes.arg = arg;
}
