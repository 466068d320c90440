#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "calls.h"
#include "contract.h"
#include "dial.h"
#include "kernel.h"
#include "line.h"
#include "link.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"

struct client {
	struct loop *loop;
	struct dial dial;
	const struct client_events *told;
	void *arg;
	uint64_t lines, heard;     /* how many went and came on the link */
	struct error said;         /* a complaint on it: its last word, should it be lost */
	struct calls calls;
	int *fds, nfds;            /* that came with the reply being told; -1: taken */
	struct bytes reply, data;  /* one whose bytes are still coming, and those */
	struct loop_timer *kick;
	bool away, away_told;
	struct error why;          /* away: why */
	int depth;                 /* callbacks that are running */
	bool closed;
};

static void step(void *arg);

static void
kicked(void *arg)
{
	struct client *c = arg;

	c->kick = NULL;
	step(c);
}

/* Goes on from the loop, for what must not happen inside the caller's call. */
static void
kick(struct client *c)
{
	if (c->kick == NULL)
		c->kick = loop_after(c->loop, 0, kicked, c);
}

/* Takes it out and tells its caller, who may close the client. Only in the loop's callbacks. */
static void
end(struct call *call, struct span result, const struct error *e)
{
	call_take_out(call, call->client->loop);
	call->done(call->arg, result, e);
	call_free(call);
}

/* Its caller is told by the next step. */
static void
fail(struct call *call, const struct error *why)
{
	if (call->state == CALL_FAILED)
		return;
	call_set_state(call, CALL_FAILED);
	call->why = xmalloc(sizeof(*call->why));
	*call->why = *why;
	kick(call->client);
}

static void
release(struct client *c)
{
	if (c->depth > 0)
		return;
	bytes_free(&c->reply);
	bytes_free(&c->data);
	free(c);
}

static void
leave(struct client *c)
{
	c->depth--;
	if (c->closed)
		release(c);
}

static void limit_passed(void *arg);

/* Waits for its connection as long as it wishes, for its reply as long as it may. */
static void
set_limit(struct call *call)
{
	struct client *c = call->client;
	bool hurried = call->state == CALL_WAITING && c->away && call->outage > 0;
	int64_t left;

	if (call->hurried == hurried)
		return;
	left = call->deadline - kernel.now();
	if (hurried && call->outage < left)
		left = call->outage;
	loop_cancel(c->loop, call->limit);
	call->limit = loop_after(c->loop, left > 0 ? left : 0, limit_passed, call);
	call->hurried = hurried;
}

static void
away(struct client *c, const struct error *why)
{
	c->away = true;
	c->why = *why;
	for (struct call *call = c->calls.first; call != NULL; call = call->next)
		set_limit(call);
	kick(c);
}

static void
tell_outage(struct client *c)
{
	if (c->away == c->away_told)
		return;
	c->away_told = c->away;
	if (c->told->outage != NULL)
		c->told->outage(c->arg, c->away ? &c->why : NULL);
}

/* There is no connection, and those that wait for one fail, unless they may wait for the next. */
static void
unreachable(struct client *c, const struct error *why)
{
	for (struct call *call = c->calls.first; call != NULL; call = call->next) {
		if (call->state == CALL_WAITING &&
		    (call->again == CLIENT_ONCE || dial_is_single(&c->dial)))
			fail(call, why);
	}
	away(c, why);
	dial_pause(&c->dial);
}

/* What a lost link means for what was open: the other side's last word, else how it was lost. */
static void
lost_error(const struct client *c, const struct error *why, struct error *e)
{
	const char *address = c->dial.address.text;

	if (c->said.code != ERROR_NONE)
		*e = c->said;
	else if (why->code != ERROR_NONE)
		error_set(e, ERROR_DISCONNECTED, "%s: %s", address, why->text);
	else
		error_set(e, ERROR_DISCONNECTED, "%s: the other end closed the connection", address);
}

/* The link is gone. What may be sent again goes first over the next one. */
static void
lost(struct client *c, const struct error *why)
{
	bool open = false;
	struct error e;

	dial_lost(&c->dial);
	c->data.len = 0;
	lost_error(c, why, &e);
	for (struct call *call = c->calls.first; call != NULL; call = call->next) {
		if (call->state != CALL_SENT)
			continue;
		open = true;
		if (call->again == CLIENT_ONCE)
			fail(call, &e);
		else
			call_set_state(call, CALL_WAITING);
	}
	if (dial_is_single(&c->dial))
		unreachable(c, &e);
	else if (open) {
		away(c, &e);
		dial_pause(&c->dial);
	}
}

static void
drop_link(struct client *c, const struct error *why)
{
	link_close(c->dial.link);
	lost(c, why);
}

/* Whether it is to be told when its bytes are here, too. */
static bool
awaits_data(struct client *c, const struct message *m)
{
	struct scan_value id = { SCAN_NUMBER, m->id };
	struct call *call;
	struct error e;
	int64_t number;
	uint64_t n;

	c->data.len = 0;
	if (m->id.n == 0 || m->id.p[0] == '"' || scan_integer(&id, 1, c->calls.id, &number, NULL) < 0)
		return false;
	call = calls_find(&c->calls, number);
	n = call == NULL ? 0 : rpc_reply_data(call->row, m->result);
	if (n > CONTRACT_DATA_LIMIT) {
		error_set(&e, ERROR_DISCONNECTED, "it sends more than %d bytes behind a reply",
		    CONTRACT_DATA_LIMIT);
		drop_link(c, &e);
	}
	if (n == 0 || n > CONTRACT_DATA_LIMIT)
		return n > 0;
	c->reply.len = 0;
	bytes_add(&c->reply, m->line.p, m->line.n);
	link_data(c->dial.link, n);
	return true;
}

static void
call_rested(void *arg)
{
	struct call *call = arg;

	call->rest = NULL;
	call_set_state(call, CALL_WAITING);
	step(call->client);
}

/* The other side has no time for it now. */
static void
rest(struct call *call, const struct error *why)
{
	struct client *c = call->client;

	call_set_state(call, CALL_RESTING);
	call->rest = loop_after(c->loop, backoff_next(&call->backoff), call_rested, call);
	away(c, why);
}

static void
answered(struct call *call, const struct message *m)
{
	struct client *c = call->client;
	int64_t id = call->id;
	struct error e = { 0 };

	if (m->error.n > 0)
		rpc_reply_error(m, &e);
	backoff_over(&c->dial.backoff);
	if (call->again == CLIENT_INSIST && rpc_passing(&e)) {
		rest(call, &e);
		return;
	}
	if (!rpc_passing(&e)) {
		c->away = false;
		tell_outage(c);
		call = calls_find(&c->calls, id); /* unless it was given up in there */
	}
	if (call != NULL)
		end(call, m->error.n > 0 ? (struct span){ NULL, 0 } : m->result, &e);
}

/* About a line of ours: of the call that it was, if it was one. 0: it does not say about which. */
static void
complained(struct client *c, uint64_t line, const struct error *e)
{
	for (struct call *call = c->calls.first; call != NULL && line > 0; call = call->next) {
		if (call->state == CALL_SENT && call->line == line) {
			end(call, (struct span){ NULL, 0 }, e);
			return;
		}
	}
	c->said = *e;
	if (c->told->complaint != NULL)
		c->told->complaint(c->arg, e);
}

static void
reply_came(struct client *c, const struct message *m)
{
	struct scan_value id = { SCAN_NUMBER, m->id };
	struct call *call;
	struct error e;
	int64_t number;

	if (m->error.n > 0 && span_is(m->id, "null")) {
		rpc_reply_error(m, &e);
		complained(c, 0, &e);
	} else if (m->id.n == 0 || m->id.p[0] == '"' ||
	    scan_integer(&id, 1, c->calls.id, &number, NULL) < 0) {
		/* whatever it means, replies can no longer be told apart */
		error_set(&e, ERROR_DISCONNECTED, "it answered what was not asked, with the id %.*s",
		    (int)(m->id.n < 40 ? m->id.n : 40), m->id.p);
		drop_link(c, &e);
	} else if ((call = calls_find(&c->calls, number)) != NULL && call->state == CALL_SENT) {
		answered(call, m);
	}
}

/* Closes what nobody took. */
static void
close_all(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		memory_close(&fds[i]);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct client *c = arg;
	struct message m;
	struct error e;

	(void)l;
	c->depth++;
	c->heard++;
	c->fds = fds;
	c->nfds = nfds;
	if (message_read(&m, line.p, line.n, NULL) == 0) {
		if (m.kind == MESSAGE_REPLY) {
			if (!awaits_data(c, &m))
				reply_came(c, &m);
		} else if (m.kind == MESSAGE_EVENT && span_is(m.type, "error")) {
			rpc_line_error(&m, &e);
			complained(c, (uint64_t)message_integer(line, "line", 0), &e);
		}
	}
	c->nfds = 0;
	close_all(fds, nfds);
	leave(c);
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct client *c = arg;
	struct message m;

	(void)l;
	c->depth++;
	c->heard++;
	bytes_add(&c->data, piece.p, piece.n);
	if (left == 0 && message_read(&m, c->reply.data, c->reply.len, NULL) == 0)
		reply_came(c, &m);
	leave(c);
}

/* Whose reply it is stands at its beginning. */
static void
too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	struct client *c = arg;
	struct call *call;
	struct error e;

	(void)l;
	(void)number;
	c->depth++;
	c->heard++;
	call = calls_find(&c->calls, message_integer(head, "id", 0));
	error_set(&e, ERROR_LIMIT, "%s: the reply is longer than a line may be (%d bytes)",
	    c->dial.address.text, LINE_LIMIT);
	if (call != NULL && call->state == CALL_SENT)
		end(call, (struct span){ NULL, 0 }, &e);
	leave(c);
}

static void
drained(void *arg, struct link *l)
{
	(void)l;
	step(arg);
}

static void
link_lost(void *arg, struct link *l, const struct error *why)
{
	(void)l;
	lost(arg, why);
	step(arg);
}

static const struct link_events link_events = {
	.line = line_came,
	.data = data_came,
	.too_long = too_long,
	.drained = drained,
	.asks = true,
	.closed = link_lost,
};

static int
connect_now(struct client *c, struct error *e)
{
	if (dial_now(&c->dial, e) < 0)
		return -1;
	c->lines = c->heard = 0;
	c->said.code = ERROR_NONE;
	return 0;
}

/* Somebody waits for a connection. */
static void
reach(struct client *c)
{
	struct error e;

	if (connect_now(c, &e) == 0)
		return;
	if (e.code == ERROR_BUSY)
		dial_pause(&c->dial); /* its queue is full: it is there */
	else
		unreachable(c, &e);
}

/* Puts it on the link; false when there is no room. */
static bool
send_call(struct call *call)
{
	struct client *c = call->client;
	size_t unsent = link_unsent(c->dial.link);
	struct error e;

	if (!frame_fits(&call->request, c->dial.link)) {
		error_set(&e, ERROR_INPUT, "%s: this link carries no descriptors", c->dial.address.text);
		fail(call, &e);
		return true;
	}
	if (unsent > 0 && unsent + call->request.bytes.len > LINK_BUFFER)
		return false;
	if (frame_send(&call->request, c->dial.link) < 0) {
		drop_link(c, &(struct error){ ERROR_DISCONNECTED, 0, "the link takes nothing" });
		unreachable(c, &c->why);
		return false;
	}
	call_set_state(call, CALL_SENT);
	set_limit(call);
	call->line = ++c->lines;
	call->heard = c->heard;
	if (call->again == CLIENT_ONCE)
		call_forget_request(call);
	return true;
}

static void
pump(struct client *c)
{
	struct call *call, *next;

	for (call = c->calls.first; call != NULL && c->calls.nwaiting > 0 && c->dial.link != NULL;
	    call = next) {
		next = call->next;
		if (call->state == CALL_WAITING && !send_call(call))
			return;
	}
}

/* Whether a connection is to be tried now: after the pause, or for one who does not wait for it. */
static bool
wants_link(const struct client *c)
{
	bool now = c->dial.pause == NULL;

	if (c->calls.nwaiting == 0 || c->dial.link != NULL)
		return false;
	for (const struct call *call = c->calls.first; call != NULL && !now; call = call->next)
		now = call->state == CALL_WAITING && call->again == CLIENT_ONCE;
	return now;
}

/* What can be done now, and who is to be told of it. Only in the loop's callbacks. */
static void
step(void *arg)
{
	struct client *c = arg;
	struct call *call;

	c->depth++;
	if (wants_link(c))
		reach(c);
	pump(c);
	tell_outage(c);
	for (call = c->calls.first; call != NULL && !c->closed; ) {
		if (call->state != CALL_FAILED) {
			call = call->next;
			continue;
		}
		end(call, (struct span){ NULL, 0 }, call->why);
		call = c->calls.first; /* whatever was done in there */
	}
	leave(c);
}

struct client *
client_open(struct loop *loop, const char *address, const struct client_events *events, void *arg,
    struct error *e)
{
	static const struct client_events silent = { 0 };
	struct client *c = xmalloc(sizeof(*c));

	*c = (struct client){ .loop = loop, .told = events != NULL ? events : &silent, .arg = arg };
	if (dial_init(&c->dial, loop, address, &link_events, step, c, e) == 0)
		return c;
	free(c);
	return NULL;
}

int
client_connect(struct client *c, struct error *e)
{
	struct error why;

	if (c->dial.link != NULL || connect_now(c, &why) == 0 || why.code == ERROR_BUSY)
		return 0;
	if (e != NULL)
		*e = why;
	return -1;
}

/* Nobody has answered in time. A connection on which nothing comes at all is not kept for others. */
static void
limit_passed(void *arg)
{
	struct call *call = arg;
	struct client *c = call->client;
	bool mute = call->state == CALL_SENT && call->heard == c->heard;
	struct error e;

	call->limit = NULL;
	if (call->state != CALL_SENT && c->away)
		e = c->why;
	else
		error_set(&e, ERROR_BUSY, "%s: no reply in time", c->dial.address.text);
	for (const struct call *other = c->calls.first; other != NULL && mute; other = other->next)
		mute = other == call || other->state != CALL_SENT;
	if (mute)
		dial_drop(&c->dial);
	else if (call_gives_data(call))
		drop_link(c, &e); /* nobody would know what its bytes are */
	c->depth++;
	end(call, (struct span){ NULL, 0 }, &e);
	leave(c);
}

/* Whether so much may be open. 0 or -1. */
static int
has_room(const struct client *c, struct error *e)
{
	if (c->calls.n > CLIENT_CALLS)
		return error_set(e, ERROR_LIMIT, "%s: more than %d calls are open", c->dial.address.text,
		    CLIENT_CALLS);
	if (c->calls.bytes > CLIENT_BYTES)
		return error_set(e, ERROR_LIMIT, "%s: more than %zu bytes of requests wait",
		    c->dial.address.text, CLIENT_BYTES);
	return 0;
}

int64_t
client_call(struct client *c, const char *method, struct span params, const struct client_wish *wish,
    client_done *done, void *arg)
{
	static const struct client_wish usual = { 0 };
	const struct client_wish *w = wish != NULL ? wish : &usual;
	struct call *call = calls_add(&c->calls, c, method, done, arg);
	struct error e;
	int made;

	call->again = w->again;
	if (call->again == CLIENT_BY_TABLE)
		call->again = call->row != NULL && call->row->idempotent ? CLIENT_AGAIN : CLIENT_ONCE;
	if (w->limit >= 0) {
		call->outage = w->outage;
		call->deadline = kernel.now() + (w->limit > 0 ? w->limit : CLIENT_LIMIT);
		call->hurried = true; /* whatever it says, it is set now */
		set_limit(call);
	}
	made = frame_make(&call->request, call->id, method, params, w->data, w->fds, w->nfds, &e);
	c->calls.bytes += call->request.bytes.len;
	if (made < 0 || has_room(c, &e) < 0) {
		fail(call, &e);
		return call->id;
	}
	call_set_state(call, CALL_WAITING);
	set_limit(call);
	if (c->dial.link == NULL || c->calls.nwaiting > 1 || !send_call(call))
		kick(c);
	return call->id;
}

/* Nobody hears of it. */
static void
deaf(void *arg, struct span result, const struct error *e)
{
	(void)arg;
	(void)result;
	(void)e;
}

void
client_cancel(struct client *c, int64_t id)
{
	struct call *call = calls_find(&c->calls, id);

	if (call == NULL)
		return;
	/* what its reply is is to be known: bytes may follow */
	if (c->dial.link != NULL && call_gives_data(call)) {
		call->done = deaf;
		return;
	}
	call_take_out(call, call->client->loop);
	call_free(call);
}

int
client_fds(struct client *c, int *fds, int max)
{
	int n = c->nfds < max ? c->nfds : max;

	for (int i = 0; i < n; i++) {
		fds[i] = c->fds[i];
		c->fds[i] = -1;
	}
	return n;
}

struct span
client_data(const struct client *c)
{
	return (struct span){ c->data.data, c->data.len };
}

int
client_post(struct client *c, struct span line)
{
	struct error e;

	if (c->dial.link == NULL && c->dial.pause == NULL && connect_now(c, &e) < 0)
		unreachable(c, &e);
	if (c->dial.link == NULL)
		return -1;
	if (link_send(c->dial.link, line.p, line.n) < 0) {
		error_set(&e, ERROR_BUSY, "%s: the link takes no more", c->dial.address.text);
		away(c, &e);
		return -1;
	}
	c->lines++;
	if (c->away && c->calls.n == 0) {
		c->away = false;
		kick(c);
	}
	return 0;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	loop_cancel(c->loop, c->kick);
	dial_close(&c->dial);
	while (c->calls.first != NULL)
		client_cancel(c, c->calls.first->id);
	c->closed = true;
	release(c);
}
