#include "logfeed.h"

#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "dial.h"
#include "emit.h"
#include "link.h"
#include "memory.h"
#include "rpc.h"
#include "timestamp.h"

struct logfeed {
	struct logfeed_wish wish;
	char *build, *job;
	struct dial dial;
	const struct logfeed_events *events;
	void *arg;
	int64_t at;   /* the next byte that is wanted */
	int64_t when; /* of the piece that comes */
	bool begun, paused;
};

static int ask(struct logfeed *f, struct error *e);

static void
over(struct logfeed *f, bool truncated, const struct error *why)
{
	dial_drop(&f->dial);
	f->events->over(f->arg, truncated, why);
}

static void
again(void *arg)
{
	struct logfeed *f = arg;

	if (ask(f, NULL) < 0)
		dial_pause(&f->dial);
}

static void
reply_came(struct logfeed *f, const struct message *m)
{
	struct error e;

	if (m->error.n == 0) {
		f->begun = true;
		backoff_over(&f->dial.backoff);
		return;
	}
	rpc_reply_error(m, &e);
	if (f->begun && rpc_passing(&e)) {
		dial_drop(&f->dial);
		dial_pause(&f->dial);
	} else {
		over(f, false, &e);
	}
}

static void
chunk_came(struct logfeed *f, struct link *l, const struct message *m)
{
	struct error e;

	if (message_integer(m->line, "offset", -1) != f->at) {
		error_set(&e, ERROR_INTERNAL, "the log server sent bytes that were not asked for");
		over(f, false, &e);
		return;
	}
	f->when = 0;
	if (m->time.n > 0)
		(void)timestamp_parse(m->time.p, m->time.n, &f->when, NULL);
	link_data(l, (uint64_t)message_integer(m->line, "data", 0));
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct logfeed *f = arg;
	struct message m;
	struct error e = { .code = ERROR_NONE };

	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0)
		over(f, false, &e);
	else if (m.kind == MESSAGE_REPLY)
		reply_came(f, &m);
	else if (span_is(m.type, "log/chunk"))
		chunk_came(f, l, &m);
	else if (span_is(m.type, "eof"))
		over(f, message_true(m.line, "truncated"), &e);
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct logfeed *f = arg;

	(void)l;
	(void)left;
	f->at += (int64_t)piece.n;
	f->events->bytes(f->arg, piece, f->when);
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct logfeed *f = arg;
	struct error e = *why;

	(void)l;
	dial_lost(&f->dial);
	if (f->begun) {
		dial_pause(&f->dial);
		return;
	}
	error_set(&e, ERROR_DISCONNECTED, "the log server is away");
	f->events->over(f->arg, false, &e);
}

static const struct link_events link_events = { .line = line_came, .data = data_came, .closed = closed };

static int
ask(struct logfeed *f, struct error *e)
{
	const struct logfeed_wish *w = &f->wish;
	AUTO_BYTES params = { 0 }, line = { 0 };

	if (dial_now(&f->dial, e) < 0)
		return -1;
	emit_open(&params);
	emit_text(&params, "build", f->build);
	emit_integer(&params, "run", w->run);
	emit_text(&params, "job", f->job);
	emit_integer(&params, "attempt", w->attempt);
	emit_integer(&params, "from", f->at);
	if (w->to >= 0)
		emit_integer(&params, "to", w->to);
	if (w->times)
		emit_bool(&params, "times", true);
	if (w->packed)
		emit_bool(&params, "packed", true);
	bytes_char(&params, '}');
	rpc_request(&line, 1, w->to >= 0 ? "log/read" : "log/follow",
	    (struct span){ params.data, params.len });
	link_send(f->dial.link, line.data, line.len);
	link_pause(f->dial.link, f->paused);
	return 0;
}

struct logfeed *
logfeed_open(struct loop *loop, const char *address, const struct logfeed_wish *w,
    const struct logfeed_events *events, void *arg, struct error *e)
{
	struct logfeed *f = xmalloc(sizeof(*f));

	*f = (struct logfeed){ .wish = *w, .build = xstrdup(w->build), .job = xstrdup(w->job),
		.events = events, .arg = arg, .at = w->from };
	if (dial_init(&f->dial, loop, address, &link_events, again, f, e) == 0 && ask(f, e) == 0)
		return f;
	logfeed_close(f);
	return NULL;
}

void
logfeed_pause(struct logfeed *f, bool paused)
{
	if (f->paused == paused)
		return;
	f->paused = paused;
	if (f->dial.link != NULL)
		link_pause(f->dial.link, paused);
}

void
logfeed_close(struct logfeed *f)
{
	if (f == NULL)
		return;
	dial_close(&f->dial);
	free(f->build);
	free(f->job);
	free(f);
}
