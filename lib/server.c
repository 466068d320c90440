#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "budget.h"
#include "contractcheck.h"
#include "emit.h"
#include "kernel.h"
#include "listener.h"
#include "memory.h"

/* Where the clients of a server come from. */
struct entrance {
	struct server *server;
	char *address;
	struct listener *listener;
};

struct part {
	const struct service *service;
	void *self;
};

struct server {
	struct loop *loop;
	struct part *parts;
	size_t nparts;
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

/* What a request asks for. */
struct target {
	const struct part *part;             /* NULL: the server itself */
	const struct contract_method *row;   /* NULL: none of these services is asked this */
	const struct service_method *method; /* NULL: the status of part, if it has one */
	bool known;                          /* there is somebody to answer it */
};

/* ---- status */

static void
emit_server(struct bytes *into, const struct server *s)
{
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

/* {...}: what a service says of itself. */
static int
emit_part(struct bytes *into, const struct part *p, struct error *e)
{
	emit_open(into);
	if (p->service->status(p->self, into, e) < 0)
		return -1;
	bytes_char(into, '}');
	return 0;
}

static int
emit_all(struct bytes *into, const struct server *s, struct error *e)
{
	emit_open(into);
	emit_key(into, "server");
	emit_server(into, s);
	for (size_t i = 0; i < s->nparts; i++) {
		const struct part *p = &s->parts[i];

		if (p->service->status == NULL)
			continue;
		emit_key(into, p->service->contract->name);
		if (emit_part(into, p, e) < 0)
			return -1;
	}
	bytes_char(into, '}');
	return 0;
}

/* Of one service, or with part NULL of all. */
static void
answer_status(const struct server *s, const struct part *part, struct request *r)
{
	AUTO_BYTES result = { 0 };
	struct error e;

	if ((part == NULL ? emit_all(&result, s, &e) : emit_part(&result, part, &e)) < 0)
		request_fail_with(r, &e);
	else
		request_reply(r, (struct span){ result.data, result.len });
}

/* ---- where a line goes */

static const struct service_method *
method_find(const struct service *s, struct span name)
{
	for (size_t i = 0; i < s->nmethods; i++) {
		if (span_is(name, s->methods[i].name))
			return &s->methods[i];
	}
	return NULL;
}

static bool
is_status(struct span name)
{
	static const char verb[] = "/status";
	size_t n = sizeof(verb) - 1;

	return name.n > n && memcmp(name.p + name.n - n, verb, n) == 0;
}

static struct target
target_find(const struct server *s, struct span name)
{
	struct target t = { .row = contract_method(&contract_server, name) };

	for (size_t i = 0; i < s->nparts && t.row == NULL && t.part == NULL; i++) {
		if (contract_has_noun(s->parts[i].service->contract, name))
			t.part = &s->parts[i];
	}
	if (t.part != NULL) {
		t.row = contract_method(t.part->service->contract, name);
		t.method = method_find(t.part->service, name);
	}
	t.known = t.row != NULL && (t.part == NULL || t.method != NULL ||
	    (t.part->service->status != NULL && is_status(name)));
	return t;
}

/* "events", "events, log" */
static void
name_services(struct bytes *into, const struct server *s)
{
	bytes_text(into, s->nparts == 1 ? "service " : "services ");
	for (size_t i = 0; i < s->nparts; i++) {
		bytes_text(into, i > 0 ? ", " : "");
		bytes_text(into, s->parts[i].service->contract->name);
	}
}

/* How many bytes of data follow the request, whether it is right otherwise or not. */
static uint64_t
announced(const struct contract_method *row, struct span params)
{
	int64_t n;

	for (size_t i = 0; i < row->nparams; i++) {
		struct scan_value v;

		if (row->params[i].type == CONTRACT_DATA && params.n > 0 &&
		    message_member(params.p, params.n, row->params[i].name, &v, NULL) == 1 &&
		    scan_integer(&v, 0, INT64_MAX, &n, NULL) == 0)
			return (uint64_t)n;
	}
	return 0;
}

/* The data is whole: nothing of it may go to the next request. */
static void
data_over(struct connection *c)
{
	c->data = NULL;
	connection_eased(c, 0);
}

static void
start(struct connection *c, const struct target *t, struct request *r, uint64_t data)
{
	const struct server *s = c->arg;

	if (t->method == NULL) {
		answer_status(s, t->part, r);
		return;
	}
	if (contract_brings_data(t->row))
		c->data = r;
	t->method->call(t->part->self, r);
	if (c->data != NULL && data == 0) {
		data_over(c);
		t->part->service->data(t->part->self, r, (struct span){ NULL, 0 }, 0);
	}
}

static void
on_unknown(struct connection *c, const struct message *m)
{
	AUTO_BYTES text = { 0 };

	bytes_add(&text, m->method.p, m->method.n > 64 ? 64 : m->method.n);
	bytes_text(&text, ": no method of the ");
	name_services(&text, c->arg);
	connection_refuse(c, m->id, "unknown-method", bytes_string(&text));
}

/* Whether the descriptors were taken over. */
static bool
on_request(struct connection *c, const struct message *m, int *fds, int nfds)
{
	struct server *s = c->arg;
	struct target t = target_find(s, m->method);
	struct scan_value values[CONTRACT_PARAMS];
	struct request *r = NULL;
	struct error e;
	uint64_t data = t.row != NULL ? announced(t.row, m->params) : 0;

	if (t.row != NULL)
		link_data(c->link, data);
	if (m->id.n > 0)
		c->asked = t.part;
	if (!t.known)
		on_unknown(c, m);
	else if (contract_check_params(t.row, m->params, values, &e) < 0)
		connection_refuse(c, m->id, "invalid-params", e.text);
	else if (m->id.n == 0 && contract_brings_data(t.row))
		connection_refuse(c, m->id, "invalid-request", "a request with data needs an id");
	else if ((r = request_new(&s->requests, c, t.row, m, values, fds, nfds, &e)) == NULL)
		connection_refuse(c, m->id, contract_error_for(e.code)->name, e.text);
	else
		start(c, &t, r, data);
	return r != NULL;
}

static void
on_event(struct connection *c, const struct message *m)
{
	const struct server *s = c->arg;
	AUTO_BYTES names = { 0 };
	struct error e;

	for (size_t i = 0; i < s->nparts; i++) {
		const struct part *p = &s->parts[i];

		if (p->service->event == NULL)
			continue;
		if (p->service->event(p->self, link_peer(c->link), m, &e) < 0)
			connection_report(c, link_line_number(c->link), contract_error_for(e.code)->name,
			    e.text);
		return;
	}
	name_services(&names, s);
	error_set(&e, ERROR_REFUSED, "the %s takes no events", bytes_string(&names));
	connection_report(c, link_line_number(c->link), "refused", e.text);
}

static void
on_message(struct connection *c, const struct message *m, int *fds, int nfds)
{
	bool taken = false;

	if (m->kind == MESSAGE_REQUEST)
		taken = on_request(c, m, fds, nfds);
	else
		on_event(c, m);
	for (int i = 0; i < nfds && !taken; i++)
		close(fds[i]);
}

static void
on_data(struct connection *c, struct span piece, uint64_t left)
{
	const struct part *p = c->asked;
	struct request *r = c->data;

	if (r == NULL)
		return;
	if (left == 0)
		data_over(c);
	p->service->data(p->self, r, piece, left);
}

/* ---- connections */

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
on_gone(struct connection *c)
{
	struct server *s = c->arg;

	requests_lost(&s->requests, c);
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	s->nconnections--;
	for (size_t i = 0; i < s->nparts; i++) {
		if (s->parts[i].service->gone != NULL)
			s->parts[i].service->gone(s->parts[i].self, c->number);
	}
	if (s->nconnections > 0)
		return;
	if (s->empty != NULL)
		s->empty(s->empty_arg);
	step(s);
}

static const struct connection_events connection_events = {
	.message = on_message,
	.data = on_data,
	.gone = on_gone,
};

static int
take(struct server *s, const char *address, int in, int out, struct error *e)
{
	struct connection *c = connection_new(s->loop, in, out, &connection_events, s, &s->notes, e);

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

	take(from->server, from->address, in, out, NULL);
}

struct server *
server_new(struct loop *loop, const struct service *service, void *self)
{
	struct server *s = xmalloc(sizeof(*s));

	*s = (struct server){ .loop = loop, .started = kernel.now(),
		.requests = { .none = step, .arg = s } };
	server_add(s, service, self, NULL);
	return s;
}

/* Two services could not be told apart by what is asked of them. */
static int
check_apart(const struct service *a, const struct service *b, struct error *e)
{
	const struct contract_service *rows = a->contract;

	if (a->event != NULL && b->event != NULL)
		return error_set(e, ERROR_USAGE, "the services %s and %s both take events", rows->name,
		    b->contract->name);
	for (size_t i = 0; i < rows->nmethods; i++) {
		const char *name = rows->methods[i].name;

		if (contract_has_noun(b->contract, (struct span){ name, strlen(name) }))
			return error_set(e, ERROR_USAGE, "the services %s and %s both have methods such as %s",
			    rows->name, b->contract->name, name);
	}
	return 0;
}

int
server_add(struct server *s, const struct service *service, void *self, struct error *e)
{
	for (size_t i = 0; i < s->nparts; i++) {
		if (check_apart(service, s->parts[i].service, e) < 0)
			return -1;
	}
	s->parts = xrealloc(s->parts, s->nparts + 1, sizeof(*s->parts));
	s->parts[s->nparts++] = (struct part){ service, self };
	return 0;
}

int
server_listen(struct server *s, const char *address, mode_t mode, struct error *e)
{
	struct address a;
	struct entrance *one;

	if (address_parse(&a, address, e) < 0)
		return -1;
	one = xmalloc(sizeof(*one));
	*one = (struct entrance){ .server = s, .address = xstrdup(address) };
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
	return take(s, NULL, in, out, e);
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
	const struct part *p = c->asked;

	if (c->stream && p->service->finish == NULL)
		connection_close(c);
}

/* All is answered: the streams end. */
static void
finish_parts(struct server *s)
{
	s->finished = true;
	for (size_t i = 0; i < s->nparts; i++) {
		if (s->parts[i].service->finish != NULL)
			s->parts[i].service->finish(s->parts[i].self);
	}
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
	free(s->parts);
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
