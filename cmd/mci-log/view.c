#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"
#include "moment.h"

int
range_since(const char *text, int64_t *since, struct error *e)
{
	return moment_parse(text, kernel.wall(), since, e);
}

bool
range_set(const struct range *r)
{
	return r->first_line > 0 || r->last_line != INT64_MAX || r->first_byte > 0 ||
	    r->last_byte != INT64_MAX || r->since > 0 || r->tail >= 0;
}

static int
apply_lines(const struct range *r, struct source *s, struct error *e)
{
	int64_t first = r->first_line > 0 ? r->first_line : 1;
	int64_t from = source_forward(s, 0, (uint64_t)first - 1, s->to, NULL, e);
	int64_t to = s->to;

	if (from < 0)
		return -1;
	if (r->last_line != INT64_MAX)
		to = source_forward(s, from, (uint64_t)(r->last_line - first) + 1, s->to, NULL, e);
	if (to < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	s->to = to;
	return 0;
}

/* From the first chunk that came at since or later. A line's time is that of its last byte, so the line
 * that a chunk ends belongs to it. */
static int
apply_since(const struct range *r, struct source *s, struct error *e)
{
	int64_t from;

	if (s->times.count == 0)
		from = (s->first > 0 ? s->first : s->modified) >= r->since ? 0 : s->to;
	else if ((from = logindex_since(&s->times, r->since)) < 0)
		from = s->to;
	if (from < s->to)
		from = source_backward(s, from, 1, e);
	if (from < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	return 0;
}

static int
apply_tail(const struct range *r, struct source *s, struct error *e)
{
	int64_t end = s->to, from;
	struct span last;

	if (r->tail == 0) {
		s->at = s->to;
		return 0;
	}
	if (end > 0) {
		if (source_piece(s, end - 1, 1, &last, e) < 0)
			return -1;
		/* the newline that ends the last line begins no other */
		end -= last.n == 1 && *last.p == '\n';
	}
	from = source_backward(s, end, (uint64_t)r->tail, e);
	if (from < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	return 0;
}

/* Sets what an open source shows (at, to) within its first size bytes; with number also the number of its
 * first line. */
static int
range_apply(const struct range *r, struct source *s, int64_t size, bool number, struct error *e)
{
	uint64_t before;

	s->at = 0;
	s->to = size;
	if (s->at < r->first_byte)
		s->at = r->first_byte;
	if (r->last_byte < s->to - 1)
		s->to = r->last_byte + 1;
	if ((r->first_line > 0 || r->last_line != INT64_MAX) && apply_lines(r, s, e) < 0)
		return -1;
	if (r->since > 0 && apply_since(r, s, e) < 0)
		return -1;
	if (r->tail >= 0 && apply_tail(r, s, e) < 0)
		return -1;
	if (s->at > s->to)
		s->at = s->to;
	if (!number)
		return 0;
	if (source_forward(s, 0, UINT64_MAX, s->at, &before, e) < 0)
		return -1;
	s->number = before + 1;
	return 0;
}

struct merge {
	const struct view *view;
	struct source *const *sources;
	size_t n, next;         /* sources; the first that was not looked at */
	struct source **active; /* have a line, which source_line found */
	size_t nactive;
	bool times;             /* order or form depends on them */
};

int
view_open(const struct view *v, struct source *s, struct error *e)
{
	struct error why;
	bool open = s->open;
	int there = source_get(s, e);

	if (there <= 0 || open)
		return there;
	if (source_refresh(s, &why) < 0)
		output_note(v->out, "%s: %s", s->name, why.text);
	if (v->range != NULL && range_set(v->range)) {
		if (range_apply(v->range, s, source_size(s), v->out->json, e) < 0)
			return -1;
		if (!v->snapshot)
			s->to = INT64_MAX;
	} else if (v->snapshot) {
		s->to = source_size(s);
	}
	return 1;
}

void
view_finish(const struct view *v, struct source *s)
{
	int64_t size = source_size(s), length;
	struct error why;

	/* it may have got its end since it was opened */
	if (s->ended && s->open)
		(void)source_refresh(s, &why);
	length = source_length(s);
	if (s->ended && size < length)
		output_note(v->out, "%s: the log is truncated: %lld of %lld bytes are there",
		    s->name, (long long)size, (long long)length);
	else if (s->ended && source_truncated(s))
		output_note(v->out, "%s: the log is truncated: %lld bytes were kept", s->name,
		    (long long)size);
	/* who follows a whole build has its events for that */
	if (s->ended && s->why != NULL && (v->snapshot || !v->out->prefix))
		output_note(v->out, "%s: %s", s->name, s->why);
	s->done = true;
	source_close(s);
}

static bool
final(const struct merge *m, const struct source *s)
{
	return s->ended || m->view->snapshot;
}

/* Finds the source's next line, or takes it out of the pass. 1, 0 or -1. */
static int
advance(struct merge *m, struct source *s, struct error *e)
{
	int found = source_line(s, final(m, s), e);

	if (found != 0)
		return found;
	s->dirty = false;
	if (final(m, s))
		view_finish(m->view, s);
	return 0;
}

static int
admit(struct merge *m, struct source *s, struct error *e)
{
	struct error why;
	bool fresh = !s->open;
	int found;

	if (!s->dirty || s->done)
		return 0;
	found = view_open(m->view, s, e);
	if (found < 0)
		return -1;
	if (found == 0) {
		if (final(m, s))
			view_finish(m->view, s);
		return 0;
	}
	/* a damaged index was told of when it was opened */
	if (!fresh && m->times)
		(void)source_refresh(s, &why);
	found = advance(m, s, e);
	if (found == 1)
		m->active[m->nactive++] = s;
	return found < 0 ? -1 : 0;
}

/* Puts the oldest line's source first; until is the time up to which it stays the oldest. */
static void
choose(struct merge *m, int64_t *until)
{
	size_t oldest = 0;
	struct source *chosen;

	for (size_t i = 1; i < m->nactive; i++) {
		if (m->active[i]->time < m->active[oldest]->time)
			oldest = i;
	}
	chosen = m->active[oldest];
	/* in front it also wins at equal times, so that what one job printed at once stays
	 * together */
	memmove(m->active + 1, m->active, oldest * sizeof(*m->active));
	m->active[0] = chosen;
	*until = m->next < m->n ? m->sources[m->next]->started : INT64_MAX;
	for (size_t i = 1; i < m->nactive; i++) {
		if (m->active[i]->time < *until)
			*until = m->active[i]->time;
	}
}

/* Shows lines of the first source as long as none is older. */
static int
show_first(struct merge *m, int64_t until, struct error *e)
{
	struct source *s = m->active[0];

	do {
		int more;

		if (output_line(m->view->out, s, e) < 0)
			return -1;
		source_advance(s);
		more = advance(m, s, e);
		if (more < 0)
			return -1;
		if (more == 0) {
			m->nactive--;
			memmove(m->active, m->active + 1, m->nactive * sizeof(*m->active));
			return 0;
		}
	} while (s->time <= until);
	return 0;
}

static int
run_pass(struct merge *m, struct error *e)
{
	while (m->next < m->n || m->nactive > 0) {
		int64_t until;

		if (m->nactive > 0)
			choose(m, &until);
		/* times of starts come from elsewhere than those of lines: at equal ones, look */
		if (m->next < m->n &&
		    (m->nactive == 0 || m->sources[m->next]->started <= m->active[0]->time)) {
			if (admit(m, m->sources[m->next++], e) < 0)
				return -1;
		} else if (show_first(m, until, e) < 0) {
			return -1;
		}
	}
	return 0;
}

int
view_show(const struct view *v, struct source *const *sources, size_t n, struct error *e)
{
	struct merge m = { .view = v, .sources = sources, .n = n };
	int result;

	if (n == 0)
		return 0;
	m.times = n > 1 || v->out->time || v->out->json;
	m.active = xmalloc(n * sizeof(*m.active));
	result = run_pass(&m, e);
	free(m.active);
	return result;
}
