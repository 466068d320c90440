#include "graph.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "jobfiles.h"
#include "memory.h"
#include "nearest.h"

/* How many ids a suggestion is looked for among: enough for people, bounded for machines. */
#define NEAREST_AMONG 2000

void
graph_init(struct graph *g)
{
	*g = (struct graph){ 0 };
}

void
graph_free(struct graph *g)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct job *j = &g->jobs[i];

		free(j->id);
		free(j->name);
		free(j->line);
		free(j->plan);
		free(j->values);
		json_decref(j->outputs);
		free(j->address);
		free(j->ports);
		json_decref(j->sets);
		free(j->skip);
		if (j->rules != NULL) {
			free(j->rules->again.list);
			free(j->rules->allow.list);
		}
		free(j->rules);
		jobfiles_free(j->files);
	}
	free(g->jobs);
	free(g->edges);
	nametable_free(&g->ids);
	*g = (struct graph){ 0 };
}

static bool
job_is(const void *graph, uint32_t job, struct span id)
{
	return span_is(id, ((const struct graph *)graph)->jobs[job].id);
}

uint32_t
graph_find(const struct graph *g, const char *id, size_t n)
{
	return nametable_find(&g->ids, (struct span){ id, n }, job_is, g);
}

uint32_t
graph_name(struct graph *g, const char *id)
{
	struct span name = { id, strlen(id) };
	uint32_t job = nametable_put(&g->ids, name, g->n, job_is, g);

	if (job < g->n)
		return job;
	if (g->n == g->size) {
		g->size = g->size == 0 ? 64 : g->size * 2;
		g->jobs = xrealloc(g->jobs, g->size, sizeof(*g->jobs));
	}
	g->jobs[g->n] = (struct job){ .id = xmemdup(id, name.n), .needs = NO_JOB, .needed = NO_JOB,
		.because = NO_JOB, .barred = NO_JOB, .matrix = NO_JOB, .next = NO_JOB, .asker = NO_JOB,
		.attempt = 1 };
	return g->n++;
}

int
graph_declare(struct graph *g, const char *id, uint32_t *job, struct error *e)
{
	*job = graph_name(g, id);
	if (g->jobs[*job].declared)
		return error_set(e, ERROR_INPUT, "id: '%s' is the id of an earlier job", id);
	g->jobs[*job].declared = true;
	g->jobs[*job].place = g->ndeclared++;
	return 0;
}

static void
edge_add(struct graph *g, uint32_t to, uint32_t *first, uint32_t *last)
{
	if (g->nedges == g->edges_size) {
		g->edges_size = g->edges_size == 0 ? 256 : g->edges_size * 2;
		g->edges = xrealloc(g->edges, g->edges_size, sizeof(*g->edges));
	}
	g->edges[g->nedges] = (struct edge){ to, NO_JOB };
	if (*first == NO_JOB)
		*first = g->nedges;
	else
		g->edges[*last].next = g->nedges;
	*last = g->nedges++;
}

/* What a job that has ended tells one behind it. */
static void
tell(struct job *behind, const struct job *ended)
{
	if (behind->because == NO_JOB)
		behind->because = ended->because;
	if (behind->barred == NO_JOB)
		behind->barred = ended->barred;
}

void
graph_depend(struct graph *g, uint32_t job, uint32_t on)
{
	struct job *j = &g->jobs[job], *o = &g->jobs[on];

	if (o->asker == job)
		return;
	o->asker = job;
	edge_add(g, on, &j->needs, &j->last_needs);
	edge_add(g, job, &o->needed, &o->last_needed);
	if (o->followed)
		tell(j, o);
	else
		j->waiting++;
}

enum graph_step
graph_step(const struct graph *g, uint32_t job)
{
	const struct job *j = &g->jobs[job];

	if (j->silent)
		return STEP_PASS;
	if (j->skip != NULL)
		return STEP_SKIP;
	if (j->barred != NO_JOB)
		return STEP_BARRED;
	if (j->when == WHEN_SUCCESS && j->because != NO_JOB)
		return STEP_FAILED;
	if (j->when == WHEN_FAILURE && j->because == NO_JOB)
		return STEP_NOTHING_FAILED;
	return STEP_RUN;
}

bool
graph_counts(const struct job *j, enum status status)
{
	return status_bad(status) && !j->allow_failure;
}

void
graph_end(struct graph *g, uint32_t job, enum status status)
{
	struct job *j = &g->jobs[job];
	/* one may decline a job that is allowed to fail, and what is behind has no approval all the same */
	bool declined = j->blocked && status_bad(status);

	j->status = (uint8_t)status;
	if (j->because == NO_JOB && (graph_counts(j, status) || declined))
		j->because = job;
}

void
graph_bar(struct graph *g, uint32_t job)
{
	g->jobs[job].barred = job;
}

void
graph_follow(struct graph *g, uint32_t job, void (*ready)(void *arg, uint32_t job), void *arg)
{
	const struct job *j = &g->jobs[job];

	g->jobs[job].followed = true;
	for (uint32_t k = j->needed; k != NO_JOB; k = g->edges[k].next) {
		struct job *behind = &g->jobs[g->edges[k].job];

		tell(behind, j);
		if (--behind->waiting == 0)
			ready(arg, g->edges[k].job);
	}
}

const char *
graph_nearest(const struct graph *g, const char *word)
{
	AUTO_FREE const char **ids = xmalloc(NEAREST_AMONG * sizeof(*ids));
	size_t n = 0;

	for (uint32_t i = 0; i < g->n && n < NEAREST_AMONG; i++) {
		if (g->jobs[i].declared)
			ids[n++] = g->jobs[i].id;
	}
	return nearest_word(word, ids, n);
}

static int
unknown_check(const struct graph *g, struct graph_wait *at, struct error *e)
{
	for (uint32_t i = 0; i < g->n; i++) {
		const char *near;

		if (g->jobs[i].declared)
			continue;
		*at = (struct graph_wait){ g->edges[g->jobs[i].needed].job, i };
		near = graph_nearest(g, g->jobs[i].id);
		return error_set(e, ERROR_INPUT, "depends-on: there is no job '%s'%s%s%s",
		    g->jobs[i].id, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "'?" : "");
	}
	return 0;
}

/* The first of a job's needs that Kahn's order left over. */
static uint32_t
left_over(const struct graph *g, const uint32_t *left, uint32_t job)
{
	uint32_t k = g->jobs[job].needs;

	while (left[g->edges[k].job] == 0)
		k = g->edges[k].next;
	return g->edges[k].job;
}

/* Walks from a job that Kahn's order left over along such jobs until one comes again: a cycle. It is
 * told from a job on that has a spec, which a matrix as a whole has not. */
static void
cycle_name(const struct graph *g, const uint32_t *left, uint32_t from, struct graph_wait *at,
    struct error *e)
{
	AUTO_FREE bool *seen = xmalloc(g->n);
	AUTO_BYTES path = { 0 };
	uint32_t job = from;

	while (!seen[job]) {
		seen[job] = true;
		job = left_over(g, left, job);
	}
	while (g->jobs[job].group)
		job = left_over(g, left, job);
	*at = (struct graph_wait){ job, left_over(g, left, job) };
	from = job;
	do {
		bytes_format(&path, "%s -> ", g->jobs[job].id);
		job = left_over(g, left, job);
	} while (job != from);
	bytes_text(&path, g->jobs[from].id);
	error_set(e, ERROR_INPUT, "depends-on: a cycle: %s", bytes_string(&path));
}

/* Kahn's order. left becomes how many needs of a job could not be put: none but in cycles and behind
 * them. */
static uint32_t
order(const struct graph *g, uint32_t *left, uint32_t *queue)
{
	uint32_t head = 0, tail = 0;

	for (uint32_t i = 0; i < g->n; i++) {
		for (uint32_t k = g->jobs[i].needs; k != NO_JOB; k = g->edges[k].next)
			left[i]++;
		if (left[i] == 0)
			queue[tail++] = i;
	}
	while (head < tail) {
		uint32_t job = queue[head++];

		for (uint32_t k = g->jobs[job].needed; k != NO_JOB; k = g->edges[k].next) {
			if (--left[g->edges[k].job] == 0)
				queue[tail++] = g->edges[k].job;
		}
	}
	return tail;
}

uint32_t
graph_order(const struct graph *g, uint32_t *into)
{
	AUTO_FREE uint32_t *left = xmalloc(((size_t)g->n + 1) * sizeof(*left));

	return order(g, left, into);
}

static int
cycle_check(const struct graph *g, struct graph_wait *at, struct error *e)
{
	AUTO_FREE uint32_t *left = xmalloc(((size_t)g->n + 1) * sizeof(*left));
	AUTO_FREE uint32_t *queue = xmalloc(((size_t)g->n + 1) * sizeof(*queue));
	uint32_t ordered = order(g, left, queue);

	for (uint32_t i = 0; i < g->n && ordered < g->n; i++) {
		if (left[i] > 0) {
			cycle_name(g, left, i, at, e);
			return -1;
		}
	}
	return 0;
}

int
graph_check(const struct graph *g, struct graph_wait *at, struct error *e)
{
	struct graph_wait ignored;

	if (at == NULL)
		at = &ignored;
	*at = (struct graph_wait){ NO_JOB, NO_JOB };
	if (unknown_check(g, at, e) < 0)
		return -1;
	return cycle_check(g, at, e);
}
