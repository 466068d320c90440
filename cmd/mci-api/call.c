#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "rights.h"
#include "rpc.h"
#include "session.h"
#include "standing.h"
#include "visibility.h"

/* Data goes to the door in pieces of so many bytes. */
#define PIECE ((size_t)64 * 1024)
/* Answers that wait in memory while their reader does not take them. */
#define BEHIND ((size_t)256 * 1024)
#define MEDIA "application/x-ndjson"
/* What who has none is told, as who speaks these lines shows one. */
#define TOKEN_NEEDED "a token is needed: 'mci login URL', or MCI_TOKEN"
/* An id of our own, which no client's line can have: a control character stands in it. */
#define BARRIER "\"\\u0001passed\""

/* ---- what comes from the door */

static struct turn *
turn_of(struct session *s, struct span id, size_t *index)
{
	for (struct turn *t = s->turns; t != NULL; t = t->next) {
		for (size_t i = 0; i < t->nids; i++) {
			if (t->ids[i].id.len == id.n && memcmp(t->ids[i].id.data, id.p, id.n) == 0) {
				*index = i;
				return t;
			}
		}
	}
	return NULL;
}

static void
id_over(struct turn *t, size_t i)
{
	bytes_free(&t->ids[i].id);
	t->ids[i] = t->ids[--t->nids];
	t->open--;
}

static void
say(struct turn *t, struct span line)
{
	bytes_add(&t->out, line.p, line.n);
	bytes_char(&t->out, '\n');
}

static void
line_came(struct session *s, struct span line)
{
	struct turn *t = s->turns;
	const struct contract_method *row;
	struct message m;
	size_t i;

	if (message_read(&m, line.p, line.n, NULL) < 0)
		return;
	if (m.kind == MESSAGE_REPLY)
		t = turn_of(s, m.id, &i);
	if (m.kind != MESSAGE_REPLY || t == NULL) {
		/* a complaint, of an event or of what is none: of the oldest that waits for its barrier */
		for (t = s->turns; t != NULL && !t->barrier;)
			t = t->next;
		if (t != NULL)
			say(t, line);
		return;
	}
	row = t->ids[i].row;
	s->left = rpc_reply_data(row, m.result);
	s->bulk = s->left > 0 ? t : NULL;
	id_over(t, i);
	if (span_is(m.id, BARRIER)) {
		t->barrier = false;
		return;
	}
	say(t, line);
	if (row != NULL && row->stream && m.error.n == 0)
		s->stream = t;
}

static void
wake_all(struct session *s)
{
	for (struct turn *t = s->turns; t != NULL; t = t->next)
		exchange_wake(t->ask->x);
}

static size_t
behind(const struct session *s)
{
	size_t n = 0;

	for (const struct turn *t = s->turns; t != NULL; t = t->next)
		n += t->out.len - t->given;
	return n;
}

/* The next that has come of the bytes behind a reply, or a line. false: nothing more is whole. */
static bool
take_next(struct session *s)
{
	struct span piece;
	enum line_result got;

	if (s->bulk != NULL) {
		piece = line_take(&s->reader, s->left);
		bytes_add(&s->bulk->out, piece.p, piece.n);
		s->left -= piece.n;
		if (s->left == 0)
			s->bulk = NULL;
		return piece.n > 0;
	}
	got = line_next(&s->reader, &piece);
	if (got == LINE_OK)
		line_came(s, piece);
	return got != LINE_NONE;
}

static void readable(void *arg, uint32_t events);

static void
await(struct session *s)
{
	if (!s->waits && s->from >= 0 && loop_watch(s->loop, s->from, EPOLLIN, readable, s, NULL) == 0)
		s->waits = true;
}

static void
readable(void *arg, uint32_t events)
{
	struct session *s = arg;
	ssize_t n;

	(void)events;
	loop_forget(s->loop, s->from);
	s->waits = false;
	if (s->stream != NULL) {
		/* its reader takes it from there itself */
		exchange_wake(s->stream->ask->x);
		return;
	}
	n = line_read(&s->reader, s->from);
	while (s->stream == NULL && take_next(s))
		;
	if (s->stream != NULL) {
		struct span more = line_take(&s->reader, UINT64_MAX);

		bytes_add(&s->stream->out, more.p, more.n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		session_cut(s);
		return;
	}
	if (s->stream == NULL && behind(s) < BEHIND)
		await(s);
	wake_all(s);
}

/* ---- answers */

/* A piece of what the service streams, as much as is taken now. */
static ssize_t
read_stream(struct session *s, char *p, size_t n)
{
	ssize_t got = s->from < 0 ? 0 : kernel.read(s->from, p, n);

	if (got > 0)
		return got;
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		await(s);
		return 0;
	}
	/* it has its own end: whoever misses that knows that it was cut */
	return -1;
}

static ssize_t
turn_read(void *arg, char *p, size_t n)
{
	struct turn *t = arg;
	struct session *s = t->session;
	size_t left = t->out.len - t->given;

	if (left > 0) {
		n = n < left ? n : left;
		memcpy(p, t->out.data + t->given, n);
		t->given += n;
		if (t->given == t->out.len) {
			bytes_free(&t->out);
			t->given = 0;
		}
		if (s->stream == NULL && behind(s) < BEHIND)
			await(s);
		return (ssize_t)n;
	}
	if (s->stream == t)
		return read_stream(s, p, n);
	if (t->passed && t->open == 0 && s->bulk != t)
		return -1;
	return s->from < 0 ? -2 : 0;
}

/* The POST is over, in whatever way. */
static void
turn_over(void *arg)
{
	struct turn *t = arg, **at;
	struct session *s = t->session;
	bool cut = t->open > 0 || s->stream == t || s->bulk == t || !t->passed;

	for (at = &s->turns; *at != t; at = &(*at)->next)
		;
	*at = t->next;
	if (s->stream == t)
		s->stream = NULL;
	if (s->bulk == t)
		s->bulk = NULL;
	while (t->nids > 0)
		id_over(t, 0);
	free(t->ids);
	if (t->asks != 0)
		client_cancel(t->asked, t->asks);
	bytes_free(&t->line);
	bytes_free(&t->id);
	bytes_free(&t->out);
	free(t);
	/* nobody knows what of it was done: to the services its connection is lost */
	if (cut)
		session_cut(s);
	else
		session_rest(s);
}

/* The head goes out at once: the next POST may come, and is passed on behind this one. */
static void
turn_begin(struct turn *t)
{
	static const struct exchange_source source = { .read = turn_read };

	exchange_add(t->ask->x, "X-Accel-Buffering", "no");
	exchange_add(t->ask->x, "Cache-Control", "no-store");
	standing_stream(t->ask, 200, MEDIA, -1, &source, t);
}

/* ---- requests */

static void
refuse(struct turn *t, struct span id, const char *name, const char *text)
{
	if (id.n > 0)
		rpc_refusal(&t->out, id, contract_error(name), text);
	else
		rpc_complaint(&t->out, 0, name, text);
}

static void
expect(struct turn *t, struct span id, const struct contract_method *row)
{
	t->ids = xrealloc(t->ids, t->nids + 1, sizeof(*t->ids));
	t->ids[t->nids] = (struct turn_id){ .row = row };
	bytes_add(&t->ids[t->nids++].id, id.p, id.n);
	t->open++;
}

/* What the door says of it is all that comes of it: events have no replies, and what is no line gets a
 * complaint. */
static void
pass_raw(struct turn *t, struct span line)
{
	t->barrier = true;
	await(t->session);
	link_send(t->session->to, line.p, line.n);
	link_send(t->session->to, "\n", 1);
}

/* Keeps a request as it is to be sent. */
static void
hold_request(struct turn *t, const struct contract_method *row, struct span id, struct span params)
{
	t->row = row;
	t->line.len = t->id.len = 0;
	bytes_text(&t->line, "{\"jsonrpc\":\"2.0\"");
	if (id.n > 0) {
		bytes_add(&t->id, id.p, id.n);
		bytes_text(&t->line, ",\"id\":");
		bytes_add(&t->line, id.p, id.n);
	}
	bytes_format(&t->line, ",\"method\":\"%s\",\"params\":", row->name);
	bytes_add(&t->line, params.p, params.n);
	bytes_text(&t->line, "}\n");
}

static void
send_request(struct turn *t)
{
	if (t->id.len > 0)
		expect(t, (struct span){ t->id.data, t->id.len }, t->row);
	await(t->session);
	if (t->session->to != NULL)
		link_send(t->session->to, t->line.data, t->line.len);
}

static void feed(struct session *s);

static void
looked_up(void *arg, struct span result, const struct error *e)
{
	struct turn *t = arg;
	int public = visibility_told(result, e);
	struct span id = { t->id.data, t->id.len };

	t->asks = 0;
	if (public > 0) {
		if (t->row->stream)
			standing_watch(t->ask);
		send_request(t);
	} else if (public < 0) {
		refuse(t, id, contract_error_for(e->code)->name,
		    "whether it is public is not known: a service is away");
	} else if (t->ask->who.id == NULL) {
		refuse(t, id, "refused", TOKEN_NEEDED);
	} else {
		refuse(t, id, "not-found", "nothing of that name is here for this token");
	}
	t->skips = public <= 0;
	feed(t->session);
}

/* What everybody may read of a public repository waits until it is known whether it is. */
static void
look_up(struct turn *t, const char *repo)
{
	const struct client_wish wish = { .outage = GATEWAY_OUTAGE };

	free(t->ask->public_repo);
	t->ask->public_repo = xstrdup(repo);
	t->asks = visibility_ask(t->ask->gateway, repo, &wish, looked_up, t, &t->asked);
}

/* Passes a request on, with what it has to be narrowed by. 0, or -1 and it is refused. */
static int
pass_request(struct turn *t, const struct message *m)
{
	struct gateway_place *place = gateway_place(t->ask->gateway, m->method);
	const struct contract_method *row = place == NULL ? NULL :
	    contract_method(place->contract, m->method);
	AUTO_BYTES params = { 0 }, repo = { 0 };
	enum rights_answer answer;
	struct error e;

	if (row == NULL && contract_method(&contract_server, m->method) != NULL && 
	    (t->ask->who.org != NULL || !who_has(&t->ask->who, RIGHTS_ADMIN))) {
		refuse(t, m->id, "refused", "this is for who may do all");
		return -1;
	}
	if (row == NULL) {
		/* the door knows of no other services than we do */
		if (m->id.n > 0)
			expect(t, m->id, NULL);
		pass_raw(t, m->line);
		return 0;
	}
	t->data = rpc_data(row, m->params);
	bytes_add(&params, m->params.p, m->params.n);
	if (params.len == 0)
		bytes_text(&params, "{}");
	answer = rights_check(&t->ask->who, row, &params, &repo, &e);
	if (answer != RIGHTS_YES && answer != RIGHTS_IF_PUBLIC) {
		refuse(t, m->id, contract_error_for(e.code)->name,
		    answer == RIGHTS_UNKNOWN ? TOKEN_NEEDED : e.text);
		return -1;
	}
	hold_request(t, row, m->id, (struct span){ params.data, params.len });
	if (answer == RIGHTS_YES)
		send_request(t);
	else
		look_up(t, bytes_string(&repo));
	return 0;
}

/* Whoever may publish may post: it is the same. */
static int
pass_event(struct turn *t, const struct message *m)
{
	static const char publish[] = "event/publish";
	const struct contract_method *row = contract_any_method(
	    (struct span){ publish, sizeof(publish) - 1 });
	AUTO_BYTES params = { 0 }, repo = { 0 };
	struct error e;

	emit_open(&params);
	emit_raw(&params, "event", m->line);
	bytes_char(&params, '}');
	if (rights_check(&t->ask->who, row, &params, &repo, &e) != RIGHTS_YES) {
		refuse(t, (struct span){ NULL, 0 }, "refused", e.text);
		return -1;
	}
	pass_raw(t, m->line);
	return 0;
}

static void
pass_line(struct turn *t, struct span line)
{
	struct message m;

	t->data = 0;
	t->skips = false;
	if (message_read(&m, line.p, line.n, NULL) < 0 || line.n >= LINE_LIMIT)
		pass_raw(t, line);
	else if (m.kind == MESSAGE_REQUEST)
		t->skips = pass_request(t, &m) < 0;
	else if (m.kind == MESSAGE_EVENT)
		pass_event(t, &m);
	else
		pass_raw(t, line);
}

/* Passes on what the door takes now. */
static void
pass(struct turn *t)
{
	struct session *s = t->session;
	struct span body = exchange_body(t->ask->x);

	while (s->to != NULL && t->at < body.n && t->asks == 0 && link_unsent(s->to) < PIECE) {
		const char *p = body.p + t->at;
		size_t left = body.n - t->at;

		if (t->data > 0) {
			size_t n = t->data < left ? t->data : left;

			n = n < PIECE ? n : PIECE;
			if (!t->skips)
				link_send(s->to, p, n);
			t->data -= n;
			t->at += n;
		} else {
			const char *end = memchr(p, '\n', left);
			size_t n = end == NULL ? left : (size_t)(end - p);

			t->at += n + (end != NULL);
			if (n > 0)
				pass_line(t, (struct span){ p, n });
		}
	}
	if (t->at < body.n || t->asks != 0)
		return;
	t->passed = true;
	/* data that is not all there: the door would take the next request for it */
	if (t->data > 0 && !t->skips)
		session_cut(s);
}

static void
feed(struct session *s)
{
	static const char barrier[] = "{\"jsonrpc\":\"2.0\",\"id\":" BARRIER
	    ",\"method\":\"event/barrier\"}\n";
	struct turn *t = s->turns, *next;

	for (; t != NULL; t = next) {
		next = t->next;
		if (t->passed)
			continue;
		pass(t);
		if (!t->passed)
			return;
		if (t->barrier && s->to != NULL) {
			expect(t, (struct span){ BARRIER, sizeof(BARRIER) - 1 }, NULL);
			link_send(s->to, barrier, sizeof(barrier) - 1);
		}
		/* all was refused */
		exchange_wake(t->ask->x);
	}
}

/* ---- POST and DELETE */

/* Mci-Session: ID/N. 1, 0 where there is none, -1: it is no such thing. */
static int
read_session(struct ask *a, char id[static 33], int64_t *n)
{
	const char *text = exchange_header(a->x, "Mci-Session");

	id[0] = '\0';
	*n = 1;
	if (text == NULL)
		return 0;
	if (strspn(text, "0123456789abcdef") != 32 || text[32] != '/' ||
	    number_parse(text + 33, strlen(text + 33), 0, INT64_MAX, n, NULL) < 0)
		return -1;
	memcpy(id, text, 32);
	id[32] = '\0';
	return 1;
}

static const char *
owner_of(const struct ask *a)
{
	return a->who.id == NULL ? "" : a->who.id;
}

/* The session that the POST is of; NULL, and it is answered. */
static struct session *
session_for(struct ask *a)
{
	struct sessions *all = a->gateway->sessions;
	char id[33];
	int64_t n;
	int got = read_session(a, id, &n);
	struct session *s = got > 0 && all != NULL ? session_find(all, id, owner_of(a)) : NULL;
	struct error e;

	if (all == NULL) {
		answer_problem(a, 501, NULL, "this is for a server: one request alone has no session");
		return NULL;
	}
	if (got < 0) {
		answer_problem(a, 400, NULL, "Mci-Session: expected 32 hex digits, / and a number from 1");
		return NULL;
	}
	if ((s == NULL) != (n == 1) || (s != NULL && (n != s->posts + 1 || s->from < 0))) {
		answer_problem(a, 410, NULL, "the session is over, or this was asked before");
		return NULL;
	}
	if (s == NULL && (s = session_new(all, id, owner_of(a), feed, &e)) == NULL) {
		answer_error(a, &e);
		return NULL;
	}
	s->posts = n;
	return s;
}

void
call_lines(struct ask *a)
{
	struct session *s;
	struct turn *t, **at;

	s = session_for(a);
	if (s == NULL)
		return;
	loop_cancel(s->loop, s->idle);
	s->idle = NULL;
	t = xmalloc(sizeof(*t));
	*t = (struct turn){ .session = s, .ask = a };
	for (at = &s->turns; *at != NULL; at = &(*at)->next)
		;
	*at = t;
	a->state = t;
	a->drop = turn_over;
	turn_begin(t);
	feed(s);
}

void
call_end(struct ask *a)
{
	char id[33];
	int64_t n;
	struct session *s = NULL;

	if (a->gateway->sessions != NULL && read_session(a, id, &n) > 0)
		s = session_find(a->gateway->sessions, id, owner_of(a));
	answer_json(a, 204, (struct span){ NULL, 0 });
	if (s != NULL)
		session_cut(s);
}
