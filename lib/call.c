#include "call.h"

#include <signal.h>
#include <string.h>

#include "address.h"
#include "connect.h"
#include "kernel.h"
#include "link.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"

/* How often it is looked whether a server whose queue is full has room now. */
#define RETRY (5 * MILLISECOND)

/* The reply to one request. */
struct answer {
	struct client *client;
	struct bytes *result;
	int *fds, nfds; /* room for what comes with it, how many */
	bool came;
	int value;
	struct error *e;
};

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct answer *a = arg;

	a->came = true;
	a->value = e->code == ERROR_NONE ? 0 : -1;
	a->nfds = client_fds(a->client, a->fds, a->nfds);
	if (a->value < 0)
		*a->e = *e;
	else if (a->result != NULL)
		bytes_add(a->result, result.p, result.n);
}

static int
ask(struct answer *a, const char *address, const char *method, struct span params,
    const struct client_wish *w, const struct client_events *events, void *arg)
{
	struct loop *loop = loop_new(a->e);

	if (loop == NULL)
		return -1;
	a->value = -1;
	a->client = client_open(loop, address, events, arg, a->e);
	if (a->client != NULL) {
		client_call(a->client, method, params, w, answered, a);
		while (!a->came && loop_round(loop, -1, a->e) == 0)
			;
		client_close(a->client);
	}
	connect_reap(loop);
	loop_free(loop);
	return a->value;
}

int
call_fds(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, int *fds, int *nfds, struct error *e)
{
	struct error unused;
	struct answer a = { .result = result, .fds = fds, .nfds = *nfds, .e = e != NULL ? e : &unused };
	const struct client_wish w = { .again = CLIENT_ONCE, .limit = timeout };
	int value = ask(&a, address, method, params, &w, NULL, NULL);

	*nfds = a.came ? a.nfds : 0;
	return value;
}

int
call_once(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, struct error *e)
{
	int none = 0;

	return call_fds(address, method, params, timeout, result, NULL, &none, e);
}

int
call_insist(const char *address, const char *method, struct span params,
    const struct client_events *events, void *arg, struct error *e)
{
	struct error unused;
	struct answer a = { .e = e != NULL ? e : &unused };
	const struct client_wish w = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };

	return ask(&a, address, method, params, &w, events, arg);
}

/* A conversation that is more than a request and its reply. */
struct talk {
	struct loop *loop;
	struct link *link;
	const char *address;
	int (*each)(void *arg, struct span line);       /* a stream's lines */
	void *arg;
	struct bytes *data;                             /* of a stream; NULL: its lines are wanted */
	size_t room;                                    /* in there */
	int64_t deadline;                               /* 0: none */
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
		rpc_reply_error(m, t->e);
		talk_over(t, -1);
	}
}

static void
talk_stream(struct talk *t, const struct message *m)
{
	int value;

	if (span_is(m->type, "eof")) {
		talk_over(t, 0);
		return;
	}
	if (t->data != NULL) {
		link_data(t->link, (uint64_t)message_integer(m->line, "data", 0));
		return;
	}
	value = t->each(t->arg, m->line);
	if (value != 0)
		talk_over(t, value);
}

static void
talk_data(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct talk *t = arg;

	(void)l;
	(void)left;
	if (piece.n > t->room) {
		error_set(t->e, ERROR_LIMIT, "%s: sent more than was asked for", t->address);
		talk_over(t, -1);
		return;
	}
	bytes_add(t->data, piece.p, piece.n);
	t->room -= piece.n;
}

/* A complaint: the first one counts. It is about the request when that has no reply yet. */
static void
talk_error(struct talk *t, const struct message *m)
{
	if (t->said.code == ERROR_NONE)
		rpc_line_error(m, &t->said);
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
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, NULL) < 0)
		return;
	if (m.kind == MESSAGE_REPLY && !t->replied && !t->posts)
		talk_reply(t, &m);
	else if (m.kind == MESSAGE_EVENT && t->replied)
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
	if (t->value == 0)
		return;
	if (t->said.code != ERROR_NONE)
		*t->e = t->said;
	else if (why->code != ERROR_NONE)
		error_set(t->e, ERROR_DISCONNECTED, "%s: %s", t->address, why->text);
	else
		error_set(t->e, ERROR_DISCONNECTED, "%s: the other end closed the connection", t->address);
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
	.data = talk_data,
	.drained = talk_post,
	.asks = true,
	.closed = talk_closed,
};

/* Connects, waiting for room in a full queue; 0 or -1. */
static int
talk_open(struct talk *t)
{
	struct address a;

	if (address_parse(&a, t->address, t->e) < 0)
		return -1;
	for (;;) {
		t->link = connect_open(t->loop, &a, &talk_events, t, t->e);
		if (t->link != NULL || t->e->code != ERROR_BUSY)
			break;
		loop_round(t->loop, kernel.now() + RETRY, NULL);
	}
	address_free(&a);
	return t->link == NULL ? -1 : 0;
}

/* Whoever reads what each prints has left: no line may ever come that would tell us. */
static void
talk_unread(void *arg, uint32_t events)
{
	(void)events;
	talk_over(arg, 128 + SIGPIPE);
}

static void
talk_late(struct talk *t)
{
	error_set(t->e, ERROR_DISCONNECTED, "%s: no answer in time", t->address);
	talk_over(t, -1);
}

/* Sends the request (or posts the lines) and waits for the end of it. */
static int
talk(struct talk *t, const struct bytes *request, struct error *e)
{
	struct error unused;

	t->e = e != NULL ? e : &unused;
	t->loop = loop_new(t->e);
	if (t->loop == NULL)
		return -1;
	t->value = -1;
	if (talk_open(t) == 0) {
		if (t->posts)
			talk_post(t, t->link);
		else
			link_send(t->link, request->data, request->len);
		/* a regular file cannot be watched, and never leaves */
		if (t->reader >= 0)
			loop_watch(t->loop, t->reader, 0, talk_unread, t, NULL);
		while (!t->over) {
			if (loop_round(t->loop, t->deadline > 0 ? t->deadline : -1, t->e) < 0)
				talk_over(t, -1);
			else if (!t->over && t->deadline > 0 && kernel.now() >= t->deadline)
				talk_late(t);
		}
	}
	connect_reap(t->loop);
	loop_free(t->loop);
	return t->value;
}

/* A request whose answer is a stream. */
static int
talk_ask(struct talk *t, const char *method, struct span params, struct error *e)
{
	AUTO_BYTES line = { 0 };

	rpc_request(&line, 1, method, params);
	if (line.len > LINE_LIMIT)
		return error_set(e, ERROR_LIMIT, "the request has %zu bytes, a line may have %d", line.len,
		    LINE_LIMIT);
	return talk(t, &line, e);
}

int
call_stream(const char *address, const char *method, struct span params, int reader,
    int (*each)(void *arg, struct span line), void *arg, struct error *e)
{
	struct talk t = { .address = address, .each = each, .arg = arg, .reader = reader };

	return talk_ask(&t, method, params, e);
}

int
call_data(const char *address, const char *method, struct span params, int64_t timeout, size_t max,
    struct bytes *data, struct error *e)
{
	struct talk t = { .address = address, .data = data, .room = max, .reader = -1,
		.deadline = kernel.now() + timeout };

	return talk_ask(&t, method, params, e);
}

int
call_post(const char *address, struct span lines, struct error *e)
{
	struct talk t = { .address = address, .posts = true, .rest = lines, .reader = -1 };

	return talk(&t, NULL, e);
}
