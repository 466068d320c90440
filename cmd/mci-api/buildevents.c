#include "buildevents.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "connect.h"
#include "link.h"
#include "memory.h"
#include "message.h"
#include "params.h"
#include "rpc.h"
#include "standing.h"

/* What waits in memory for a reader; more is left with the store. */
#define BEHIND ((size_t)256 * 1024)

struct reading {
	struct ask *ask; /* NULL: it has been answered */
	struct exchange *x;
	struct link *link;
	struct bytes out;
	size_t given;
	bool over, cut;
};

static void
drop(void *state)
{
	struct reading *r = state;

	link_close(r->link);
	bytes_free(&r->out);
	free(r);
}

static ssize_t
read_out(void *arg, char *p, size_t n)
{
	struct reading *r = arg;
	size_t left = r->out.len - r->given;

	if (left == 0)
		return r->over ? (r->cut ? -2 : -1) : 0;
	if (n > left)
		n = left;
	memcpy(p, r->out.data + r->given, n);
	r->given += n;
	if (r->given == r->out.len)
		r->given = r->out.len = 0;
	if (r->link != NULL && r->out.len - r->given < BEHIND / 2)
		link_pause(r->link, false);
	return (ssize_t)n;
}

/* The first line says whether there is such a build. */
static void
reply_came(struct reading *r, const struct message *m)
{
	static const struct exchange_source source = { read_out, drop };
	struct ask *a = r->ask;
	struct error e;

	r->ask = NULL;
	if (m->error.n > 0) {
		rpc_reply_error(m, &e);
		answer_error(a, &e);
		return;
	}
	a->state = NULL;
	a->drop = NULL;
	a->answered = true;
	exchange_add(a->x, "X-Content-Type-Options", "nosniff");
	exchange_add(a->x, "Cache-Control", "private, no-cache");
	standing_stream(a, 200, "application/x-ndjson", -1, &source, r);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct reading *r = arg;
	struct message m;

	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (r->ask != NULL) {
		if (message_read(&m, line.p, line.n, NULL) == 0 && m.kind == MESSAGE_REPLY)
			reply_came(r, &m);
		return;
	}
	bytes_add(&r->out, line.p, line.n);
	bytes_char(&r->out, '\n');
	if (message_read(&m, line.p, line.n, NULL) == 0 && span_is(m.type, "eof"))
		r->over = true;
	if (r->out.len - r->given >= BEHIND)
		link_pause(l, true);
	exchange_wake(r->x);
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct reading *r = arg;
	struct error e;

	(void)l;
	(void)why;
	r->link = NULL;
	if (r->ask != NULL) {
		error_set(&e, ERROR_DISCONNECTED, "the store is away");
		answer_error(r->ask, &e);
		return;
	}
	r->cut = !r->over;
	r->over = true;
	exchange_wake(r->x);
}

static const struct link_events events = { .line = line_came, .closed = closed };

static int
start(struct reading *r, const char *address, struct span params, struct error *e)
{
	struct address at;
	AUTO_BYTES line = { 0 };

	if (address_parse(&at, address, e) < 0)
		return -1;
	r->link = connect_open(r->ask->gateway->loop, &at, &events, r, e);
	address_free(&at);
	if (r->link == NULL)
		return -1;
	rpc_request(&line, 1, "build/events", params);
	return link_send(r->link, line.data, line.len) < 0 ?
	    error_set(e, ERROR_DISCONNECTED, "the store is away") : 0;
}

static void
allowed(struct ask *a, struct span result, const struct error *why)
{
	static const char method[] = "build/events";
	struct reading *r;
	struct error e;

	(void)result;
	if (why->code != ERROR_NONE) {
		answer_error(a, why);
		return;
	}
	r = xmalloc(sizeof(*r));
	*r = (struct reading){ .ask = a, .x = a->x };
	a->state = r;
	a->drop = drop;
	if (start(r, gateway_place(a->gateway, (struct span){ method, sizeof(method) - 1 })->address,
	    (struct span){ a->params.data, a->params.len }, &e) < 0)
		answer_error(a, &e);
}

void
buildevents_get(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (params_read(a, route_takes(a->route), &params) == 0)
		ask_check(a, "build/events", (struct span){ params.data, params.len }, allowed);
}
