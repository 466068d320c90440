#include "bare.h"

#include <stdlib.h>
#include <string.h>

#include "logindex.h"
#include "memory.h"

struct reading {
	struct run *run;
	size_t before; /* sources that were known */
};

/* When the first bytes came, 0 when there are none yet. */
static int64_t
first_time(const struct depot_files *f)
{
	struct logfile_record r;

	return logindex_records(f->index, 0, &r, 1) == 1 && r.stream != LOGFILE_END ? r.time : 0;
}

static struct source *
known(const struct run *r, const struct logname *n)
{
	for (size_t i = 0; i < r->n; i++) {
		struct source *s = r->sources[i];

		if (s->attempt == n->attempt && (s->job == NULL) == (n->job == NULL) &&
		    (s->job == NULL || strcmp(s->job, n->job) == 0))
			return s;
	}
	return NULL;
}

static bool
wanted(const struct run *r, const struct logname *n)
{
	if (r->only != NULL && (n->job == NULL || strcmp(n->job, r->only) != 0))
		return false;
	return r->attempt == 0 || n->attempt == r->attempt;
}

/* The run keeps the job's name for its sources. */
static struct source *
add(struct run *r, struct logname *n)
{
	struct source *s;

	if (n->job != NULL) {
		r->jobs = xrealloc(r->jobs, r->njobs + 1, sizeof(*r->jobs));
		r->jobs[r->njobs++] = n->job;
	}
	s = run_add_source(r, n->job, n->attempt);
	s->place = r->n;
	n->job = NULL;
	return s;
}

static void
look_at(void *arg, struct logname *n)
{
	struct reading *reading = arg;
	struct run *r = reading->run;
	struct source *s = wanted(r, n) ? known(r, n) : NULL;
	struct depot_state state;
	struct depot_files f;

	if (wanted(r, n) && (s == NULL || !s->ended) && depot_read(r->depot, n, &f, NULL) == 0) {
		if (depot_look(&f, &state, NULL) == 0) {
			s = s == NULL ? add(r, n) : s;
			s->started = s->first = first_time(&f);
			s->bytes = state.length;
			s->truncated = state.truncated;
			s->ended = state.ended || !state.written;
			s->dirty = true;
		}
		depot_files_close(&f);
	}
	logname_free(n);
}

/* Logs without a byte come last: they have just begun. */
static int
by_start(const void *a, const void *b)
{
	const struct source *left = *(struct source *const *)a, *right = *(struct source *const *)b;
	uint64_t l = (uint64_t)left->started - 1, r = (uint64_t)right->started - 1;

	if (l != r)
		return l < r ? -1 : 1;
	return left->attempt - right->attempt;
}

static int
read_logs(struct run *r, struct error *e)
{
	struct reading reading = { r, r->n };

	r->dirty = false;
	if (depot_list(r->depot, r->build.name, look_at, &reading, e) < 0)
		return -1;
	if (r->n > reading.before)
		qsort(r->sources + reading.before, r->n - reading.before, sizeof(*r->sources), by_start);
	return 0;
}

static bool
all_done(const struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (!r->sources[i]->ended)
			return false;
	}
	return r->n > 0;
}

const struct run_reader bare_reader = { .read = read_logs, .done = all_done };
