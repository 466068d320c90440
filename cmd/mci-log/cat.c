#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "merge.h"
#include "section.h"
#include "show.h"

static int
show_raw(const struct view *v, struct source *s, struct error *e)
{
	int there = view_open(v, s, e);

	if (there < 0 || (there == 1 && output_copy(v->out, s, e) < 0))
		return -1;
	view_finish(v, s);
	return 0;
}

/* The sections of a log are noted while the build's events are read. */
static void
take_note(void *arg, const struct build_note *n)
{
	(void)arg;
	if (n->note.n == 0)
		return;
	if (n->source->sections == NULL)
		n->source->sections = xmalloc(sizeof(*n->source->sections));
	section_note(n->source->sections, n->note, n->offset, n->time);
}

static int
show_folded(const struct show *show, const struct view *v, struct source *s, struct error *e)
{
	struct section_list own = { 0 }, *sections = s->sections != NULL ? s->sections : &own;
	int there = view_open(v, s, e), result = there;

	if (there == 1 && show->markers != MARKER_NONE) {
		sections = &own;
		result = section_find(&own, s, show->markers, e);
		s->at = s->searched = 0;
		s->number = 1;
	}
	if (there == 1 && result >= 0)
		result = section_show(sections, v->out, s, e);
	section_free(&own);
	if (result >= 0)
		view_finish(v, s);
	return result < 0 ? -1 : 0;
}

/* One log behind the other, since a section's lines belong together. */
static int
show_sections(const struct show *show, const struct view *v, const struct build *r, struct error *e)
{
	for (size_t i = build_first_shown(r); i < r->n; i++) {
		if (show_folded(show, v, r->sources[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
forget_sections(const struct build *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->sources[i]->sections != NULL)
			section_free(r->sources[i]->sections);
		free(r->sources[i]->sections);
		r->sources[i]->sections = NULL;
	}
}

static int
show_run(struct show *s, const struct view *v, struct build *r, struct error *e)
{
	size_t from = build_first_shown(r);

	s->out.prefix = r->only == NULL;
	if (s->sections)
		return show_sections(s, v, r, e);
	if (from == r->n)
		return 0;
	if (r->only != NULL && !s->out.time && !s->out.json)
		return show_raw(v, r->sources[from], e);
	return merge_show(v, r->sources + from, r->n - from, e);
}

static int
by_start(const void *a, const void *b)
{
	const struct source *left = *(struct source *const *)a, *right = *(struct source *const *)b;

	return (left->started > right->started) - (left->started < right->started);
}

static int
show_merged(struct show *s, const struct view *v, struct error *e)
{
	AUTO_FREE struct source **all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->builds.n; i++) {
		const struct build *r = &s->builds.all[i];
		size_t from = build_first_shown(r);

		if (from == r->n)
			continue;
		all = xrealloc(all, n + r->n - from, sizeof(struct source *));
		memcpy(all + n, r->sources + from, (r->n - from) * sizeof(struct source *));
		n += r->n - from;
	}
	if (n == 0)
		return 0;
	qsort(all, n, sizeof(struct source *), by_start);
	s->out.prefix = true;
	return merge_show(v, all, n, e);
}

static int
show_all(struct show *s, struct error *e)
{
	struct view v = { .out = &s->out, .range = &s->range, .snapshot = true };

	if (builds_read(&s->builds, e) < 0)
		return -1;
	if (s->merge && show_merged(s, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < s->builds.n && !s->merge; i++) {
		if (show_run(s, &v, &s->builds.all[i], e) < 0)
			return -1;
	}
	return output_end(&s->out, e);
}

int
show_cat(struct show *s, struct error *e)
{
	int result;

	for (size_t i = 0; i < s->builds.n && s->sections; i++)
		s->builds.all[i].annotated = take_note;
	result = show_all(s, e);
	for (size_t i = 0; i < s->builds.n; i++)
		forget_sections(&s->builds.all[i]);
	return result;
}
