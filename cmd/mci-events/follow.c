#include "follow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"
#include "segment.h"

#define PAUSE_FIRST (10 * MILLISECOND)
#define PAUSE_LAST SECOND

struct follow {
	struct loop *loop;
	struct follow_request request;
	const struct follow_events *told;
	void *arg;
	struct link *link;        /* NULL while the hub is away */
	bool replied;             /* the stream has begun on this connection */
	bool heard, away, paused, over;
	int64_t epoch;
	int64_t next;             /* offset behind the last event that was given; 0: nothing is known */
	int64_t skip_to;          /* events before this offset have been given already */
	int64_t taken;
	int64_t pause;
	struct loop_timer *again;
};

static void note(const struct follow *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(const struct follow *f, const char *format, ...)
{
	char text[1400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	f->told->note(f->arg, text);
}

static void
finish(struct follow *f, const struct error *why)
{
	if (f->over)
		return;
	f->over = true;
	link_close(f->link);
	f->link = NULL;
	f->told->ended(f->arg, why);
}

static void connect_again(void *arg);

/* Later, unless the first try was the last one. */
static void
put_off(struct follow *f, const struct error *why)
{
	if (f->over)
		return;
	if (!f->heard) {
		finish(f, why);
		return;
	}
	if (!f->away)
		note(f, "%s: trying again", why->text);
	f->away = true;
	f->pause = f->pause == 0 ? PAUSE_FIRST : f->pause * 2;
	if (f->pause > PAUSE_LAST)
		f->pause = PAUSE_LAST;
	f->again = loop_after(f->loop, f->pause, connect_again, f);
}

/* Where this subscription begins, against where the last one ended. */
static void
resume(struct follow *f, int64_t epoch, int64_t offset, bool gone)
{
	int64_t asked = f->next;

	f->skip_to = 0;
	if (gone && (asked == 0 || offset > asked))
		note(f, "events %s%" PRId64 " are gone: they are no longer kept", asked == 0 ?
		    "before " : "up to ", asked == 0 ? offset : offset - 1);
	else if (gone)
		note(f, "events from %" PRId64 " on were lost in a crash of the hub: others come in their "
		    "place", offset);
	else if (f->away)
		note(f, "%s: the hub is back: going on at offset %" PRId64, f->request.address,
		    asked == 0 ? offset : asked);
	/* a durable subscription begins behind what was acknowledged */
	if (!gone && epoch == f->epoch && offset < asked)
		f->skip_to = asked;
	else
		f->next = offset;
	f->epoch = epoch;
	f->away = false;
	f->pause = 0;
}

static int64_t
member(struct span result, const char *key)
{
	struct scan_value v;
	int64_t n = 0;

	if (message_member(result.p, result.n, key, &v, NULL) == 1)
		scan_integer(&v, 0, INT64_MAX, &n, NULL);
	return n;
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
	if (e.code == ERROR_BUSY || e.code == ERROR_SYSTEM) {
		link_close(f->link);
		f->link = NULL;
		put_off(f, &e);
		return;
	}
	if (e.code != ERROR_NONE) {
		finish(f, &e);
		return;
	}
	f->replied = f->heard = true;
	message_member(m.result.p, m.result.n, "gone", &gone, NULL);
	resume(f, member(m.result, "epoch"), member(m.result, "offset"), gone.type == SCAN_TRUE);
}

/* A line of the stream that is no event. */
static void
record(struct follow *f, struct span line)
{
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) < 0)
		return;
	if (span_is(m.type, "eof"))
		finish(f, &(const struct error){ 0 });
}

/* A run of event lines that are to be given. */
struct run {
	const char *from, *last; /* where it begins, and its last line; NULL while it is empty */
	int64_t n;
};

static void
give(struct follow *f, struct run *run, const char *end)
{
	struct span lines = { run->from, (size_t)(end - run->from) };
	int64_t last;

	if (run->n == 0 || f->over)
		return;
	last = (int64_t)segment_line_offset(run->last, (size_t)(end - run->last));
	f->next = last + 1;
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
	if ((int64_t)segment_line_offset(p, n) < f->skip_to)
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
link_lines(void *arg, struct link *l, struct span lines)
{
	struct follow *f = arg;
	const char *p = lines.p, *end = lines.p + lines.n;

	(void)l;
	if (!f->replied) {
		const char *newline = memchr(p, '\n', lines.n);

		reply(f, (struct span){ p, (size_t)(newline - p) });
		p = newline + 1;
	}
	if (f->replied && f->link != NULL)
		stream(f, p, end);
}

static void
link_closed(void *arg, struct link *l, const struct error *why)
{
	struct follow *f = arg;
	struct error e;

	(void)l;
	f->link = NULL;
	if (why->code == ERROR_DISCONNECTED)
		error_set(&e, ERROR_DISCONNECTED, "%s: %s", f->request.address, why->text);
	else
		error_set(&e, ERROR_DISCONNECTED, "%s: the hub closed the connection",
		    f->request.address);
	put_off(f, &e);
}

static const struct link_events link_events = { .lines = link_lines, .closed = link_closed };

static void
ask(struct follow *f)
{
	AUTO_BYTES params = { 0 }, line = { 0 };

	emit_open(&params);
	bytes_add(&params, f->request.params.p, f->request.params.n);
	if (f->next > 0) {
		emit_integer(&params, "from", f->next);
		emit_integer(&params, "epoch", f->epoch);
	} else {
		emit_raw(&params, "from", f->request.from);
	}
	bytes_char(&params, '}');
	rpc_request(&line, 1, "event/subscribe", (struct span){ params.data, params.len });
	link_send(f->link, line.data, line.len);
	link_pause(f->link, f->paused);
}

static int
connect_now(struct follow *f, struct error *e)
{
	struct address a;

	if (address_parse(&a, f->request.address, e) < 0)
		return -1;
	f->replied = false;
	f->link = connect_open(f->loop, &a, &link_events, f, e);
	address_free(&a);
	if (f->link == NULL)
		return -1;
	ask(f);
	return 0;
}

static void
connect_again(void *arg)
{
	struct follow *f = arg;
	struct error e;

	f->again = NULL;
	if (connect_now(f, &e) < 0)
		put_off(f, &e);
}

struct follow *
follow_open(struct loop *loop, const struct follow_request *r, const struct follow_events *events,
    void *arg, struct error *e)
{
	struct follow *f = xmalloc(sizeof(*f));

	*f = (struct follow){ .loop = loop, .request = *r, .told = events, .arg = arg };
	if (connect_now(f, e) == 0)
		return f;
	free(f);
	return NULL;
}

void
follow_pause(struct follow *f, bool paused)
{
	f->paused = paused;
	if (f->link != NULL)
		link_pause(f->link, paused);
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	f->over = true;
	loop_cancel(f->loop, f->again);
	link_close(f->link);
	free(f);
}
