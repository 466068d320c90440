#include "merge.h"

#include <stdlib.h>

#include "memory.h"

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
	int there;

	bool open = s->open;

	there = source_get(s, e);
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

static void
note_end(const struct view *v, struct source *s)
{
	int64_t size = source_size(s), length;
	struct error why;

	/* it may have got its end since it was opened */
	if (s->open)
		(void)source_refresh(s, &why);
	length = source_length(s);
	if (size < length)
		output_note(v->out, "%s: the log is truncated: %lld of %lld bytes are there",
		    s->name, (long long)size, (long long)length);
	else if (source_truncated(s))
		output_note(v->out, "%s: the log is truncated: %lld bytes were kept", s->name,
		    (long long)size);
	/* who follows a whole build has its events for that */
	if (s->why != NULL && (v->snapshot || !v->out->prefix))
		output_note(v->out, "%s: %s", s->name, s->why);
}

void
view_finish(const struct view *v, struct source *s)
{
	if (s->ended)
		note_end(v, s);
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
	for (size_t i = oldest; i > 0; i--)
		m->active[i] = m->active[i - 1];
	m->active[0] = chosen;
	*until = m->next < m->n ? m->sources[m->next]->started : INT64_MAX;
	for (size_t i = 1; i < m->nactive; i++) {
		if (m->active[i]->time < *until)
			*until = m->active[i]->time;
	}
}

static void
drop_first(struct merge *m)
{
	m->nactive--;
	for (size_t i = 0; i < m->nactive; i++)
		m->active[i] = m->active[i + 1];
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
			drop_first(m);
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
merge_show(const struct view *v, struct source *const *sources, size_t n, struct error *e)
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
