#include "remote.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "outage.h"
#include "rpc.h"
#include "timestamp.h"

struct remote {
	struct remote_wish wish;
	struct dial dial;
	const struct remote_events *events;
	void *arg;
	struct outage outage;
	int attempt;              /* the one that is read, also when another one begins meanwhile */
	int64_t at;               /* the next byte that is wanted */
	bool begun;               /* the stream was there once */
	int64_t when;             /* of the chunk that comes */
	uint32_t stream;
};

static int open_link(struct remote *r, struct error *e);

static void
over(struct remote *r, const struct remote_end *end, const struct error *e)
{
	dial_drop(&r->dial);
	r->events->over(r->arg, end, e);
}

static void
fail(struct remote *r, const struct error *e)
{
	over(r, &(struct remote_end){ 0 }, e);
}

/* It was there once, and is tried again. */
static void
put_off(struct remote *r, const struct error *why)
{
	outage_told(&r->outage, why);
	dial_pause(&r->dial);
}

static void
again(void *arg)
{
	struct remote *r = arg;
	struct error e;

	if (open_link(r, &e) < 0)
		put_off(r, &e);
}

static void
reply_came(struct remote *r, const struct message *m)
{
	struct error e;

	if (m->error.n == 0) {
		r->begun = true;
		backoff_over(&r->dial.backoff);
		outage_told(&r->outage, NULL);
		return;
	}
	rpc_reply_error(m, &e);
	if (r->begun && rpc_passing(&e)) {
		dial_drop(&r->dial);
		put_off(r, &e);
	} else {
		fail(r, &e);
	}
}

/* What a chunk says of its bytes. The server must go on where we are. */
static void
chunk_came(struct remote *r, struct link *l, const struct message *m)
{
	struct error e;

	if (message_integer(m->line, "offset", -1) != r->at) {
		error_set(&e, ERROR_INPUT, "%s: sent bytes that were not asked for", r->wish.address);
		fail(r, &e);
		return;
	}
	r->attempt = (int)message_integer(m->line, "attempt", r->attempt);
	r->when = 0;
	if (m->time.n > 0)
		(void)timestamp_parse(m->time.p, m->time.n, &r->when, NULL);
	r->stream = (uint32_t)message_integer(m->line, "stream", 0);
	link_data(l, (uint64_t)message_integer(m->line, "data", 0));
}

static void
eof_came(struct remote *r, const struct message *m)
{
	struct scan_value v;
	struct remote_end end = { message_integer(m->line, "bytes", 0), false };
	struct error none = { 0 };

	end.truncated = message_member(m->line.p, m->line.n, "truncated", &v, NULL) == 1 &&
	    v.type == SCAN_TRUE;
	over(r, &end, &none);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct remote *r = arg;
	struct message m;
	struct error e = { 0 };

	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0) {
		error_before(&e, "%s: ", r->wish.address);
		fail(r, &e);
	} else if (m.kind == MESSAGE_REPLY) {
		reply_came(r, &m);
	} else if (span_is(m.type, "log/chunk")) {
		chunk_came(r, l, &m);
	} else if (span_is(m.type, "eof")) {
		eof_came(r, &m);
	}
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct remote *r = arg;
	struct error e = { 0 };

	(void)l;
	(void)left;
	r->at += (int64_t)piece.n;
	if (r->events->bytes(r->arg, piece, r->when, r->stream, &e) < 0)
		fail(r, &e);
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct remote *r = arg;
	struct error e = *why;

	(void)l;
	dial_lost(&r->dial);
	if (e.code == ERROR_NONE)
		error_set(&e, ERROR_DISCONNECTED, "the other end closed the connection");
	if (r->begun) {
		put_off(r, &e);
		return;
	}
	e.code = ERROR_DISCONNECTED;
	error_before(&e, "%s: ", r->wish.address);
	fail(r, &e);
}

static const struct link_events events = { .line = line_came, .data = data_came, .closed = closed };

static int
open_link(struct remote *r, struct error *e)
{
	const struct remote_wish *w = &r->wish;
	struct logname name = *w->name;
	AUTO_BYTES params = { 0 }, line = { 0 };

	name.attempt = r->attempt;
	if (dial_now(&r->dial, e) < 0)
		return -1;
	logname_open(&params, &name);
	emit_integer(&params, "from", r->at);
	if (w->times)
		emit_bool(&params, "times", true);
	if (w->follow)
		emit_bool(&params, "wait", true);
	else if (w->to >= 0)
		emit_integer(&params, "to", w->to);
	bytes_char(&params, '}');
	rpc_request(&line, 1, w->follow ? "log/follow" : "log/read",
	    (struct span){ params.data, params.len });
	link_send(r->dial.link, line.data, line.len);
	return 0;
}

struct remote *
remote_open(struct loop *loop, const struct remote_wish *w, const struct remote_events *said,
    void *arg, struct error *e)
{
	struct remote *r = xmalloc(sizeof(*r));

	*r = (struct remote){ .wish = *w, .events = said, .arg = arg, .at = w->from,
		.attempt = w->name->attempt, .outage = { .address = w->address, .quiet = w->quiet } };
	if (dial_init(&r->dial, loop, w->address, &events, again, r, e) == 0) {
		if (open_link(r, e) == 0)
			return r;
		dial_close(&r->dial);
	}
	free(r);
	return NULL;
}

void
remote_close(struct remote *r)
{
	if (r == NULL)
		return;
	dial_close(&r->dial);
	free(r);
}
