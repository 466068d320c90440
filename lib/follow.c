#include "follow.h"

#include <stdlib.h>
#include <string.h>

#include "dial.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"

/* Within this time a hub that lives has answered. */
#define REPLY_LIMIT (10 * SECOND)
/* How many heartbeats may be late. */
#define LATE 2

struct follow {
	struct loop *loop;
	struct follow_request request;
	struct dial dial;
	const struct follow_events *told;
	void *arg;
	bool replied;             /* the stream has begun on this connection */
	bool heard, away, paused, over;
	struct follow_place place;
	int64_t skip_to;          /* events before this offset have been given already */
	int64_t taken;
	struct loop_timer *silence;
	int64_t came;             /* when something came last; kernel.now() */
	int depth;                /* callbacks that are running */
	bool freed;
};

static void
release(struct follow *f)
{
	if (f->depth == 0)
		free(f);
}

static void
leave(struct follow *f)
{
	f->depth--;
	if (f->freed)
		release(f);
}

static void
disconnect(struct follow *f)
{
	dial_drop(&f->dial);
	loop_cancel(f->loop, f->silence);
	f->silence = NULL;
}

static void
finish(struct follow *f, const struct error *why)
{
	if (f->over)
		return;
	f->over = true;
	disconnect(f);
	f->told->ended(f->arg, why);
}

/* Later, unless the first try was the last one. */
static void
put_off(struct follow *f, const struct error *why)
{
	bool news = !f->away;

	if (f->over)
		return;
	if (!f->heard && !f->request.patient) {
		finish(f, why);
		return;
	}
	f->away = true;
	dial_pause(&f->dial);
	if (news && f->told->state != NULL)
		f->told->state(f->arg, why);
}

/* What was asked for does not come, and why. */
static void
tell_gap(struct follow *f, int64_t asked, int64_t offset)
{
	struct follow_gap gap = { .kind = FOLLOW_REMOVED, .from = asked, .to = offset };

	if (asked > 0 && offset <= asked)
		gap = (struct follow_gap){ FOLLOW_LOST, offset, asked };
	if (f->told->gap != NULL && !f->over)
		f->told->gap(f->arg, &gap);
}

/* Where this subscription begins, against where the last one ended. */
static void
resume(struct follow *f, int64_t epoch, int64_t offset, bool gone)
{
	int64_t asked = f->place.offset;

	/* a durable subscription begins behind what was acknowledged */
	f->skip_to = 0;
	if (!gone && epoch == f->place.epoch && offset < asked)
		f->skip_to = asked;
	else
		f->place.offset = offset;
	f->place.epoch = epoch;
	f->away = false;
	backoff_over(&f->dial.backoff);
	if (f->told->state != NULL)
		f->told->state(f->arg, NULL);
	if (gone)
		tell_gap(f, asked, offset);
}

static void silent(void *arg);

/* Looks again when that much has passed since something came. */
static void
look_for_silence(struct follow *f, int64_t ns)
{
	f->silence = loop_at(f->loop, f->came + ns, silent, f);
}

/* Nothing came for too long, perhaps: the reply, or a heartbeat. */
static void
silent(void *arg)
{
	struct follow *f = arg;
	int64_t bound = LATE * f->request.heartbeat, now = kernel.now();
	struct error e;

	f->silence = NULL;
	if (f->paused)
		f->came = now;
	if (f->replied && now < f->came + bound) {
		look_for_silence(f, bound);
		return;
	}
	error_set(&e, ERROR_DISCONNECTED, "%s: %s", f->request.address,
	    f->replied ? "the hub has stopped to say that it lives" : "no reply in time");
	disconnect(f);
	f->depth++;
	put_off(f, &e);
	leave(f);
}

static void
watch_silence(struct follow *f, int64_t ns)
{
	loop_cancel(f->loop, f->silence);
	f->silence = NULL;
	f->came = kernel.now();
	if (ns > 0)
		look_for_silence(f, ns);
}

static void
reply(struct follow *f, struct span line)
{
	struct message m;
	struct scan_value gone = { 0 };
	struct error e = { 0 };

	if (message_read(&m, line.p, line.n, &e) == 0 && m.kind == MESSAGE_REPLY && m.error.n > 0)
		rpc_reply_error(&m, &e);
	else if (e.code == ERROR_NONE && m.kind == MESSAGE_EVENT && span_is(m.type, "error"))
		rpc_line_error(&m, &e);
	else if (e.code == ERROR_NONE && m.kind != MESSAGE_REPLY)
		error_set(&e, ERROR_INTERNAL, "%s: no reply but something else", f->request.address);
	if (rpc_passing(&e)) {
		disconnect(f);
		put_off(f, &e);
	} else if (e.code != ERROR_NONE) {
		finish(f, &e);
	} else {
		f->replied = f->heard = true;
		link_pause(f->dial.link, f->paused);
		watch_silence(f, LATE * f->request.heartbeat);
		message_member(m.result.p, m.result.n, "gone", &gone, NULL);
		resume(f, message_integer(m.result, "epoch", 0), message_integer(m.result, "offset", 0),
		    gone.type == SCAN_TRUE);
	}
}

/* A line of the stream that is no event. */
static void
record(struct follow *f, struct span line)
{
	struct message m;
	struct error e;
	int64_t next;

	if (f->over || message_read(&m, line.p, line.n, NULL) < 0)
		return;
	if (span_is(m.type, "eof")) {
		finish(f, &(const struct error){ 0 });
	} else if (span_is(m.type, "error")) {
		rpc_line_error(&m, &e);
		finish(f, &e);
	} else if (span_is(m.type, "heartbeat")) {
		next = message_integer(line, "next", 0);
		if (next > f->place.offset)
			f->place.offset = next;
	}
}

/* A run of event lines that are to be given. */
struct run {
	const char *from, *last; /* where it begins, and its last line */
	int64_t n;               /* 0 while it is empty */
};

static void
give(struct follow *f, struct run *run, const char *end)
{
	struct span lines = { run->from, (size_t)(end - run->from) };
	int64_t last;

	if (run->n == 0 || f->over)
		return;
	last = message_offset(run->last, (size_t)(end - run->last));
	f->place.offset = last + 1;
	f->taken += run->n;
	f->told->lines(f->arg, lines, run->n, last);
	run->n = 0;
	if (f->taken == f->request.count)
		finish(f, &(const struct error){ 0 });
}

/* Records of the stream begin with their type; events with what the hub has put in. */
static bool
is_event(const char *p, size_t n)
{
	return n > 2 && p[2] != 't';
}

static bool
is_given(struct follow *f, const char *p, size_t n)
{
	if (f->skip_to == 0)
		return false;
	if (message_offset(p, n) < f->skip_to)
		return true;
	f->skip_to = 0;
	return false;
}

/* About 10 ns a line: the rest is the kernel's. */
static void
stream(struct follow *f, const char *p, const char *end)
{
	struct run run = { 0 };

	while (p < end && !f->over) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)(newline - p);

		if (!is_event(p, n)) {
			give(f, &run, p);
			record(f, (struct span){ p, n });
		} else if (is_given(f, p, n)) {
			give(f, &run, p);
		} else {
			if (run.n++ == 0)
				run.from = p;
			run.last = p;
			if (f->taken + run.n == f->request.count)
				give(f, &run, newline + 1);
		}
		p = newline + 1;
	}
	give(f, &run, end);
}

static void
lines_came(void *arg, struct link *l, struct span lines)
{
	struct follow *f = arg;
	const char *p = lines.p, *end = lines.p + lines.n;

	(void)l;
	f->depth++;
	if (f->request.heartbeat > 0)
		f->came = kernel.now();
	if (!f->replied) {
		const char *newline = memchr(p, '\n', lines.n);

		reply(f, (struct span){ p, (size_t)(newline - p) });
		p = newline + 1;
	}
	if (f->replied && f->dial.link != NULL)
		stream(f, p, end);
	leave(f);
}

static void
link_lost(void *arg, struct link *l, const struct error *why)
{
	struct follow *f = arg;
	struct error e;

	(void)l;
	dial_lost(&f->dial);
	watch_silence(f, 0);
	if (why->code == ERROR_DISCONNECTED)
		error_set(&e, ERROR_DISCONNECTED, "%s: %s", f->request.address, why->text);
	else
		error_set(&e, ERROR_DISCONNECTED, "%s: the hub closed the connection",
		    f->request.address);
	f->depth++;
	put_off(f, &e);
	leave(f);
}

static const struct link_events link_events = { .lines = lines_came, .closed = link_lost };

static void
ask(struct follow *f)
{
	const struct follow_request *r = &f->request;
	AUTO_BYTES params = { 0 }, line = { 0 };

	emit_open(&params);
	bytes_add(&params, r->params.p, r->params.n);
	if (r->synced)
		emit_bool(&params, "synced", true);
	if (r->heartbeat > 0)
		emit_seconds(&params, "heartbeat", r->heartbeat);
	if (f->place.offset > 0) {
		emit_integer(&params, "from", f->place.offset);
		if (f->place.epoch > 0)
			emit_integer(&params, "epoch", f->place.epoch);
	} else if (r->from.n > 0) {
		emit_raw(&params, "from", r->from);
	}
	bytes_char(&params, '}');
	rpc_request(&line, 1, "event/subscribe", (struct span){ params.data, params.len });
	link_send(f->dial.link, line.data, line.len);
	watch_silence(f, REPLY_LIMIT);
}

static int
connect_now(struct follow *f, struct error *e)
{
	f->replied = false;
	if (dial_now(&f->dial, e) < 0)
		return -1;
	ask(f);
	return 0;
}

static void
connect_again(void *arg)
{
	struct follow *f = arg;
	struct error e;

	if (connect_now(f, &e) == 0)
		return;
	if (e.code == ERROR_BUSY) {
		/* its queue is full: it is there */
		dial_pause(&f->dial);
		return;
	}
	f->depth++;
	put_off(f, &e);
	leave(f);
}

struct follow *
follow_open(struct loop *loop, const struct follow_request *r, const struct follow_events *events,
    void *arg, struct error *e)
{
	struct follow *f = xmalloc(sizeof(*f));
	struct error why;

	*f = (struct follow){ .loop = loop, .request = *r, .told = events, .arg = arg, .place = r->place };
	if (dial_init(&f->dial, loop, r->address, &link_events, connect_again, f, e) < 0) {
		free(f);
		return NULL;
	}
	if (connect_now(f, &why) == 0)
		return f;
	if (why.code == ERROR_BUSY || r->patient) {
		dial_pause(&f->dial);
		watch_silence(f, REPLY_LIMIT);
		return f;
	}
	if (e != NULL)
		*e = why;
	follow_free(f);
	return NULL;
}

void
follow_pause(struct follow *f, bool paused)
{
	f->paused = paused;
	f->came = kernel.now();
	if (f->dial.link != NULL && f->replied)
		link_pause(f->dial.link, paused);
}

struct follow_place
follow_place(const struct follow *f)
{
	return f->place;
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	f->over = f->freed = true;
	disconnect(f);
	dial_close(&f->dial);
	release(f);
}

bool
follow_line(struct span *lines, struct span *line, int64_t *offset)
{
	const char *newline = lines->n == 0 ? NULL : memchr(lines->p, '\n', lines->n);

	if (newline == NULL)
		return false;
	*line = (struct span){ lines->p, (size_t)(newline - lines->p) };
	*offset = message_offset(line->p, line->n);
	lines->p += line->n + 1;
	lines->n -= line->n + 1;
	return true;
}
