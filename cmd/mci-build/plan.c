#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "memory.h"
#include "spec.h"

struct plan {
	struct graph *graph;
	bool *whole;     /* a group of which every job runs: it is printed as it was written */
	uint32_t *group; /* of a matrix' job, NO_JOB of others */
	uint32_t *came;  /* the jobs in the order of their specs */
	uint32_t *seen;  /* the search that came by last */
	uint32_t search;
	uint32_t *stack;
	uint32_t *deps;  /* what the job in hand waits for */
	uint32_t ndeps;
	bool moved;      /* and it was written otherwise */
};

static bool
runs(const struct job *j)
{
	return j->declared && !j->held && !j->left_out && !j->group;
}

/* Whether other specs may name the job: it is printed, by itself or in its matrix. */
static bool
named(const struct plan *p, uint32_t job)
{
	return p->whole[job] || runs(&p->graph->jobs[job]);
}

/* A job of a matrix that is not printed as it was written: no spec names it by that matrix. */
static bool
single(const struct plan *p, uint32_t job)
{
	return p->group[job] != NO_JOB && !p->whole[p->group[job]];
}

static void
plan_open(struct plan *p, struct graph *g)
{
	size_t n = (size_t)g->n + 1;

	*p = (struct plan){ .graph = g, .whole = xmalloc(n), .group = xmalloc(n * sizeof(uint32_t)),
		.seen = xmalloc(n * sizeof(uint32_t)), .stack = xmalloc(n * sizeof(uint32_t)),
		.deps = xmalloc(n * sizeof(uint32_t)), .came = xmalloc(n * sizeof(uint32_t)) };
	memset(p->group, 0xff, n * sizeof(uint32_t));
	for (uint32_t i = 0; i < g->n; i++) {
		p->came[g->jobs[i].place] = i;
		for (uint32_t k = g->jobs[i].needs; g->jobs[i].group && k != NO_JOB; k = g->edges[k].next)
			p->group[g->edges[k].job] = i;
	}
}

static void
plan_close(struct plan *p)
{
	free(p->whole);
	free(p->group);
	free(p->came);
	free(p->seen);
	free(p->stack);
	free(p->deps);
}

/* Puts the needs of a job on the stack, the first one on top. */
static uint32_t
needs_push(struct plan *p, uint32_t job, uint32_t depth)
{
	const struct graph *g = p->graph;
	uint32_t from = depth;

	for (uint32_t k = g->jobs[job].needs; k != NO_JOB; k = g->edges[k].next) {
		if (p->seen[g->edges[k].job] == p->search)
			continue;
		p->seen[g->edges[k].job] = p->search;
		p->stack[depth++] = g->edges[k].job;
	}
	for (uint32_t to = depth; from + 1 < to; from++) {
		uint32_t other = p->stack[--to];

		p->stack[to] = p->stack[from];
		p->stack[from] = other;
	}
	return depth;
}

/* Finds what a printed job waits for: behind what is left out, what that waits for. */
static void
deps_find(struct plan *p, uint32_t job)
{
	uint32_t depth;

	p->search++;
	p->ndeps = 0;
	p->moved = false;
	depth = needs_push(p, job, 0);
	while (depth > 0) {
		uint32_t on = p->stack[--depth];

		if (named(p, on)) {
			p->moved |= p->graph->jobs[job].asks && single(p, on);
			p->deps[p->ndeps++] = on;
		} else {
			p->moved = true;
			depth = needs_push(p, on, depth);
		}
	}
}

/* A job that is there for failures and has nothing left before it never runs, and is no valid spec. */
static void
idle_leave(struct plan *p)
{
	struct graph *g = p->graph;
	AUTO_FREE uint32_t *order = xmalloc(((size_t)g->n + 1) * sizeof(*order));
	uint32_t n = graph_order(g, order);

	for (uint32_t i = 0; i < n; i++) {
		struct job *j = &g->jobs[order[i]];

		if (!runs(j) || j->when != WHEN_FAILURE)
			continue;
		deps_find(p, order[i]);
		j->left_out = p->ndeps == 0;
	}
}

/* Whether one of a group's jobs waits for something else than is written. */
static bool
moves(struct plan *p, uint32_t group)
{
	const struct graph *g = p->graph;
	bool moved = false;

	for (uint32_t k = g->jobs[group].needs; !moved && k != NO_JOB; k = g->edges[k].next) {
		deps_find(p, g->edges[k].job);
		moved = p->moved;
	}
	return moved;
}

/* Groups whose jobs wait each for others are printed job by job where it is not as it was written; whether
 * there were any, as that may change it for others. */
static bool
groups_part(struct plan *p)
{
	const struct graph *g = p->graph;
	bool any = false;

	for (uint32_t i = 0; i < g->n; i++) {
		if (!p->whole[i] || !g->jobs[i].asks || !moves(p, i))
			continue;
		p->whole[i] = false;
		any = true;
	}
	return any;
}

static void
groups_look(struct plan *p)
{
	const struct graph *g = p->graph;

	for (uint32_t i = 0; i < g->n; i++) {
		p->whole[i] = g->jobs[i].group;
		for (uint32_t k = g->jobs[i].needs; p->whole[i] && k != NO_JOB; k = g->edges[k].next)
			p->whole[i] = runs(&g->jobs[g->edges[k].job]);
	}
	while (groups_part(p))
		;
}

/* The spec with other names in depends-on. */
static int
spec_move(const struct plan *p, const char *line, struct bytes *into, struct error *e)
{
	AUTO_FREE const char **ids = xmalloc(((size_t)p->ndeps + 1) * sizeof(*ids));
	struct spec s;

	if (spec_read(&s, line, strlen(line), 0, e) < 0)
		return -1;
	for (uint32_t i = 0; i < p->ndeps; i++)
		ids[i] = p->graph->jobs[p->deps[i]].id;
	spec_waits_replace(&s.depends, &s.ndepends, ids, p->ndeps);
	spec_set(&s, SPEC_DEPENDS_ON, true);
	spec_write(into, &s, false);
	spec_free(&s);
	return 0;
}

static int
spec_print(struct plan *p, uint32_t job, struct error *e)
{
	const struct graph *g = p->graph;
	/* the jobs of a matrix all wait for the same */
	uint32_t one = g->jobs[job].group ? g->edges[g->jobs[job].needs].job : job;
	AUTO_BYTES line = { 0 };

	deps_find(p, one);
	if (p->moved && spec_move(p, g->jobs[job].plan, &line, e) < 0)
		return error_before(e, "job '%s': ", g->jobs[job].id);
	fputs(p->moved ? bytes_string(&line) : g->jobs[job].plan, stdout);
	return 0;
}

int
plan_print(struct graph *g, struct error *e)
{
	bool any = false;
	struct plan p;
	int result = 0;

	plan_open(&p, g);
	groups_look(&p);
	idle_leave(&p);
	groups_look(&p);
	for (uint32_t i = 0; i < g->n && result == 0; i++) {
		uint32_t job = p.came[i];

		if (!named(&p, job) || (p.group[job] != NO_JOB && p.whole[p.group[job]]))
			continue;
		any = true;
		result = spec_print(&p, job, e);
	}
	if (result == 0 && !any)
		putchar('\n');
	plan_close(&p);
	return result;
}
