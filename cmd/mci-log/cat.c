#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "merge.h"
#include "raw.h"
#include "show.h"

static int
show_raw(const struct view *v, struct source *s, struct error *e)
{
	int there = view_open(v, s, e);

	if (there < 0 || (there == 1 && raw_copy(v->out, s, e) < 0))
		return -1;
	view_finish(v, s);
	return 0;
}

static int
show_run(struct show *s, const struct view *v, struct run *r, struct error *e)
{
	size_t from = run_first_shown(r);

	s->out.prefix = r->only == NULL;
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

	for (size_t i = 0; i < s->runs.n; i++) {
		const struct run *r = &s->runs.all[i];
		size_t from = run_first_shown(r);

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

int
show_cat(struct show *s, struct error *e)
{
	struct view v = { .out = &s->out, .range = &s->range, .snapshot = true };

	if (runs_read(&s->runs, e) < 0)
		return -1;
	if (s->merge && show_merged(s, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < s->runs.n && !s->merge; i++) {
		if (show_run(s, &v, &s->runs.all[i], e) < 0)
			return -1;
	}
	return output_end(&s->out, e);
}
