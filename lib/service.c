#include "service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "contractcheck.h"
#include "duration.h"
#include "kernel.h"
#include "listener.h"
#include "memory.h"
#include "rpc.h"
#include "scan.h"

/* Between two lines that are told of. */
#define TELL_PAUSE SECOND

/* Where the clients of a server come from. */
struct entrance {
	struct server *server;
	char *address;
	struct listener *listener;
};

struct connection {
	struct server *server;
	const char *address; /* NULL: it was brought by server_connect */
	struct link *link;
	uint64_t number;
	struct request *data; /* the request whose data comes now; NULL: nobody wants it */
	size_t open;  /* requests not answered */
	size_t bytes; /* of their params */
	bool ended;   /* the other end sends no more: close when all is answered */
	bool stream;
	void (*closed)(void *arg, struct link *l);
	void *closed_arg;
	struct connection *next, **at;
};

struct server {
	struct loop *loop;
	const struct service *service;
	void *self;
	struct entrance **entrances;
	size_t nentrances;
	struct connection *connections;
	size_t nconnections;
	uint64_t numbered; /* connections so far */
	void (*empty)(void *arg);
	void *empty_arg;
	void (*tell)(void *arg, const char *text);
	void *tell_arg;
	int64_t told;      /* when something was told last; kernel.now() */
	uint64_t untold;   /* lines since */
	struct request *requests;
};

struct request {
	struct server *server;
	struct connection *connection; /* NULL when it was lost, or nobody waits for the answer */
	const struct service_method *method;
	struct link_peer peer;
	struct arguments arguments;
	size_t counted; /* bytes of params, in its connection's sum */
	void *state;    /* the service's own */
	void (*drop)(void *state);
	struct request *next, **at;
};

static void request_free(struct request *r);

static void
connection_free(struct connection *c)
{
	struct server *s = c->server;
	uint64_t number = c->number;

	/* its data will never be whole, so nobody will answer it */
	if (c->data != NULL)
		request_free(c->data);
	for (struct request *r = c->server->requests; r != NULL; r = r->next) {
		if (r->connection == c)
			r->connection = NULL;
	}
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
	s->nconnections--;
	free(c);
	if (s->service->gone != NULL)
		s->service->gone(s->self, number);
	if (s->nconnections == 0 && s->empty != NULL)
		s->empty(s->empty_arg);
}

/* A stream's link is freed in its owner's hands: the connection goes with it. */
static void
connection_released(void *arg)
{
	connection_free(arg);
}

static void
send_line(struct connection *c, const struct bytes *line)
{
	/* a peer that lets LINK_BUFFER fill up although reading paused long before asks for it */
	if (link_send(c->link, line->data, line->len) < 0)
		link_finish(c->link);
}

/* A line that nobody can be told of. Not each of many: one that writes garbage fills no log. */
static void
tell(struct connection *c, uint64_t number, const char *text)
{
	struct server *s = c->server;
	AUTO_BYTES said = { 0 };
	int64_t now = kernel.now();

	if (s->tell == NULL)
		return;
	if (s->told > 0 && now - s->told < TELL_PAUSE) {
		s->untold++;
		return;
	}
	bytes_format(&said, "%s: line %" PRIu64 ": ", c->address != NULL ? c->address : "-", number);
	bytes_text(&said, text);
	if (s->untold > 0)
		bytes_format(&said, " (and %" PRIu64 " more lines before it were wrong)", s->untold);
	s->told = now;
	s->untold = 0;
	s->tell(s->tell_arg, bytes_string(&said));
}

/* Answers a line to which no reply can be given. */
static void
report(struct connection *c, uint64_t number, const char *name, const char *text)
{
	AUTO_BYTES line = { 0 };

	if (!link_answers(c->link)) {
		tell(c, number, text);
		return;
	}
	rpc_complaint(&line, number, name, text);
	send_line(c, &line);
}

static void
reply_error(struct connection *c, struct span id, const struct contract_error *row, const char *text)
{
	AUTO_BYTES line = { 0 };

	if (!link_answers(c->link)) {
		tell(c, link_line_number(c->link), text);
		return;
	}
	rpc_refusal(&line, id, row, text);
	send_line(c, &line);
}

static void
close_if_done(struct connection *c)
{
	if (!c->ended || c->open > 0 || c->stream)
		return;
	if (link_unsent(c->link) == 0)
		link_close(c->link);
}

static void
request_free(struct request *r)
{
	if (r->connection != NULL && r->connection->data == r)
		r->connection->data = NULL;
	*r->at = r->next;
	if (r->next != NULL)
		r->next->at = r->at;
	arguments_free(&r->arguments);
	if (r->drop != NULL)
		r->drop(r->state);
	free(r);
}

/* Further lines wait while as many requests are open as may be. */
static void
pause_if_full(struct connection *c)
{
	link_pause(c->link, c->open >= SERVER_REQUESTS || c->bytes >= SERVER_PARAMS);
}

/* The request is answered: what waited behind it may go on. */
static void
request_done(struct request *r)
{
	struct connection *c = r->connection;
	size_t counted = r->counted;

	request_free(r);
	if (c == NULL)
		return;
	c->open--;
	c->bytes -= counted;
	pause_if_full(c);
	close_if_done(c);
}

void
request_forget(struct request *r)
{
	if (r->connection != NULL)
		r->connection->bytes -= r->counted;
	r->counted = 0;
	arguments_forget(&r->arguments);
	if (r->connection != NULL)
		pause_if_full(r->connection);
}

static struct request *
request_new(struct connection *c, const struct service_method *method,
    const struct contract_method *row, const struct message *m, const struct scan_value *values)
{
	struct request *r = xmalloc(sizeof(*r));
	struct server *s = c->server;

	*r = (struct request){ .server = s, .method = method,
		.peer = *link_peer(c->link), .next = s->requests, .at = &s->requests };
	arguments_keep(&r->arguments, row, m, values);
	if (r->next != NULL)
		r->next->at = &r->next;
	s->requests = r;
	if (m->id.n == 0)
		return r; /* a notification: carried out, never answered (JSON-RPC 2.0 section 4.1) */
	r->connection = c;
	c->open++;
	/* the data of one that brings some must not wait behind it */
	r->counted = contract_brings_data(row) ? 0 : m->params.n;
	c->bytes += r->counted;
	pause_if_full(c);
	return r;
}

static const struct service_method *
method_find(const struct service *s, struct span name)
{
	for (size_t i = 0; i < s->nmethods; i++) {
		if (span_is(name, s->methods[i].name))
			return &s->methods[i];
	}
	return NULL;
}

static void
refuse(struct connection *c, const struct message *m, const char *name, const char *text)
{
	if (m->id.n > 0)
		reply_error(c, m->id, contract_error(name), text);
	else
		report(c, link_line_number(c->link), name, text);
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

static void
start_request(struct connection *c, const struct service_method *method,
    const struct contract_method *row, const struct message *m, const struct scan_value *values)
{
	const struct service *s = c->server->service;
	struct request *r = request_new(c, method, row, m, values);
	uint64_t n = announced(row, m->params);

	if (!contract_brings_data(row)) {
		method->call(c->server->self, r);
		return;
	}
	c->data = r;
	method->call(c->server->self, r);
	if (c->data != NULL && n == 0)
		s->data(c->server->self, r, (struct span){ NULL, 0 }, 0);
}

static void
on_request(struct connection *c, const struct message *m)
{
	const struct service *s = c->server->service;
	const struct service_method *method = method_find(s, m->method);
	const struct contract_method *row = contract_method(s->contract, m->method);
	struct scan_value values[CONTRACT_PARAMS];
	struct error e;

	if (row != NULL)
		link_data(c->link, announced(row, m->params));
	if (method == NULL || row == NULL) {
		error_set(&e, ERROR_INPUT, "%.*s: no method of the service %s",
		    (int)(m->method.n > 64 ? 64 : m->method.n), m->method.p, s->contract->name);
		refuse(c, m, "unknown-method", e.text);
	} else if (contract_check_params(row, m->params, values, &e) < 0) {
		refuse(c, m, "invalid-params", e.text);
	} else if (m->id.n == 0 && contract_brings_data(row)) {
		refuse(c, m, "invalid-request", "a request with data needs an id");
	} else {
		start_request(c, method, row, m, values);
	}
}

static void
on_event(struct connection *c, const struct message *m)
{
	const struct service *s = c->server->service;
	struct error e;

	if (s->event == NULL)
		error_set(&e, ERROR_REFUSED, "the service %s takes no events", s->contract->name);
	else if (s->event(c->server->self, link_peer(c->link), m, &e) == 0)
		return;
	report(c, link_line_number(c->link), contract_error_for(e.code)->name, e.text);
}

/*
 * A line that is no message. When it is JSON with "jsonrpc" it was meant as a request: it gets a
 * reply, with its id if that is usable; else a line of type error.
 */
static void
on_bad_line(struct connection *c, struct span line, const struct error *why)
{
	struct scan_value v;
	struct span id = { NULL, 0 };
	enum scan_type type;

	if (scan_check(line.p, line.n, &type, NULL) < 0) {
		report(c, link_line_number(c->link), "not-json", why->text);
		return;
	}
	if (type != SCAN_OBJECT || message_member(line.p, line.n, "jsonrpc", &v, NULL) != 1) {
		report(c, link_line_number(c->link), "invalid-request", why->text);
		return;
	}
	if (message_member(line.p, line.n, "id", &v, NULL) == 1 &&
	    (v.type == SCAN_STRING || v.type == SCAN_NUMBER))
		id = v.raw;
	reply_error(c, id, contract_error("invalid-request"), why->text);
}

static void
connection_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct connection *c = arg;
	struct message m;
	struct error e;

	/* no method takes descriptors, it only may return some: none of these is claimed */
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0) {
		on_bad_line(c, line, &e);
		return;
	}
	if (m.kind == MESSAGE_REQUEST)
		on_request(c, &m);
	else if (m.kind == MESSAGE_EVENT)
		on_event(c, &m);
	else
		report(c, link_line_number(l), "invalid-request",
		    m.kind == MESSAGE_SPEC ? "expected a request or an event, found a spec" :
		    "expected a request or an event, found a reply");
}

static void
connection_data(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct connection *c = arg;

	(void)l;
	if (c->data != NULL)
		c->server->service->data(c->server->self, c->data, piece, left);
}

static void
connection_too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	char text[80];

	(void)l;
	(void)head;
	snprintf(text, sizeof(text), "the line is longer than %d bytes", LINE_LIMIT);
	report(arg, number, "not-json", text);
}

static void
connection_crowded_out(void *arg, struct link *l, uint64_t number)
{
	(void)l;
	report(arg, number, "limit", "the line was dropped: the lines of all connections that have not come "
	    "whole take too much memory, and this one is the oldest");
}

static void
connection_drained(void *arg, struct link *l)
{
	(void)l;
	close_if_done(arg);
}

static void
connection_ended(void *arg, struct link *l, const struct error *why)
{
	struct connection *c = arg;

	if (why->code == ERROR_INPUT)
		report(c, link_line_number(l) + 1, "not-json", why->text);
	c->ended = true;
	close_if_done(c);
}

static void
connection_closed(void *arg, struct link *l, const struct error *why)
{
	struct connection *c = arg;

	(void)why;
	if (c->closed != NULL)
		c->closed(c->closed_arg, l);
	c->closed = NULL;
}

static const struct link_events connection_events = {
	.line = connection_line,
	.data = connection_data,
	.too_long = connection_too_long,
	.crowded_out = connection_crowded_out,
	.drained = connection_drained,
	.ended = connection_ended,
	.closed = connection_closed,
};

static int
connection_new(struct server *s, const char *address, int in, int out, struct error *e)
{
	struct connection *c = xmalloc(sizeof(*c));

	c->server = s;
	c->address = address;
	c->number = ++s->numbered;
	c->link = link_take(s->loop, in, out, &connection_events, c, e);
	if (c->link == NULL) {
		close(in);
		if (out >= 0 && out != in)
			close(out);
		free(c);
		return -1;
	}
	link_on_release(c->link, connection_released, c);
	link_bound(c->link);
	c->next = s->connections;
	c->at = &s->connections;
	if (c->next != NULL)
		c->next->at = &c->next;
	s->connections = c;
	s->nconnections++;
	if (s->nconnections > SERVER_CONNECTIONS) {
		report(c, 0, "limit", "too many connections");
		link_close(c->link);
		return error_set(e, ERROR_LIMIT, "too many connections");
	}
	return 0;
}

static void
accepted(void *arg, int in, int out)
{
	const struct entrance *from = arg;

	connection_new(from->server, from->address, in, out, NULL);
}

struct server *
server_new(struct loop *loop, const struct service *service, void *self)
{
	struct server *s = xmalloc(sizeof(*s));

	s->loop = loop;
	s->service = service;
	s->self = self;
	return s;
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
	return connection_new(s, NULL, in, out, e);
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nentrances; i++)
		listener_close(s->entrances[i]->listener);
	s->empty = NULL;
	while (s->connections != NULL) {
		connection_closed(s->connections, s->connections->link, NULL);
		link_close(s->connections->link);
	}
	while (s->requests != NULL)
		request_free(s->requests);
	for (size_t i = 0; i < s->nentrances; i++) {
		free(s->entrances[i]->address);
		free(s->entrances[i]);
	}
	free(s->entrances);
	free(s);
}

size_t
server_connections(const struct server *s)
{
	return s->nconnections;
}

void
server_on_empty(struct server *s, void (*empty)(void *arg), void *arg)
{
	s->empty = empty;
	s->empty_arg = arg;
}

void
server_on_unanswered(struct server *s, void (*told)(void *arg, const char *text), void *arg)
{
	s->tell = told;
	s->tell_arg = arg;
}

struct span
request_params(const struct request *r)
{
	return r->arguments.params;
}

const char *
request_text(struct request *r, const char *name)
{
	return arguments_text(&r->arguments, name);
}

int64_t
request_integer(struct request *r, const char *name, int64_t otherwise)
{
	return arguments_integer(&r->arguments, name, otherwise);
}

struct span
request_raw(struct request *r, const char *name)
{
	return arguments_raw(&r->arguments, name);
}

const struct link_peer *
request_peer(const struct request *r)
{
	return &r->peer;
}

uint64_t
request_connection(const struct request *r)
{
	return r->connection == NULL ? 0 : r->connection->number;
}

void
request_keep(struct request *r, void *state, void (*drop)(void *state))
{
	r->state = state;
	r->drop = drop;
}

void *
request_kept(const struct request *r)
{
	return r->state;
}

bool
request_carries_fds(const struct request *r)
{
	return r->connection != NULL && link_carries_fds(r->connection->link);
}

void
request_reply(struct request *r, struct span result)
{
	AUTO_BYTES line = { 0 };

	if (r->connection != NULL) {
		rpc_reply(&line, r->arguments.id, result);
		if (line.len > LINE_LIMIT) {
			request_fail(r, "limit", "the reply has %zu bytes, a line may have %d",
			    line.len, LINE_LIMIT);
			return;
		}
		send_line(r->connection, &line);
	}
	request_done(r);
}

void
request_reply_fds(struct request *r, struct span result, const int *fds, int nfds)
{
	AUTO_FREE char *front = xformat("\"fds\":%d", nfds);
	AUTO_BYTES counted = { 0 }, line = { 0 };
	struct connection *c = r->connection;

	if (c != NULL) {
		message_splice(&counted, (struct span){ front, strlen(front) }, result.p, result.n);
		rpc_reply(&line, r->arguments.id, (struct span){ counted.data, counted.len - 1 });
		/* the copies could not be made, or the peer lets everything wait */
		if (link_send_fds(c->link, line.data, line.len, fds, nfds) < 0)
			link_finish(c->link);
	}
	request_done(r);
}

static void
answer_error(struct request *r, const struct contract_error *row, const char *text)
{
	if (r->connection != NULL)
		reply_error(r->connection, r->arguments.id, row, text);
	request_done(r);
}

void
request_fail(struct request *r, const char *error_name, const char *format, ...)
{
	const struct contract_error *row = contract_error(error_name);
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	answer_error(r, row != NULL ? row : contract_error("internal"), text);
}

void
request_fail_with(struct request *r, const struct error *e)
{
	answer_error(r, contract_error_for(e->code), e->text);
}

struct link *
request_stream(struct request *r, struct span result, void (*closed)(void *arg, struct link *l),
    void *arg)
{
	struct connection *c = r->connection;

	if (c == NULL || c->open > 1 || link_flush(c->link) > 0) {
		request_fail(r, "busy", "a stream needs a connection without open requests and "
		    "unread replies");
		return NULL;
	}
	c->stream = true;
	request_reply(r, result);
	if (link_take_over(c->link) < 0) {
		link_close(c->link);
		return NULL;
	}
	c->closed = closed;
	c->closed_arg = arg;
	return c->link;
}
