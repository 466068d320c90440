#include "tap.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "eventfilter.h"
#include "memory.h"
#include "message.h"

/* Of a reader that is behind: how much of its own waits in memory before the hub has to. */
#define BACKLOG ((size_t)16 * 1024)
/* How often it is looked whether those behind have come up to the window, and whether they read. */
#define LOOK (100 * MILLISECOND)

struct tap {
	struct loop *loop;
	const char *address;
	struct follow *follow;   /* NULL while nobody reads */
	struct bytes window;     /* whole lines */
	uint64_t base;           /* of all lines that ever were, where it begins */
	int64_t first;           /* offset of its first line; 0: it is empty */
	struct tap_reader *readers;
	size_t behind;           /* of them */
	struct loop_timer *look;
};

struct tap_reader {
	struct tap *tap;
	struct eventfilter *filter; /* NULL: all */
	struct bytes params, from;
	struct follow_place place;  /* of the first event that was not taken */
	bool inside;                /* of the window, at: */
	uint64_t at;
	size_t told;                /* bytes of the line that was told last */
	int64_t offset;             /* its own; 0: it has none */
	/* behind it */
	struct follow *follow;
	struct bytes backlog;
	size_t given;
	bool reads;                 /* it took something since it was looked at */
	bool over;
	void (*wake)(void *arg);
	void *arg;
	struct tap_reader *next, **at_list;
};

static void look_later(struct tap *t);

/* ---- the window */

static void
gap_write(struct bytes *into, const struct follow_gap *gap)
{
	emit_open(into);
	emit_text(into, "type", "gap");
	emit_text(into, "reason", gap->kind == FOLLOW_LOST ? "lost" : "removed");
	if (gap->from > 0) {
		emit_integer(into, "from", gap->from);
		emit_integer(into, "to", gap->to);
	}
	emit_line(into);
}

static void
window_add(struct tap *t, struct span lines)
{
	if (t->window.len + lines.n > TAP_WINDOW && t->window.len > 0) {
		size_t half = t->window.len / 2;
		const char *end = memchr(t->window.data + half, '\n', t->window.len - half);
		size_t n = end == NULL ? t->window.len : (size_t)(end + 1 - t->window.data);

		bytes_drop(&t->window, n);
		t->base += n;
		t->first = 0;
	}
	bytes_add(&t->window, lines.p, lines.n);
	for (size_t i = 0; t->first == 0 && i < t->window.len;) {
		const char *end = memchr(t->window.data + i, '\n', t->window.len - i);

		t->first = message_offset(t->window.data + i, (size_t)(end - t->window.data) - i);
		i = (size_t)(end + 1 - t->window.data);
	}
}

static void
wake_inside(struct tap *t)
{
	for (struct tap_reader *r = t->readers; r != NULL; r = r->next) {
		if (r->inside)
			r->wake(r->arg);
	}
}

static void
tap_lines(void *arg, struct span lines, int64_t n, int64_t last)
{
	struct tap *t = arg;

	(void)n;
	(void)last;
	window_add(t, lines);
	wake_inside(t);
}

static void
tap_gap(void *arg, const struct follow_gap *gap)
{
	struct tap *t = arg;
	AUTO_BYTES line = { 0 };

	gap_write(&line, gap);
	window_add(t, (struct span){ line.data, line.len });
	wake_inside(t);
}

/* The hub refuses us: nobody gets more, and whoever comes again asks anew. */
static void
tap_ended(void *arg, const struct error *why)
{
	struct tap *t = arg;

	(void)why;
	follow_free(t->follow);
	t->follow = NULL;
	for (struct tap_reader *r = t->readers; r != NULL; r = r->next) {
		r->over = true;
		r->wake(r->arg);
	}
}

static int
tap_start(struct tap *t, struct error *e)
{
	static const struct follow_events events = { .lines = tap_lines, .gap = tap_gap, .ended = tap_ended };
	const struct follow_request request = { .address = t->address, .patient = true };

	if (t->follow != NULL)
		return 0;
	t->follow = follow_open(t->loop, &request, &events, t, e);
	return t->follow == NULL ? -1 : 0;
}

/* ---- behind it */

static void
own_stop(struct tap_reader *r)
{
	follow_free(r->follow);
	r->follow = NULL;
	bytes_free(&r->backlog);
	r->given = 0;
}

static void
own_lines(void *arg, struct span lines, int64_t n, int64_t last)
{
	struct tap_reader *r = arg;

	(void)n;
	(void)last;
	bytes_add(&r->backlog, lines.p, lines.n);
	if (r->backlog.len - r->given > BACKLOG)
		follow_pause(r->follow, true);
	r->wake(r->arg);
}

static void
own_gap(void *arg, const struct follow_gap *gap)
{
	struct tap_reader *r = arg;

	gap_write(&r->backlog, gap);
	r->wake(r->arg);
}

static void
own_ended(void *arg, const struct error *why)
{
	struct tap_reader *r = arg;

	(void)why;
	own_stop(r);
	r->over = true;
	r->wake(r->arg);
}

static void
own_start(struct tap_reader *r)
{
	static const struct follow_events events = { .lines = own_lines, .gap = own_gap, .ended = own_ended };
	const struct follow_request request = { .address = r->tap->address, .patient = true,
		.params = { r->params.data, r->params.len }, .place = r->place,
		.from = { r->from.data, r->from.len }, .heartbeat = LOOK };
	struct error e;

	r->follow = follow_open(r->tap->loop, &request, &events, r, &e);
	if (r->follow == NULL)
		r->over = true;
	look_later(r->tap);
}

/* The place in the window of the first line from this offset on. */
static uint64_t
window_find(const struct tap *t, int64_t offset)
{
	size_t i = 0;

	while (i < t->window.len) {
		const char *p = t->window.data + i, *end = memchr(p, '\n', t->window.len - i);

		if (message_offset(p, (size_t)(end - p)) >= offset)
			break;
		i += (size_t)(end + 1 - p);
	}
	return t->base + i;
}

/* Whether all that is in front of the window has been given. */
static bool
has_come_up(const struct tap_reader *r)
{
	const struct tap *t = r->tap;
	struct follow_place own = follow_place(r->follow), there = follow_place(t->follow);

	return own.offset > 0 && own.epoch == there.epoch && r->given == r->backlog.len &&
	    own.offset >= (t->first > 0 ? t->first : there.offset);
}

static void
come_up(struct tap_reader *r)
{
	r->place = follow_place(r->follow);
	own_stop(r);
	r->at = window_find(r->tap, r->place.offset);
	r->inside = true;
	r->tap->behind--;
	r->wake(r->arg);
}

static void
look(void *arg)
{
	struct tap *t = arg;

	t->look = NULL;
	for (struct tap_reader *r = t->readers; r != NULL; r = r->next) {
		if (r->inside || r->follow == NULL || t->follow == NULL)
			continue;
		if (has_come_up(r))
			come_up(r);
		else if (!r->reads && r->given < r->backlog.len)
			own_stop(r); /* what it has not read stays in the hub's log */
		r->reads = false;
	}
	if (t->behind > 0)
		look_later(t);
}

static void
look_later(struct tap *t)
{
	if (t->look == NULL)
		t->look = loop_after(t->loop, LOOK, look, t);
}

/* ---- readers */

/* The next line of its own, of what waits of its own subscription. */
static bool
next_behind(struct tap_reader *r, struct span *line)
{
	const char *p = r->backlog.data + r->given, *end;
	size_t left = r->backlog.len - r->given;

	r->reads = true;
	if (r->follow == NULL && !r->over && left == 0)
		own_start(r);
	end = left == 0 ? NULL : memchr(p, '\n', left);
	if (end == NULL)
		return false;
	*line = (struct span){ p, (size_t)(end - p) };
	r->told = line->n + 1;
	return true;
}

static bool
next_inside(struct tap_reader *r, struct span *line)
{
	const struct tap *t = r->tap;

	while (r->at < t->base + t->window.len) {
		size_t i = (size_t)(r->at - t->base);
		const char *p = t->window.data + i, *end = memchr(p, '\n', t->window.len - i);
		size_t n = (size_t)(end - p);
		int64_t offset = message_offset(p, n);

		if (offset == 0 || r->filter == NULL || eventfilter_match(r->filter, p, n)) {
			*line = (struct span){ p, n };
			r->told = n + 1;
			return true;
		}
		r->place.offset = offset + 1;
		r->at += n + 1;
	}
	return false;
}

bool
tap_next(struct tap_reader *r, struct span *line, struct follow_place *place, bool *over)
{
	bool got;

	if (r->inside && r->at < r->tap->base) {
		r->inside = false;
		r->tap->behind++;
	}
	got = r->inside ? next_inside(r, line) : next_behind(r, line);
	*over = !got && r->over;
	if (!got)
		return false;
	r->offset = message_offset(line->p, line->n);
	place->offset = r->offset;
	place->epoch = r->inside ? follow_place(r->tap->follow).epoch :
	    r->follow != NULL ? follow_place(r->follow).epoch : r->place.epoch;
	r->place.epoch = place->epoch;
	return true;
}

void
tap_taken(struct tap_reader *r)
{
	if (r->offset > 0)
		r->place.offset = r->offset + 1;
	if (r->inside) {
		r->at += r->told;
		return;
	}
	r->given += r->told;
	if (r->given < r->backlog.len)
		return;
	bytes_free(&r->backlog);
	r->given = 0;
	if (r->follow != NULL)
		follow_pause(r->follow, false);
}

struct tap_reader *
tap_open(struct tap *t, const struct tap_wish *w, struct error *e)
{
	struct tap_reader *r;
	AUTO_BYTES object = { 0 };
	struct eventfilter *filter;

	bytes_add(&object, w->params.p, w->params.n);
	e->code = ERROR_NONE;
	filter = eventfilter_read((struct span){ object.data, object.len }, e);
	if ((filter == NULL && e->code != ERROR_NONE) || tap_start(t, e) < 0) {
		eventfilter_free(filter);
		return NULL;
	}
	r = xmalloc(sizeof(*r));
	*r = (struct tap_reader){ .tap = t, .filter = filter, .place = w->place, .wake = w->wake,
		.arg = w->arg, .next = t->readers, .at_list = &t->readers };
	/* members with commas between them, as follow.h has them */
	if (w->params.n > 2)
		bytes_add(&r->params, w->params.p + 1, w->params.n - 2);
	bytes_add(&r->from, w->from.p, w->from.n);
	if (r->next != NULL)
		r->next->at_list = &r->next;
	t->readers = r;
	/* now is the end of the window; what comes before the hub has answered is behind it */
	r->inside = w->place.offset == 0 && w->from.n == 0;
	r->at = t->base + t->window.len;
	if (r->inside)
		r->place = follow_place(t->follow);
	t->behind += !r->inside;
	return r;
}

void
tap_close(struct tap_reader *r)
{
	struct tap *t;

	if (r == NULL)
		return;
	t = r->tap;
	*r->at_list = r->next;
	if (r->next != NULL)
		r->next->at_list = r->at_list;
	t->behind -= !r->inside;
	own_stop(r);
	eventfilter_free(r->filter);
	bytes_free(&r->params);
	bytes_free(&r->from);
	free(r);
	if (t->readers != NULL)
		return;
	/* nobody reads: nothing is followed, and nothing kept */
	follow_free(t->follow);
	t->follow = NULL;
	t->base += t->window.len;
	bytes_free(&t->window);
	t->first = 0;
	loop_cancel(t->loop, t->look);
	t->look = NULL;
}

struct tap *
tap_new(struct loop *loop, const char *address)
{
	struct tap *t = xmalloc(sizeof(*t));

	*t = (struct tap){ .loop = loop, .address = address };
	return t;
}

void
tap_free(struct tap *t)
{
	if (t == NULL)
		return;
	while (t->readers != NULL)
		tap_close(t->readers);
	free(t);
}
