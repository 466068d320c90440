#include "history.h"

#include <string.h>
#include <unistd.h>

#include "client.h"
#include "connect.h"
#include "dial.h"
#include "emit.h"
#include "line.h"
#include "memory.h"
#include "publisher.h"
#include "rpc.h"

/* Something that is waited for. */
struct wait {
	struct outcome *outcome;
	bool over;
	struct error *e;
	bool failed;
};

static void
fail(struct wait *w, const struct error *why)
{
	if (why->code != ERROR_FENCED || !outcome_fence(w->outcome, why->text))
		*w->e = *why;
	w->failed = w->over = true;
}

static int
wait_for(struct wait *w, struct loop *loop)
{
	while (!w->over && !w->outcome->cut) {
		if (loop_round(loop, -1, w->e) < 0)
			return -1;
	}
	return w->failed || w->outcome->cut ? -1 : 0;
}

static void
tell_outage(void *arg, const struct error *why)
{
	struct wait *w = arg;

	if (why != NULL)
		outcome_note(w->outcome, "%s: waiting for it", why->text);
}

static void
fenced(void *arg, struct span result, const struct error *e)
{
	struct wait *w = arg;

	(void)result;
	if (e->code != ERROR_NONE)
		fail(w, e);
	w->over = true;
}

int
history_fence(struct loop *loop, struct outcome *outcome, const struct order *order, struct bytes *line,
    struct error *e)
{
	static const struct client_events events = { .outage = tell_outage };
	static const struct client_wish wish = { .again = CLIENT_INSIST, .limit = CLIENT_FOREVER };
	struct wait w = { .outcome = outcome, .e = e };
	struct client *hub = client_open(loop, order->events, &events, &w, e);
	AUTO_BYTES params = { 0 };
	int result;

	if (hub == NULL)
		return -1;
	emit_event(line, "build/initializing");
	emit_text(line, "build", order->build);
	emit_integer(line, "run", order->run);
	emit_text(line, "resume", order_resumes(order) ? "workspace" : "fresh");
	bytes_char(line, '}');
	emit_open(&params);
	emit_raw(&params, "event", (struct span){ line->data, line->len });
	emit_text(&params, "sync", "disk");
	bytes_char(&params, '}');
	client_call(hub, "event/publish", (struct span){ params.data, params.len }, &wish, fenced, &w);
	result = wait_for(&w, loop);
	client_close(hub);
	connect_reap(loop);
	return result;
}

/* The log of a run that cannot tell it any more, on its way to the hub. */
struct telling {
	struct wait wait;
	struct publisher *publisher;
	int fd;
	int64_t run;      /* the last one in the log, whose own events are told */
	struct line_reader lines;
	bool read;        /* to its end */
};

static void
told(void *arg, int64_t tag, int64_t repeats)
{
	struct telling *t = arg;

	(void)tag;
	(void)repeats;
	t->wait.over |= t->read && publisher_waiting(t->publisher) == 0;
}

/* What it does not take is not its build's any more. */
static void
untold(void *arg, int64_t tag, const struct error *why)
{
	struct telling *t = arg;

	(void)tag;
	t->wait.over |= why->code == ERROR_FENCED;
}

static void
tell_on(void *arg)
{
	struct telling *t = arg;
	struct span line;
	struct message m;

	while (!t->read && !publisher_full(t->publisher)) {
		t->read = line_read(&t->lines, t->fd) <= 0;
		while (line_next(&t->lines, &line) == LINE_OK) {
			if (line.n <= PUBLISHER_EVENT && message_read(&m, line.p, line.n, NULL) == 0 &&
			    m.seq > 0 && (m.run > 0 ? m.run : 1) == t->run)
				publisher_add(t->publisher, line, m.seq);
		}
	}
	publisher_go(t->publisher);
	t->wait.over |= t->read && publisher_waiting(t->publisher) == 0;
}

static void
tell_outage_of(void *arg, const struct error *why)
{
	struct telling *t = arg;

	tell_outage(&t->wait, why);
}

/* The last line says of which run it is, as a run copies what was before it. */
static int64_t
run_of(int fd)
{
	struct line_reader lines = { 0 };
	struct span line;
	struct message m;
	int64_t run = 0;

	while (line_read(&lines, fd) > 0) {
		while (line_next(&lines, &line) == LINE_OK) {
			if (message_read(&m, line.p, line.n, NULL) == 0 && m.seq > 0)
				run = m.run > 0 ? m.run : 1;
		}
	}
	line_free(&lines);
	return run;
}

int
history_tell(struct loop *loop, struct outcome *outcome, const struct order *order, int fd, struct error *e)
{
	static const struct publisher_events events = { .taken = told, .refused = untold, .room = tell_on,
		.outage = tell_outage_of };
	struct telling t = { .wait = { .outcome = outcome, .e = e }, .fd = fd, .run = run_of(fd) };
	int result;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_sys(e, "%s/events.ndjson", order->folder);
	t.publisher = publisher_new(loop, order->events, "disk", &events, &t, e);
	if (t.publisher == NULL)
		return -1;
	tell_on(&t);
	result = wait_for(&t.wait, loop);
	publisher_free(t.publisher);
	line_free(&t.lines);
	connect_reap(loop);
	return result;
}

/* A stream of a build's events. */
struct stream {
	struct wait wait;
	struct dial dial;
	const char *build;
	int64_t run;   /* that ends it; 0: its own end does */
	int64_t had;   /* lines */
	bool away;
	int (*each)(void *arg, const struct message *m, struct error *e);
	void *arg;
};

static void
put_off(struct stream *s, const struct error *why)
{
	if (s->wait.over)
		return;
	dial_drop(&s->dial);
	if (!s->away)
		tell_outage(&s->wait, why);
	s->away = true;
	dial_pause(&s->dial);
}

static void
ask(void *arg)
{
	struct stream *s = arg;
	AUTO_BYTES params = { 0 };
	AUTO_BYTES line = { 0 };
	struct error e;

	if (dial_now(&s->dial, &e) < 0) {
		put_off(s, &e);
		return;
	}
	emit_open(&params);
	emit_text(&params, "build", s->build);
	if (s->had > 0)
		emit_integer(&params, "from", s->had);
	bytes_char(&params, '}');
	rpc_request(&line, 1, "build/events", (struct span){ params.data, params.len });
	link_send(s->dial.link, line.data, line.len);
}

static void
replied(struct stream *s, const struct message *m)
{
	struct error e;

	if (m->kind == MESSAGE_REPLY && m->error.n == 0) {
		s->away = false;
		return;
	}
	rpc_reply_error(m, &e);
	error_before(&e, "build/events of %s: ", s->build);
	if (rpc_passing(&e))
		put_off(s, &e);
	else
		fail(&s->wait, &e);
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct stream *s = arg;
	struct message m;
	struct error e;

	(void)l;
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (s->wait.over)
		return;
	if (message_read(&m, line.p, line.n, &e) < 0) {
		error_before(&e, "build/events of %s: ", s->build);
		fail(&s->wait, &e);
	} else if (m.kind == MESSAGE_REPLY) {
		replied(s, &m);
	} else if (span_is(m.type, "eof") ||
	    (s->run > 0 && m.run == s->run && span_is(m.type, "build/initializing"))) {
		s->wait.over = true;
	} else {
		s->had++;
		backoff_over(&s->dial.backoff);
		if (s->each(s->arg, &m, &e) < 0)
			fail(&s->wait, &e);
	}
}

static void
lost(void *arg, struct link *l, const struct error *why)
{
	struct stream *s = arg;
	struct error e = *why;

	(void)l;
	dial_lost(&s->dial);
	if (e.code == ERROR_NONE)
		error_set(&e, ERROR_DISCONNECTED, "the store has closed the stream");
	put_off(s, &e);
}

int
history_read(struct loop *loop, struct outcome *outcome, const struct order *order, const char *build,
    int64_t run, int (*each)(void *arg, const struct message *m, struct error *e), void *arg,
    struct error *e)
{
	static const struct link_events events = { .line = line_came, .closed = lost };
	struct stream s = { .wait = { .outcome = outcome, .e = e }, .build = build, .run = run,
		.each = each, .arg = arg };
	int result;

	if (order->store[0] == '\0')
		return error_set(e, ERROR_INPUT, "store: is missing: a build that goes on asks it what was");
	if (dial_init(&s.dial, loop, order->store, &events, ask, &s, e) < 0)
		return -1;
	ask(&s);
	result = wait_for(&s.wait, loop);
	s.wait.over = true;
	dial_close(&s.dial);
	connect_reap(loop);
	return result;
}
