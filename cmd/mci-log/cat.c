#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "merge.h"
#include "nearest.h"
#include "show.h"

/* The job that was meant when there is none of that name. */
static const char *
nearest_job(const struct run *r)
{
	AUTO_FREE const char **ids = xmalloc((r->fold.njobs + 1) * sizeof(*ids));

	for (size_t i = 0; i < r->fold.njobs; i++)
		ids[i] = r->fold.jobs[i].id;
	return nearest_word(r->only, ids, r->fold.njobs);
}

int
show_nothing(struct run *r, struct error *e)
{
	const struct fold_job *j = fold_find(&r->fold, r->only, strlen(r->only));
	const char *near;

	if (j == NULL) {
		near = nearest_job(r);
		return error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'%s%s%s", r->build.name, r->only,
		    near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
		    near == NULL ? "" : "'?");
	}
	if (r->attempt > 0 && j->started > 0)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s has no attempt %d; the last is %d",
		    r->build.name, r->only, r->attempt, j->attempt);
	return error_set(e, ERROR_NOT_FOUND, "%s/%s has no log: it is %s%s%s%s", r->build.name, r->only,
	    status_name(j->status), j->reason == NULL ? "" : " (",
	    j->reason == NULL ? "" : j->reason, j->reason == NULL ? "" : ")");
}

/* Of one job the last attempt that was asked for is shown, of a whole build all are. */
static size_t
first_shown(const struct run *r)
{
	return r->only == NULL ? 0 : r->n - 1;
}

static int
show_raw(const struct view *v, struct source *s, struct error *e)
{
	int there = view_open(v, s, e);

	if (there < 0 || (there == 1 && output_raw(v->out, s, e) < 0))
		return -1;
	view_finish(v, s);
	return 0;
}

static int
show_run(struct show *s, const struct view *v, struct run *r, struct error *e)
{
	size_t from = first_shown(r);

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

	for (size_t i = 0; i < s->n; i++) {
		const struct run *r = &s->runs[i];
		size_t from = first_shown(r);

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

	for (size_t i = 0; i < s->n; i++) {
		struct run *r = &s->runs[i];

		if (run_read(r, e) < 0)
			return -1;
		if (r->only != NULL && r->n == 0)
			return show_nothing(r, e);
	}
	if (s->merge && show_merged(s, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n && !s->merge; i++) {
		if (show_run(s, &v, &s->runs[i], e) < 0)
			return -1;
	}
	return output_end(&s->out, e);
}
