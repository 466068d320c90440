#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "budget.h"
#include "memory.h"
#include "rpc.h"

_Static_assert(CONTRACT_FDS_LIMIT == LINK_FDS, "a request may say as many as its line may carry");

struct request {
	struct request_list *all;
	struct connection *connection; /* NULL when it was lost, or nobody waits for the answer */
	struct link_peer peer;
	struct arguments arguments;
	int fds[LINK_FDS], nfds;       /* that came with it; -1: taken */
	size_t held;                   /* bytes of params, in the process's budget */
	size_t counted;                /* and in its connection's sum */
	void *state;                   /* the service's own */
	void (*drop)(void *state);
	struct request *next, **at;
};

static void
close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		memory_close(&fds[i]);
}

static void
request_free(struct request *r)
{
	if (r->connection != NULL && r->connection->data == r)
		r->connection->data = NULL;
	*r->at = r->next;
	if (r->next != NULL)
		r->next->at = r->at;
	r->all->n--;
	budget_release(r->held);
	close_all(r->fds, r->nfds);
	arguments_free(&r->arguments);
	if (r->drop != NULL)
		r->drop(r->state);
	if (r->all->n == 0)
		r->all->none(r->all->arg);
	free(r);
}

/* It is answered: what waited behind it may go on. */
static void
request_done(struct request *r)
{
	struct connection *c = r->connection;
	size_t counted = r->counted;

	request_free(r);
	if (c != NULL)
		connection_answered(c, counted);
}

/* How many descriptors it brings, by its parameter; -1 when that is not how many came. */
static int
announced_fds(const struct contract_method *row, const struct scan_value *values,
    const struct connection *c, int came, struct error *e)
{
	size_t i = 0;
	int64_t said = 0;

	while (i < row->nparams && row->params[i].type != CONTRACT_FDS)
		i++;
	if (i == row->nparams || values[i].raw.n == 0)
		return 0;
	(void)scan_integer(&values[i], 0, LINK_FDS, &said, NULL);
	if (said == came)
		return came;
	if (!link_carries_fds(c->link))
		return error_set(e, ERROR_INPUT, "%s: parameter %s: this link carries no descriptors",
		    row->name, row->params[i].name);
	return error_set(e, ERROR_INPUT, "%s: parameter %s: %d were announced, %d came with the line",
	    row->name, row->params[i].name, (int)said, came);
}

struct request *
request_new(struct request_list *all, struct connection *c, const struct contract_method *row,
    const struct message *m, const struct scan_value *values, int *fds, int nfds, struct error *e)
{
	struct request *r;
	int claimed = announced_fds(row, values, c, nfds, e);

	if (claimed >= 0 && !budget_admit(m->params.n))
		claimed = error_set(e, ERROR_BUSY, "the requests that wait here hold too much memory: try "
		    "again when they have been answered");
	if (claimed < 0)
		return NULL;
	r = xmalloc(sizeof(*r));
	*r = (struct request){ .all = all, .peer = *link_peer(c->link), .held = m->params.n,
		.nfds = nfds, .next = all->first, .at = &all->first };
	if (nfds > 0)
		memcpy(r->fds, fds, sizeof(*fds) * (size_t)nfds);
	if (claimed == 0) {
		close_all(r->fds, nfds);
		r->nfds = 0;
	}
	arguments_keep(&r->arguments, row, m, values);
	if (r->next != NULL)
		r->next->at = &r->next;
	all->first = r;
	all->n++;
	if (m->id.n == 0)
		return r; /* a notification: carried out, never answered (JSON-RPC 2.0 section 4.1) */
	r->connection = c;
	/* the data of one that brings some must not wait behind it */
	r->counted = contract_brings_data(row) ? 0 : m->params.n;
	connection_opened(c, r->counted);
	return r;
}

void
requests_lost(struct request_list *all, struct connection *c)
{
	/* its data will never be whole, so nobody will answer it */
	if (c->data != NULL)
		request_free(c->data);
	for (struct request *r = all->first; r != NULL; r = r->next) {
		if (r->connection == c)
			r->connection = NULL;
	}
}

void
requests_free(struct request_list *all)
{
	while (all->first != NULL)
		request_free(all->first);
}

void
request_forget(struct request *r)
{
	struct connection *c = r->connection;
	size_t counted = r->counted;

	budget_release(r->held);
	r->held = r->counted = 0;
	arguments_forget(&r->arguments);
	if (c != NULL)
		connection_eased(c, counted);
}

struct span
request_params(const struct request *r)
{
	return r->arguments.params;
}

const struct contract_method *
request_row(const struct request *r)
{
	return r->arguments.row;
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

bool
request_flag(struct request *r, const char *name)
{
	return span_is(arguments_raw(&r->arguments, name), "true");
}

struct span
request_raw(struct request *r, const char *name)
{
	return arguments_raw(&r->arguments, name);
}

int
request_fds(struct request *r, int *fds, int max)
{
	int n = r->nfds < max ? r->nfds : max;

	for (int i = 0; i < n; i++) {
		fds[i] = r->fds[i];
		r->fds[i] = -1;
	}
	return n;
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
		connection_send(r->connection, &line);
	}
	request_done(r);
}

void
request_reply_fds(struct request *r, struct span result, const int *fds, int nfds)
{
	AUTO_FREE char *front = xformat("\"fds\":%d", nfds);
	AUTO_BYTES counted = { 0 }, line = { 0 };

	if (r->connection != NULL) {
		message_splice(&counted, (struct span){ front, strlen(front) }, result.p, result.n);
		rpc_reply(&line, r->arguments.id, (struct span){ counted.data, counted.len - 1 });
		connection_send_fds(r->connection, &line, fds, nfds);
	}
	request_done(r);
}

void
request_reply_data(struct request *r, struct span result, struct span data)
{
	AUTO_FREE char *front = xformat("\"data\":%zu", data.n);
	AUTO_BYTES counted = { 0 }, line = { 0 };

	if (r->connection != NULL) {
		message_splice(&counted, (struct span){ front, strlen(front) }, result.p, result.n);
		rpc_reply(&line, r->arguments.id, (struct span){ counted.data, counted.len - 1 });
		bytes_add(&line, data.p, data.n);
		connection_send(r->connection, &line);
	}
	request_done(r);
}

static void
answer_error(struct request *r, const char *name, const char *text)
{
	if (r->connection != NULL)
		connection_refuse(r->connection, r->arguments.id, name, text);
	request_done(r);
}

void
request_fail(struct request *r, const char *error_name, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	answer_error(r, contract_error(error_name) != NULL ? error_name : "internal", text);
}

void
request_fail_with(struct request *r, const struct error *e)
{
	answer_error(r, contract_error_for(e->code)->name, e->text);
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
