#include "client.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "contract.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "link.h"
#include "memory.h"
#include "message.h"

/* How often a command looks whether a server whose queue is full has room now. */
#define RETRY (5 * MILLISECOND)

struct call {
	int64_t id;
	client_done *done;
	void *arg;
	struct call *next;
};

struct client {
	struct loop *loop;
	struct link *link; /* NULL when it was lost */
	char *address;
	struct call *calls, **last;
	int64_t id;
	int *fds, nfds;    /* that came with the reply being told; -1: taken */
	struct error why;  /* what the other side said before the link was lost */
	struct loop_timer *lost;
};

void
client_request(struct bytes *line, int64_t id, const char *method, struct span params)
{
	bytes_text(line, "{\"jsonrpc\":\"2.0\",\"id\":");
	bytes_number(line, id);
	emit_text(line, "method", method);
	if (params.n > 0)
		emit_raw(line, "params", params);
	/* JSON that a person wrote may go over several lines; in a valid string there is no raw newline */
	for (size_t i = 0; i < line->len; i++) {
		if (line->data[i] == '\n')
			line->data[i] = ' ';
	}
	emit_line(line);
}

static int
request_fits(const struct bytes *line, struct error *e)
{
	if (line->len <= LINE_LIMIT)
		return 0;
	return error_set(e, ERROR_LIMIT, "the request has %zu bytes, a line may have %d", line->len,
	    LINE_LIMIT);
}

void
client_reply_error(const struct message *m, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct scan_value v;
	int64_t code = 0;

	if (message_member(m->error.p, m->error.n, "code", &v, NULL) == 1)
		scan_integer(&v, INT32_MIN, INT32_MAX, &code, NULL);
	if (message_member(m->error.p, m->error.n, "message", &v, NULL) == 1)
		scan_text(&v, &text, NULL);
	error_set(e, contract_error_code((long)code), "%s",
	    text.len > 0 ? bytes_string(&text) : "an error without a message");
}

void
client_line_error(const struct message *m, struct error *e)
{
	AUTO_BYTES name = { 0 }, text = { 0 };
	const struct contract_error *row;
	struct scan_value v;

	if (message_member(m->line.p, m->line.n, "error", &v, NULL) == 1)
		scan_text(&v, &name, NULL);
	if (message_member(m->line.p, m->line.n, "text", &v, NULL) == 1)
		scan_text(&v, &text, NULL);
	row = contract_error(bytes_string(&name));
	error_set(e, row != NULL ? row->is : ERROR_INTERNAL, "%s", bytes_string(&text));
}

/* What a lost link means for what was open: the other side's last word, else how it was lost. */
static void
lost_error(const char *address, const struct error *said, const struct error *why, struct error *e)
{
	if (said->code != ERROR_NONE)
		*e = *said;
	else if (why != NULL && why->code != ERROR_NONE)
		error_set(e, ERROR_DISCONNECTED, "%s: %s", address, why->text);
	else
		error_set(e, ERROR_DISCONNECTED, "%s: the other end closed the connection", address);
}

static void
fail_all(struct client *c, const struct error *e)
{
	struct call *call;

	/* a callback may call again: that call fails in the next round, not here */
	struct call *calls = c->calls;
	c->calls = NULL;
	c->last = &c->calls;
	while ((call = calls) != NULL) {
		calls = call->next;
		call->done(call->arg, (struct span){ NULL, 0 }, e);
		free(call);
	}
}

static void
on_lost(void *arg)
{
	struct client *c = arg;
	struct error e = c->why;

	c->lost = NULL;
	fail_all(c, &e);
}

static void
on_reply(struct client *c, const struct message *m)
{
	struct scan_value id = { SCAN_NUMBER, m->id };
	struct error e = { 0 };
	struct call **at, *call;
	int64_t number;

	if (m->id.n == 0 || m->id.p[0] == '"' || scan_integer(&id, 1, INT64_MAX, &number, NULL) < 0)
		return;
	for (at = &c->calls; *at != NULL && (*at)->id != number; at = &(*at)->next)
		;
	call = *at;
	if (call == NULL)
		return;
	*at = call->next;
	if (*at == NULL)
		c->last = at;
	if (m->error.n > 0)
		client_reply_error(m, &e);
	call->done(call->arg, m->error.n > 0 ? (struct span){ NULL, 0 } : m->result, &e);
	free(call);
}

/* Closes what nobody took. */
static void
drop(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		memory_close(&fds[i]);
}

/* Takes up to max of n descriptors; how many. */
static int
take(int *from, int n, int *into, int max)
{
	int taken = n < max ? n : max;

	for (int i = 0; i < taken; i++) {
		into[i] = from[i];
		from[i] = -1;
	}
	return taken;
}

static void
client_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct client *c = arg;
	struct message m;

	(void)l;
	c->fds = fds;
	c->nfds = nfds;
	if (message_read(&m, line.p, line.n, NULL) == 0) {
		if (m.kind == MESSAGE_EVENT && span_is(m.type, "error"))
			client_line_error(&m, &c->why);
		else if (m.kind == MESSAGE_REPLY)
			on_reply(c, &m); /* c may be closed in there */
	}
	drop(fds, nfds);
}

static void
client_closed(void *arg, struct link *l, const struct error *why)
{
	struct client *c = arg;
	struct error e;

	(void)l;
	c->link = NULL;
	lost_error(c->address, &c->why, why, &e);
	c->why = e;
	fail_all(c, &e); /* c may be closed in there */
}

static const struct link_events client_events = { .line = client_line, .closed = client_closed };

struct client *
client_open(struct loop *loop, const char *address, struct error *e)
{
	struct client *c = xmalloc(sizeof(*c));
	struct address a;

	*c = (struct client){ .loop = loop };
	c->last = &c->calls;
	if (address_parse(&a, address, e) < 0) {
		free(c);
		return NULL;
	}
	c->link = connect_open(loop, &a, &client_events, c, e);
	address_free(&a);
	if (c->link == NULL) {
		free(c);
		return NULL;
	}
	c->address = xstrdup(address);
	return c;
}

void
client_call(struct client *c, const char *method, struct span params, client_done *done, void *arg)
{
	client_call_data(c, method, params, (struct span){ NULL, 0 }, done, arg);
}

int
client_fds(struct client *c, int *fds, int max)
{
	return take(c->fds, c->nfds, fds, max);
}

void
client_call_data(struct client *c, const char *method, struct span params, struct span data,
    client_done *done, void *arg)
{
	AUTO_BYTES line = { 0 };
	struct call *call = xmalloc(sizeof(*call));

	*call = (struct call){ .id = ++c->id, .done = done, .arg = arg };
	*c->last = call;
	c->last = &call->next;
	client_request(&line, call->id, method, params);
	if (c->link != NULL && request_fits(&line, &c->why) == 0) {
		bytes_add(&line, data.p, data.n);
		if (link_send(c->link, line.data, line.len) == 0)
			return;
	}
	/* nothing may be lost in the middle: a link that cannot take a request is as good as lost */
	link_close(c->link);
	c->link = NULL;
	if (c->why.code == ERROR_NONE)
		error_set(&c->why, ERROR_DISCONNECTED, "%s: the link takes no more", c->address);
	if (c->lost == NULL)
		c->lost = loop_after(c->loop, 0, on_lost, c);
}

int
client_post(struct client *c, struct span line)
{
	return c->link == NULL ? -1 : link_send(c->link, line.p, line.n);
}

void
client_close(struct client *c)
{
	struct error e;

	if (c == NULL)
		return;
	error_set(&e, ERROR_DISCONNECTED, "%s: closed", c->address);
	loop_cancel(c->loop, c->lost);
	link_close(c->link);
	c->link = NULL;
	while (c->calls != NULL)
		fail_all(c, &e);
	loop_cancel(c->loop, c->lost);
	free(c->address);
	free(c);
}

/* One conversation of a command, which waits for it. */
struct talk {
	struct loop *loop;
	struct link *link;
	const char *address;
	struct bytes *result;                           /* of the reply */
	int *fds, nfds;                                 /* room for what comes with it, how many */
	int (*each)(void *arg, struct span line);       /* a stream's lines */
	void *arg;
	struct span rest;                               /* lines to post */
	bool replied, posts, over;
	int reader;                                     /* of what each prints; -1: nobody to watch */
	int value;
	struct error said, *e;
};

static void
talk_over(struct talk *t, int value)
{
	t->over = true;
	t->value = value;
	link_close(t->link);
	t->link = NULL;
}

static void
talk_reply(struct talk *t, const struct message *m)
{
	t->replied = true;
	if (m->error.n > 0) {
		client_reply_error(m, t->e);
		talk_over(t, -1);
		return;
	}
	if (t->result != NULL)
		bytes_add(t->result, m->result.p, m->result.n);
	if (t->each == NULL)
		talk_over(t, 0);
}

static void
talk_stream(struct talk *t, const struct message *m)
{
	int value;

	if (span_is(m->type, "eof")) {
		talk_over(t, 0);
		return;
	}
	value = t->each(t->arg, m->line);
	if (value != 0)
		talk_over(t, value);
}

/* A complaint: the first one counts. It is about the request when that has no reply yet. */
static void
talk_error(struct talk *t, const struct message *m)
{
	if (t->said.code == ERROR_NONE)
		client_line_error(m, &t->said);
	if (t->posts)
		return;
	*t->e = t->said;
	talk_over(t, -1);
}

static void
talk_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct talk *t = arg;
	struct message m;

	(void)l;
	if (message_read(&m, line.p, line.n, NULL) < 0) {
		drop(fds, nfds);
		return;
	}
	if (m.kind == MESSAGE_REPLY && !t->replied && !t->posts) {
		t->nfds = take(fds, nfds, t->fds, t->nfds);
		drop(fds, nfds);
		talk_reply(t, &m);
		return;
	}
	drop(fds, nfds);
	if (m.kind == MESSAGE_EVENT && t->replied)
		talk_stream(t, &m);
	else if (m.kind == MESSAGE_EVENT && span_is(m.type, "error"))
		talk_error(t, &m);
}

static void
talk_closed(void *arg, struct link *l, const struct error *why)
{
	struct talk *t = arg;
	bool clean = t->posts && t->rest.n == 0 && why->code == ERROR_NONE;

	(void)l;
	t->link = NULL;
	t->over = true;
	t->value = clean && t->said.code == ERROR_NONE ? 0 : -1;
	if (t->value < 0)
		lost_error(t->address, &t->said, why, t->e);
}

/* Gives the link as many whole lines as it takes for now; the end of sending behind the last. */
static void
talk_post(void *arg, struct link *l)
{
	struct talk *t = arg;

	if (!t->posts)
		return;
	while (t->rest.n > 0 && link_unsent(l) == 0) {
		size_t n = t->rest.n;
		const char *end;

		if (n > LINE_LIMIT) {
			end = memrchr(t->rest.p, '\n', LINE_LIMIT);
			n = end == NULL ? LINE_LIMIT : (size_t)(end - t->rest.p) + 1;
		}
		if (link_send(l, t->rest.p, n) < 0)
			return;
		t->rest.p += n;
		t->rest.n -= n;
	}
	if (t->rest.n == 0)
		link_finish(l);
}

static const struct link_events talk_events = {
	.line = talk_line,
	.drained = talk_post,
	.closed = talk_closed,
};

/* Connects, waiting for room in a full queue; 0 or -1. */
static int
talk_open(struct talk *t, int64_t deadline)
{
	struct address a;

	if (address_parse(&a, t->address, t->e) < 0)
		return -1;
	for (;;) {
		t->link = connect_open(t->loop, &a, &talk_events, t, t->e);
		if (t->link != NULL || t->e->code != ERROR_BUSY ||
		    (deadline >= 0 && kernel.now() >= deadline))
			break;
		loop_round(t->loop, kernel.now() + RETRY, NULL);
	}
	address_free(&a);
	return t->link == NULL ? -1 : 0;
}

static void
talk_wait(struct talk *t, int64_t deadline)
{
	while (!t->over) {
		if (deadline >= 0 && kernel.now() >= deadline) {
			error_set(t->e, ERROR_BUSY, "%s: no reply in time", t->address);
			talk_over(t, -1);
		} else if (loop_round(t->loop, deadline, t->e) < 0) {
			talk_over(t, -1);
		}
	}
}

/* Whoever reads what each prints has left: no line may ever come that would tell us. */
static void
talk_unread(void *arg, uint32_t events)
{
	(void)events;
	talk_over(arg, 128 + SIGPIPE);
}

/* Sends the request (or posts the lines) and waits for the end of it. */
static int
talk(struct talk *t, const struct bytes *request, int64_t timeout, struct error *e)
{
	struct error unused;
	int64_t deadline = timeout < 0 ? -1 : kernel.now() + timeout;

	t->e = e != NULL ? e : &unused;
	t->loop = loop_new(t->e);
	if (t->loop == NULL)
		return -1;
	t->value = -1;
	if (talk_open(t, deadline) == 0) {
		if (t->posts)
			talk_post(t, t->link);
		else
			link_send(t->link, request->data, request->len);
		/* a regular file cannot be watched, and never leaves */
		if (t->reader >= 0)
			loop_watch(t->loop, t->reader, 0, talk_unread, t, NULL);
		talk_wait(t, deadline);
	}
	connect_reap(t->loop);
	loop_free(t->loop);
	return t->value;
}

int
call_once(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, struct error *e)
{
	struct talk t = { .address = address, .result = result, .reader = -1 };
	AUTO_BYTES line = { 0 };

	client_request(&line, 1, method, params);
	return request_fits(&line, e) < 0 ? -1 : talk(&t, &line, timeout, e);
}

int
call_fds(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, int *fds, int *nfds, struct error *e)
{
	struct talk t = { .address = address, .result = result, .reader = -1, .fds = fds,
		.nfds = *nfds };
	AUTO_BYTES line = { 0 };
	int value;

	client_request(&line, 1, method, params);
	value = request_fits(&line, e) < 0 ? -1 : talk(&t, &line, timeout, e);
	*nfds = t.replied ? t.nfds : 0;
	return value;
}

int
call_stream(const char *address, const char *method, struct span params, int reader,
    int (*each)(void *arg, struct span line), void *arg, struct error *e)
{
	struct talk t = { .address = address, .each = each, .arg = arg, .reader = reader };
	AUTO_BYTES line = { 0 };

	client_request(&line, 1, method, params);
	return request_fits(&line, e) < 0 ? -1 : talk(&t, &line, -1, e);
}

int
call_post(const char *address, struct span lines, struct error *e)
{
	struct talk t = { .address = address, .posts = true, .rest = lines, .reader = -1 };

	return talk(&t, NULL, -1, e);
}
