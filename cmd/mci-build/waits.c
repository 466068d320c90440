#include "waits.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "glob.h"
#include "memory.h"

struct wait {
	char *id;
	bool glob, optional;
	struct spec_pair *same; /* a name of the other's matrix, and the value that is wanted */
	size_t nsame;
	size_t place;           /* in depends-on */
};

char *
waits_values(const struct spec_pair *values, size_t n)
{
	struct bytes b = { 0 };

	for (size_t i = 0; i < n; i++) {
		bytes_format(&b, "%s=%s", values[i].name, values[i].value);
		bytes_char(&b, '\0');
	}
	return n == 0 ? NULL : bytes_give(&b);
}

/* The value of that name, NULL when there is none. */
static const char *
value_find(const char *values, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = values; p != NULL && *p != '\0'; p += strlen(p) + 1) {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return p + n + 1;
	}
	return NULL;
}

static const char *
variable_find(const struct spec *s, const char *name)
{
	for (size_t i = 0; i < s->nenv; i++) {
		if (strcmp(s->env[i].name, name) == 0)
			return s->env[i].value;
	}
	return NULL;
}

static int
same_take(struct wait *w, const struct spec_wait *said, const struct spec *s, struct error *e)
{
	w->same = xmalloc(said->nsame * sizeof(*w->same));
	for (; w->nsame < said->nsame; w->nsame++) {
		const char *name = said->same[w->nsame], *value = variable_find(s, name);

		if (value == NULL)
			return error_set(e, ERROR_INPUT, "depends-on[%zu].same[%zu]: '%.64s' has no value in "
			    "this job: it is no name of its matrix or env", w->place, w->nsame, name);
		w->same[w->nsame] = (struct spec_pair){ xstrdup(name), xstrdup(value) };
	}
	return 0;
}

int
waits_take(struct waits *w, const struct spec *s, struct error *e)
{
	*w = (struct waits){ 0 };
	for (size_t i = 0; i < s->ndepends; i++) {
		const struct spec_wait *said = &s->depends[i];

		if (spec_wait_plain(said))
			continue;
		w->list = xrealloc(w->list, w->n + 1, sizeof(*w->list));
		w->list[w->n] = (struct wait){ .id = xstrdup(said->id), .glob = said->glob,
			.optional = said->optional, .place = i };
		if (same_take(&w->list[w->n++], said, s, e) < 0) {
			waits_free(w);
			return -1;
		}
	}
	return 0;
}

bool
waits_known(const struct waits *w, const struct graph *g)
{
	for (size_t i = 0; i < w->n; i++) {
		uint32_t on = graph_find(g, w->list[i].id, strlen(w->list[i].id));

		if (w->list[i].glob || w->list[i].optional || on == NO_JOB || !g->jobs[on].declared)
			return false;
	}
	return true;
}

static void
depend(struct graph *g, uint32_t job, uint32_t on)
{
	if (job != NO_JOB)
		graph_depend(g, job, on);
}

/* "; it has CC and OPT" */
static int
name_unknown(const struct wait *w, size_t i, const char *values, struct error *e)
{
	AUTO_BYTES known = { 0 };

	for (const char *p = values; p != NULL && *p != '\0'; p += strlen(p) + 1)
		bytes_format(&known, "%s%.*s", p == values ? "" : ", ", (int)strcspn(p, "="), p);
	return error_set(e, ERROR_INPUT, "depends-on[%zu].same[%zu]: the matrix of '%s' has no '%s'; it has "
	    "%s", w->place, i, w->id, w->same[i].name, bytes_string(&known));
}

/* Whether a job of the matrix has the values: 1, 0, or -1 when it has no such names. */
static int
fits(const struct wait *w, const char *values, struct error *e)
{
	for (size_t i = 0; i < w->nsame; i++) {
		const char *value = value_find(values, w->same[i].name);

		if (value == NULL)
			return name_unknown(w, i, values, e);
		if (strcmp(value, w->same[i].value) != 0)
			return 0;
	}
	return 1;
}

static int
same_settle(const struct wait *w, struct graph *g, uint32_t job, uint32_t group, struct error *e)
{
	AUTO_BYTES wanted = { 0 };
	bool any = false;

	if (!g->jobs[group].group)
		return error_set(e, ERROR_INPUT, "depends-on[%zu].same: the job '%s' has no matrix", w->place,
		    w->id);
	for (uint32_t k = g->jobs[group].needs; k != NO_JOB; k = g->edges[k].next) {
		uint32_t member = g->edges[k].job;
		int one = fits(w, g->jobs[member].values, e);

		if (one < 0)
			return -1;
		if (one > 0)
			depend(g, job, member);
		any = any || one > 0;
	}
	for (size_t i = 0; i < w->nsame; i++)
		bytes_format(&wanted, " %s=%.64s", w->same[i].name, w->same[i].value);
	return any || w->optional ? 0 : error_set(e, ERROR_INPUT, "depends-on[%zu].same: no job of the "
	    "matrix of '%s' has%s", w->place, w->id, bytes_string(&wanted));
}

/* Whether a glob may mean it: a job that is there, neither the one that waits nor one of the same matrix. */
static bool
may_mean(const struct graph *g, uint32_t job, uint32_t on)
{
	uint32_t matrix = job == NO_JOB ? NO_JOB : g->jobs[job].matrix;

	return g->jobs[on].declared && on != job && (matrix == NO_JOB ||
	    (on != matrix && g->jobs[on].matrix != matrix));
}

static int
glob_settle(const struct wait *w, struct graph *g, uint32_t job, struct error *e)
{
	bool any = false;

	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t group = g->jobs[i].matrix;

		if (!may_mean(g, job, i) || !glob_match(w->id, g->jobs[i].id))
			continue;
		any = true;
		/* it stands for all its jobs already */
		if (group == NO_JOB || !glob_match(w->id, g->jobs[group].id))
			depend(g, job, i);
	}
	return any || w->optional ? 0 : error_set(e, ERROR_INPUT, "depends-on[%zu]: no job's id fits '%s'; "
	    "where that is right say {\"id\":\"%s\",\"optional\":true}", w->place, w->id, w->id);
}

static int
wait_settle(const struct wait *w, struct graph *g, uint32_t job, struct error *e)
{
	uint32_t on;
	const char *near;

	if (w->glob)
		return glob_settle(w, g, job, e);
	on = graph_find(g, w->id, strlen(w->id));
	if (on != NO_JOB && g->jobs[on].declared) {
		if (w->nsame > 0)
			return same_settle(w, g, job, on, e);
		depend(g, job, on);
		return 0;
	}
	if (w->optional)
		return 0;
	near = graph_nearest(g, w->id);
	return error_set(e, ERROR_INPUT, "depends-on[%zu]: there is no job '%s'%s%s%s", w->place, w->id,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

int
waits_settle(const struct waits *w, struct graph *g, uint32_t job, struct error *e)
{
	/* what it waits for already is not to be waited for again */
	for (uint32_t k = job == NO_JOB ? NO_JOB : g->jobs[job].needs; k != NO_JOB; k = g->edges[k].next)
		g->jobs[g->edges[k].job].asker = job;
	for (size_t i = 0; i < w->n; i++) {
		if (wait_settle(&w->list[i], g, job, e) < 0)
			return -1;
	}
	return 0;
}

void
waits_free(struct waits *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->list[i].id);
		value_pairs_free(w->list[i].same, w->list[i].nsame);
	}
	free(w->list);
	*w = (struct waits){ 0 };
}
