#include "bridge.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "answer.h"
#include "contract.h"
#include "duration.h"
#include "http.h"
#include "kernel.h"
#include "link.h"
#include "login.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"
#include "verdict.h"

#define PATH "/api/v1/call"
/* What one POST gathers before standard input has to wait, and how many are open at once. */
#define BATCH ((size_t)4 * 1024 * 1024)
#define BATCHES 16
/* Of what a server says in an error. */
#define PROBLEM ((size_t)64 * 1024)
/* The session ends there when nothing was heard of it for three of these (mci-api(1)). */
#define PING (10 * SECOND)
/* Where the server says that too much is asked, it is asked again so often, after so long each time. */
#define TRIES 300
#define PAUSE (200 * MILLISECOND)
/* Nobody waits longer for the goodbye. */
#define GOODBYE (2 * SECOND)

/* One POST. */
struct batch {
	struct bridge *bridge;
	struct exchange *exchange;
	struct answer answer;
	struct bytes body;
	bool headed, held;          /* its head has come; its body waits until standard output takes more */
	const struct verdict *says; /* what its status means; NULL: it is an answer */
	long status;
	char *where;                /* of a redirect */
	struct bytes problem;
	int64_t number;             /* of the POST */
	unsigned tries;
	struct loop_timer *again;
	struct batch *next, **at;
};

struct bridge {
	struct loop *loop;
	struct http *http;
	struct link *link;
	const char *url;
	char session[33];
	int64_t posts;
	struct batch *filling;  /* takes what comes */
	struct batch *open;     /* on their way, the newest first */
	size_t nopen;
	bool data, skips;       /* data of the last line comes; it goes nowhere */
	bool unheaded;          /* the last POST's head has not come: the next one might overtake it */
	bool ended, leaving;    /* standard input; we say goodbye */
	struct loop_timer *ping;
	int value;
	struct error *e;
};

static void batch_over(void *arg, const struct error *e);

static void
batch_free(struct batch *b)
{
	if (b->at != NULL) {
		*b->at = b->next;
		if (b->next != NULL)
			b->next->at = b->at;
		b->bridge->nopen--;
	}
	exchange_close(b->exchange);
	loop_cancel(b->bridge->loop, b->again);
	answer_free(&b->answer);
	bytes_free(&b->body);
	bytes_free(&b->problem);
	free(b->where);
	free(b);
}

static struct batch *
batch_new(struct bridge *r)
{
	struct batch *b = xmalloc(sizeof(*b));

	*b = (struct batch){ .bridge = r };
	return b;
}

/* ---- the end */

static void
stop(struct bridge *r, int value)
{
	r->value = value;
	loop_stop(r->loop, 0);
}

static void
said_goodbye(void *arg, const struct error *e)
{
	(void)e;
	stop(arg, 0);
}

static void
goodbye_late(void *arg)
{
	stop(arg, 0);
}

static void
goodbye_head(void *arg, long status, const char *type, const char *where)
{
	(void)arg;
	(void)status;
	(void)type;
	(void)where;
}

static bool
goodbye_body(void *arg, const char *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return true;
}

/* All is answered: the session is over at once, and not when it is missed. */
static void
leave(struct bridge *r)
{
	static const struct exchange_events events = { goodbye_head, goodbye_body, said_goodbye };
	AUTO_FREE char *session = xformat("Mci-Session: %s/%lld", r->session, (long long)r->posts);
	const char *headers[] = { session, NULL };
	struct bytes none = { 0 };

	if (r->leaving)
		return;
	r->leaving = true;
	link_finish(r->link);
	loop_cancel(r->loop, r->ping);
	r->ping = NULL;
	if (r->posts == 0) {
		loop_after(r->loop, 0, goodbye_late, r);
		return;
	}
	http_ask(r->http, "DELETE", PATH, headers, &none, &events, r);
	loop_after(r->loop, GOODBYE, goodbye_late, r);
}

/* The link is lost, as one of a socket would be, for all that is open. */
static void
lost(struct bridge *r, const struct error *why, bool cut)
{
	AUTO_BYTES line = { 0 };

	if (r->leaving)
		return;
	r->leaving = true;
	*r->e = *why;
	if (!cut) {
		rpc_complaint(&line, 0, contract_error_for(why->code)->name, why->text);
		link_send(r->link, line.data, line.len);
	}
	link_flush(r->link);
	stop(r, -1);
}

/* ---- answers */

static void
batch_head(void *arg, long status, const char *type, const char *where)
{
	struct batch *b = arg;

	b->headed = true;
	b->status = status;
	b->says = verdict_find(status, type);
	/* the next one has to wait as long as it does */
	b->bridge->unheaded = b->says != NULL && b->says->what == VERDICT_WAITS;
	b->where = where == NULL ? NULL : xstrdup(where);
}

static bool
batch_body(void *arg, const char *p, size_t n)
{
	struct batch *b = arg;
	struct bridge *r = b->bridge;
	AUTO_BYTES out = { 0 };
	struct error e;

	if (r->link == NULL)
		return true;
	if (b->says != NULL) {
		bytes_add(&b->problem, p, b->problem.len + n < PROBLEM ? n : PROBLEM - b->problem.len);
		return true;
	}
	/* in the order of a socket, which those count on who ask a service for one thing after the other */
	if (b->next != NULL || link_unsent(r->link) > LINK_PAUSE) {
		b->held = true;
		return false;
	}
	if (answer_take(&b->answer, (struct span){ p, n }, &out, &e) < 0) {
		error_before(&e, "%s: ", r->url);
		/* whoever asked may try again: another time it may be the server that answers */
		e.code = ERROR_DISCONNECTED;
		if (out.len > 0)
			link_send(r->link, out.data, out.len);
		lost(r, &e, false);
		return true;
	}
	if (out.len > 0 && link_send(r->link, out.data, out.len) < 0)
		stop(r, 128 + SIGPIPE);
	return true;
}

/* The oldest may go on, whatever it waited for. */
static void
go_on(struct bridge *r)
{
	struct batch *b = r->open;

	while (b != NULL && b->next != NULL)
		b = b->next;
	if (b == NULL || !b->held)
		return;
	b->held = false;
	exchange_go_on(b->exchange);
}

/* A status that says no: of these requests, or of the link. */
static void
batch_refused(struct batch *b)
{
	struct bridge *r = b->bridge;
	AUTO_BYTES line = { 0 };
	struct error e;

	verdict_explain(b->says, r->url, b->status, b->where,
	    (struct span){ b->problem.data, b->problem.len }, &e);
	if (b->says->what == VERDICT_LOSES) {
		lost(r, &e, false);
		return;
	}
	answer_refuse(&b->answer, &line, contract_error_for(e.code)->name, e.text);
	if (r->link != NULL)
		link_send(r->link, line.data, line.len);
}

static void post(struct bridge *r, struct batch *b);

static void
again_due(void *arg)
{
	struct batch *b = arg;

	b->again = NULL;
	post(b->bridge, b);
}

/* The same POST once more, under its number: nobody has looked at it. */
static void
wait_again(struct batch *b)
{
	exchange_take_back(b->exchange, &b->body);
	b->exchange = NULL;
	b->says = NULL;
	b->headed = false;
	b->problem.len = 0;
	b->tries++;
	b->again = loop_after(b->bridge->loop, PAUSE, again_due, b);
}

static void
batch_over(void *arg, const struct error *why)
{
	struct batch *b = arg;
	struct bridge *r = b->bridge;
	struct error e = *why;
	bool stream = b->answer.stream;

	if (e.code == ERROR_NONE && b->says != NULL && b->says->what == VERDICT_WAITS && b->tries < TRIES &&
	    !r->leaving) {
		wait_again(b);
		return;
	}
	b->exchange = NULL;
	r->unheaded = r->unheaded && b->headed && (b->says == NULL || b->says->what != VERDICT_WAITS);
	if (e.code == ERROR_NONE && b->says != NULL)
		batch_refused(b);
	else if (e.code != ERROR_NONE)
		lost(r, &e, stream);
	else if (answer_end(&b->answer, &e) < 0) {
		error_before(&e, "%s: ", r->url);
		lost(r, &e, stream);
	}
	batch_free(b);
	go_on(r);
	/* a stream has taken the link over: with it that ends */
	if (stream)
		leave(r);
}

/* ---- requests */

static void
post(struct bridge *r, struct batch *b)
{
	static const struct exchange_events events = { batch_head, batch_body, batch_over };
	AUTO_FREE char *session = xformat("Mci-Session: %s/%lld", r->session, (long long)b->number);
	const char *headers[] = { "Content-Type: application/x-ndjson", "Accept: application/x-ndjson",
	    session, NULL };

	r->unheaded = true;
	b->exchange = http_ask(r->http, "POST", PATH, headers, &b->body, &events, b);
}

/* A new one, the next. */
static void
post_new(struct bridge *r, struct batch *b)
{
	b->number = ++r->posts;
	b->next = r->open;
	b->at = &r->open;
	if (b->next != NULL)
		b->next->at = &b->next;
	r->open = b;
	r->nopen++;
	post(r, b);
}

static void
ping_due(void *arg)
{
	struct bridge *r = arg;

	r->ping = loop_after(r->loop, PING, ping_due, r);
	if (r->nopen == 0 && r->posts > 0 && !r->leaving)
		post_new(r, batch_new(r));
}

/* The end of a round: all that it brought goes together. */
static void
round_over(void *arg)
{
	struct bridge *r = arg;
	bool ready = r->filling != NULL && !r->data;

	if (r->leaving)
		return;
	if (ready && !r->unheaded && r->nopen < BATCHES) {
		struct batch *b = r->filling;

		r->filling = NULL;
		link_pause(r->link, 0);
		post_new(r, b);
	}
	if (r->ended && r->filling == NULL && r->nopen == 0)
		leave(r);
}

static struct batch *
filling(struct bridge *r)
{
	if (r->filling == NULL)
		r->filling = batch_new(r);
	return r->filling;
}

static void
filled(struct bridge *r)
{
	if (r->filling->body.len >= BATCH)
		link_pause(r->link, 1);
}

/* More data than a request may have: neither goes there. */
static bool
is_too_much(struct bridge *r, const struct message *m, uint64_t data)
{
	AUTO_BYTES line = { 0 };
	AUTO_FREE char *text = NULL;

	if (data <= CONTRACT_DATA_LIMIT)
		return false;
	text = xformat("a request has at most %d bytes of data", CONTRACT_DATA_LIMIT);
	rpc_refusal(&line, m->id, contract_error("limit"), text);
	link_send(r->link, line.data, line.len);
	return true;
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct bridge *r = arg;
	struct message m;
	const struct contract_method *row;
	uint64_t data = 0;

	(void)fds;
	(void)nfds;
	if (message_read(&m, line.p, line.n, NULL) < 0) {
		/* it is complained of there */
		filling(r)->answer.loose = true;
	} else if (m.kind == MESSAGE_REQUEST) {
		row = contract_any_method(m.method);
		data = row == NULL ? 0 : rpc_data(row, m.params);
		link_data(l, data);
		r->data = data > 0;
		r->skips = is_too_much(r, &m, data);
		if (r->skips)
			return;
		answer_expect(&filling(r)->answer, &m);
	}
	bytes_add(&filling(r)->body, line.p, line.n);
	bytes_char(&r->filling->body, '\n');
	filled(r);
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct bridge *r = arg;

	(void)l;
	r->data = left > 0;
	if (r->skips)
		return;
	bytes_add(&r->filling->body, piece.p, piece.n);
	filled(r);
	/* of one request that is larger than a batch */
	if (r->data)
		link_pause(r->link, 0);
}

static void
too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	AUTO_BYTES line = { 0 };
	AUTO_FREE char *text = xformat("the line is longer than %d bytes", LINE_LIMIT);

	(void)arg;
	(void)head;
	rpc_complaint(&line, number, "not-json", text);
	link_send(l, line.data, line.len);
}

static void
drained(void *arg, struct link *l)
{
	struct bridge *r = arg;

	(void)l;
	go_on(r);
}

static void
ended(void *arg, struct link *l, const struct error *why)
{
	struct bridge *r = arg;

	(void)l;
	(void)why;
	r->ended = true;
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct bridge *r = arg;

	(void)l;
	(void)why;
	r->link = NULL;
	r->leaving = true;
	stop(r, 128 + SIGPIPE);
}

static const struct link_events link_events = {
	.line = line_came,
	.data = data_came,
	.too_long = too_long,
	.drained = drained,
	.ended = ended,
	.closed = closed,
};

/* ---- all of it */

static void
session_make(struct bridge *r)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];

	kernel.random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		r->session[2 * i] = digits[bytes[i] >> 4];
		r->session[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static int
open_all(struct bridge *r, const char *url, struct error *e)
{
	AUTO_BYTES token = { 0 };
	int in, out, result = -1;

	if (login_token(&token, url, e) < 0 || address_stdio(&in, &out, e) < 0)
		return -1;
	r->loop = loop_new(e);
	if (r->loop != NULL)
		r->http = http_new(r->loop, url, bytes_string(&token), e);
	if (r->http != NULL)
		r->link = link_take(r->loop, in, out, &link_events, r, e);
	if (r->link != NULL)
		result = 0;
	explicit_bzero(token.data, token.len);
	return result;
}

int
bridge_run(const char *text, struct error *e)
{
	AUTO_FREE char *url = login_url(text, e);
	struct bridge r = { .url = url, .e = e };

	if (url == NULL)
		return -1;
	session_make(&r);
	signal(SIGPIPE, SIG_IGN);
	if (open_all(&r, url, e) < 0) {
		r.value = -1;
	} else {
		r.ping = loop_after(r.loop, PING, ping_due, &r);
		loop_on_idle(r.loop, round_over, &r);
		if (loop_run(r.loop, e) < 0)
			r.value = -1;
		/* what was answered is read at the reader's pace */
		while (r.link != NULL && link_unsent(r.link) > 0 && loop_round(r.loop, -1, NULL) == 0)
			;
	}
	while (r.open != NULL)
		batch_free(r.open);
	if (r.filling != NULL)
		batch_free(r.filling);
	link_close(r.link);
	http_free(r.http);
	if (r.loop != NULL)
		loop_free(r.loop);
	return r.value;
}
