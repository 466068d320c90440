#include "verdict.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const int exits[STATUS_N] = {
	[STATUS_PENDING] = VERDICT_OPEN,
	[STATUS_QUEUED] = VERDICT_OPEN,
	[STATUS_INITIALIZING] = VERDICT_OPEN,
	[STATUS_RUNNING] = VERDICT_OPEN,
	[STATUS_BLOCKED] = VERDICT_OPEN,
	[STATUS_FAILURE] = 1,
	[STATUS_ERROR] = 125,
	[STATUS_CANCELED] = 1,
};

int
verdict_build(const struct fold *f)
{
	if (f->exit >= 0)
		return f->exit;
	/* before it began: by request */
	return f->status == STATUS_CANCELED ? 128 + SIGTERM : exits[f->status];
}

int
verdict_job(const struct fold_job *j)
{
	return j->allowed ? 0 : exits[j->status];
}

/* The place of the build among those that are open; n when it is not. */
static size_t
find(const struct verdict *v, struct span build)
{
	size_t i = 0;

	while (i < v->n && !span_is(build, v->open[i]))
		i++;
	return i;
}

void
verdict_event(struct verdict *v, const struct message *m, const struct fold *f)
{
	size_t at;

	if (m->type.n < 6 || memcmp(m->type.p, "build/", 6) != 0)
		return;
	v->builds = true;
	at = find(v, m->build);
	if (span_is(m->type, "build/end")) {
		if (v->first == 0)
			v->first = verdict_build(f);
		if (at < v->n) {
			free(v->open[at]);
			v->open[at] = v->open[--v->n];
		}
		return;
	}
	if (at < v->n)
		return;
	if (v->n == v->size) {
		v->size = v->size == 0 ? 4 : v->size * 2;
		v->open = xrealloc(v->open, v->size, sizeof(*v->open));
	}
	v->open[v->n++] = xmemdup(m->build.p, m->build.n);
}

/* As mci-job ends: a failure outranks an error. */
static int
verdict_jobs(const struct fold *f)
{
	int status = 0;

	for (size_t i = 0; i < f->njobs && status != 1; i++) {
		int one = verdict_job(&f->jobs[i]);

		if (one != 0)
			status = one == VERDICT_OPEN ? VERDICT_CUT : one;
	}
	return status;
}

int
verdict_stream(const struct verdict *v, const struct fold *f)
{
	if (v->first != 0)
		return v->first;
	if (v->n > 0)
		return VERDICT_CUT;
	return v->builds ? 0 : verdict_jobs(f);
}

void
verdict_free(struct verdict *v)
{
	while (v->n > 0)
		free(v->open[--v->n]);
	free(v->open);
}
