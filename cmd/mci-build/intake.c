#include "intake.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "jobfiles.h"
#include "kernel.h"
#include "keytemplate.h"
#include "line.h"
#include "mask.h"
#include "matrix.h"
#include "memory.h"
#include "runners.h"
#include "when.h"

/* Bytes of a spec that an event tells. */
#define SPEC_TOLD ((size_t)64 * 1024)

/* What is let pass in place is said once. */
static void
demand_note(void *arg, const struct spec_row *row)
{
	struct intake *in = arg;

	bool artifact = row == &spec_rows[SPEC_SAVE_ARTIFACTS] || row == &spec_rows[SPEC_RESTORE_ARTIFACTS];

	if (row->service != SPEC_IN_PLACE || in->noted_places || in->prepare.plan || in->prepare.places ||
	    (in->takes_results && artifact))
		return;
	in->noted_places = true;
	outcome_note(in->prepare.outcome, in->takes_results ?
	    "caches are left alone: nothing is saved, restored or looked for" :
	    "caches and artifacts are left alone: nothing is saved, restored or looked for");
}

/* Keys that no part serves yet are an error, never ignored. A plan asks for no machine. */
static int
served_check(struct intake *in, const struct spec *s, struct error *e)
{
	bool unsealed;

	in->takes_results = prepare_takes_results(&in->prepare, s, &unsealed);
	/* never a success of which nothing was run */
	if (s->image != NULL && s->script == NULL && s->argv == NULL && !in->prepare.plan &&
	    strcmp(runners_choose(s, in->prepare.runner), runners[RUNNERS_HOST].name) == 0)
		return error_set(e, ERROR_INPUT, "image: what it runs without a script is known to podman "
		    "alone, not to --runner host");
	if (in->prepare.stranger && s->network != NULL && strcmp(s->network, "none") != 0)
		return error_set(e, ERROR_INPUT, "network: builds of strangers get none");
	if (in->prepare.plan)
		return spec_demands(s, true, 0, demand_note, in, e);
	return runners_demands(s, in->prepare.runner, demand_note, in, e);
}

static void
spec_masked(const struct intake *in, struct bytes *into, const struct spec *s)
{
	AUTO_BYTES line = { 0 };

	spec_write(&line, s, false);
	mask_json(in->mask, into, line.data, line.len);
}

/* --plan keeps the spec as it was written, so that its output is an input again. */
static void
plan_keep(struct intake *in, uint32_t job, const struct spec *s)
{
	struct bytes masked = { 0 };

	if (!in->prepare.plan) {
		spec_masked(in, &in->lines, s);
		return;
	}
	spec_masked(in, &masked, s);
	in->graph->jobs[job].plan = bytes_give(&masked);
}

/* What job/pending is to tell: the job as it was written. */
static char *
told(const struct intake *in, const struct spec *s)
{
	struct bytes line = { 0 };

	if (!in->tells)
		return NULL;
	spec_masked(in, &line, s);
	if (line.len > 0 && line.data[line.len - 1] == '\n')
		line.len--;
	if (line.len > SPEC_TOLD)
		bytes_free(&line);
	return line.len > 0 ? bytes_give(&line) : NULL;
}

/* The spec keeps its codes: the plan still has to tell them. */
static void
rules_keep(struct job *j, const struct spec *s)
{
	const struct value_retry *again = &s->retry;

	j->retries = (int16_t)again->count;
	if (again->on.n == 0 && again->delay == 0 && s->allow.exit.n == 0 && s->skip_code == 0)
		return;
	j->rules = xmalloc(sizeof(*j->rules));
	*j->rules = (struct job_rules){ .again = value_codes_copy(&again->on),
		.allow = value_codes_copy(&s->allow.exit), .skip = s->skip_code, .delay = again->delay };
}

/* The job is part of the build now. */
static void
release(struct intake *in, uint32_t job)
{
	struct job *j = &in->graph->jobs[job];

	if (!j->held || j->undecided)
		return;
	j->held = false;
	if (!in->prepare.plan)
		schedule_arrived(in->schedule, job);
}

/* Something that runs depends on this job, and on what it depends on itself. */
static void
want(struct intake *in, uint32_t first)
{
	struct graph *g = in->graph;
	uint32_t *stack, depth = 0;

	/* one for all jobs: each of its own costs more than everything else about it */
	if (g->n > in->nstack) {
		in->nstack = g->n * 2;
		in->stack = xrealloc(in->stack, in->nstack, sizeof(*in->stack));
	}
	stack = in->stack;

	if (!g->jobs[first].wanted) {
		g->jobs[first].wanted = true;
		stack[depth++] = first;
	}
	while (depth > 0) {
		uint32_t job = stack[--depth];
		struct job *j = &g->jobs[job];

		if (!j->declared || j->undecided) {
			/* looked at again when it is known what it waits for */
			continue;
		}
		for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next) {
			uint32_t on = g->edges[k].job;

			if (!g->jobs[on].wanted) {
				g->jobs[on].wanted = true;
				stack[depth++] = on;
			}
		}
		release(in, job);
	}
}

/*
 * A job that was asked for, or that such a one depends on, is part of the build, with what it depends on.
 * With --no-deps it alone is, and what was not asked for keeps its place in the order and nothing else.
 */
static void
select_job(struct intake *in, uint32_t job, bool selected)
{
	struct job *j = &in->graph->jobs[job];

	j->held = true;
	if (in->selection->no_deps) {
		j->left_out |= !selected;
		j->silent |= !selected;
		release(in, job);
	} else if (selected || j->wanted) {
		j->wanted = false;
		want(in, job);
	}
}

/* Whether the job's own condition or --skip keeps it from running; *reason is NULL when not. *statuses are
 * those of its condition. */
static int
skips(struct intake *in, const struct spec *s, bool left_out, char **reason, unsigned *statuses,
    struct error *e)
{
	const struct when_facts *facts = NULL;
	AUTO_BYTES why = { 0 };

	*reason = left_out ? xstrdup("--skip") : NULL;
	if (when_needs_facts(s->when) && !left_out) {
		if (facts_ask(&in->facts, &in->source, e) < 0)
			return -1;
		facts = &in->facts.when;
	}
	*statuses = when_decide(s->when, facts, &why);
	if (*statuses == 0)
		*reason = xformat("when: %s", bytes_string(&why));
	return 0;
}

/* --plan for facts that were given leaves out what does not hold for them. */
static bool
plan_leaves_out(const struct intake *in, const struct job *j)
{
	if (!in->prepare.plan || j->skip == NULL || j->left_out || !facts_are_given(&in->source.given))
		return false;
	if (!option_common.quiet)
		outcome_note(in->prepare.outcome, "%s is left out: %s", j->id, j->skip);
	return true;
}

/* Ids are names of files, and are in events as they are. */
static int
ids_check(const struct intake *in, const struct spec *s, struct error *e)
{
	if (mask_finds(in->mask, s->id, strlen(s->id)))
		return error_set(e, ERROR_INPUT, "id: a secret stands in it");
	if (s->name != NULL && mask_finds(in->mask, s->name, strlen(s->name)))
		return error_set(e, ERROR_INPUT, "name: a secret stands in it");
	for (size_t i = 0; i < s->ndepends; i++) {
		if (mask_finds(in->mask, s->depends[i].id, strlen(s->depends[i].id)))
			return error_set(e, ERROR_INPUT, "depends-on[%zu]: a secret stands in it", i);
	}
	return mask_empty(in->mask) ? 0 : jobfiles_check(s, in->mask, e);
}

static void
fill(struct job *j, struct spec *s)
{
	j->allow_failure = s->allow.any;
	j->blocked = s->blocked;
	j->own = s->workspace != NULL;
	j->empty = s->script == NULL && s->argv == NULL;
	if (s->name != NULL)
		j->name = xstrdup(s->name);
	rules_keep(j, s);
}

static bool
is_wanted(const struct graph *g, const char *id)
{
	uint32_t job = graph_find(g, id, strlen(id));

	return job != NO_JOB && g->jobs[job].wanted;
}

/* Makes it wait for the ids that it names; what says more is gathered in waits, and must mean something at
 * once when no spec comes any more, as then nobody looks again. */
static int
waits_read(struct intake *in, const struct spec *s, struct waits *waits, struct error *e)
{
	if (waits_take(waits, s, e) < 0)
		return -1;
	if (waits->n == 0 || !in->ended || waits_settle(waits, in->graph, NO_JOB, e) == 0)
		return 0;
	waits_free(waits);
	return -1;
}

static void
waits_apply(struct intake *in, uint32_t job, const struct spec *s, struct waits waits, bool selected)
{
	struct graph *g = in->graph;

	for (size_t i = 0; i < s->ndepends; i++) {
		if (spec_wait_plain(&s->depends[i]))
			graph_depend(g, job, graph_name(g, s->depends[i].id));
	}
	if (waits.n == 0) {
		select_job(in, job, selected);
		return;
	}
	g->jobs[job].held = g->jobs[job].undecided = g->jobs[job].asks = true;
	in->pending = xrealloc(in->pending, in->npending + 1, sizeof(*in->pending));
	in->pending[in->npending++] = (struct intake_pending){ job, selected, waits };
}

/* It is known now what the job waits for. */
static void
decided(struct intake *in, struct intake_pending *p)
{
	waits_free(&p->waits);
	in->graph->jobs[p->job].undecided = false;
	select_job(in, p->job, p->selected);
}

/*
 * Decides what can be decided of those from the one at first on, which is everything when no spec comes
 * any more. -1: what one waits for is not there; *at is that job.
 */
static int
pending_settle(struct intake *in, size_t first, uint32_t *at, struct error *e)
{
	size_t kept = first;
	int result = 0;

	for (size_t i = first; i < in->npending; i++) {
		struct intake_pending p = in->pending[i];
		bool known = in->ended || waits_known(&p.waits, in->graph);

		if (known && result == 0) {
			result = waits_settle(&p.waits, in->graph, p.job, e);
			*at = p.job;
		}
		if (known && result == 0)
			decided(in, &p);
		else
			in->pending[kept++] = p;
	}
	in->npending = kept;
	return result;
}

/* Nobody will decide: they are to have their ends all the same. */
static void
pending_drop(struct intake *in)
{
	for (size_t i = 0; i < in->npending; i++)
		decided(in, &in->pending[i]);
	in->npending = 0;
}

/* The keys of its caches are made when it runs; what is wrong in them is said now. */
static int
caches_check(const struct spec *s, struct error *e)
{
	for (size_t i = 0; i < s->ncaches; i++) {
		const struct spec_place *p = &s->caches[i];

		if (p->key != NULL && keytemplate_check(p->key, e) < 0)
			return error_before(e, "caches[%zu].key: ", i);
		for (size_t k = 0; k < p->nfallback; k++) {
			if (keytemplate_check(p->fallback[k], e) < 0)
				return error_before(e, "caches[%zu].fallback[%zu]: ", i, k);
		}
	}
	return 0;
}

/* One job, matrix expanded. *number is its number in the graph. */
static int
job_take(struct intake *in, struct spec *s, const char *matrix_id, uint32_t *number, struct error *e)
{
	bool left_out = selection_skips(in->selection, s->id, matrix_id);
	AUTO_FREE char *reason = NULL, *written = told(in, s);
	struct graph *g = in->graph;
	struct jobfiles *files;
	struct waits waits;
	unsigned statuses;
	struct job *j;
	uint32_t length;
	bool selected;
	char *line;

	if (ids_check(in, s, e) < 0 || caches_check(s, e) < 0 || document_check(s, false, e) < 0 ||
	    skips(in, s, left_out, &reason, &statuses, e) < 0)
		return -1;
	selected = selection_has(in->selection, s->id, matrix_id, s);
	/* a job that is not asked for yet may lack a param; mci-job says so should it run after all */
	if (reason == NULL && !in->prepare.plan &&
	    params_apply(in->prepare.params, s, e) < 0 && (selected || is_wanted(g, s->id)))
		return -1;
	line = prepare_job(&in->prepare, s, &files, &length, e);
	if (line == NULL) {
		jobfiles_free(files);
		return -1;
	}
	if (waits_read(in, s, &waits, e) < 0 || graph_declare(g, s->id, number, e) < 0) {
		waits_free(&waits);
		jobfiles_free(files);
		free(line);
		return -1;
	}
	j = &g->jobs[*number];
	j->added = in->adding;
	j->files = files;
	j->line = line;
	j->line_length = length;
	j->skip = reason;
	j->plan = written;
	j->left_out = left_out;
	reason = written = NULL;
	j->when = (uint8_t)statuses;
	fill(j, s);
	j->left_out |= plan_leaves_out(in, j);
	waits_apply(in, *number, s, waits, selected);
	return 0;
}

/* What one matrix makes: members of a group that carries the id it was written with. */
struct group {
	struct intake *in;
	const char *id;
	uint32_t *members;
	size_t n;
};

static int
member_take(void *arg, struct spec *s, const struct spec_pair *values, size_t n, struct error *e)
{
	struct group *group = arg;
	uint32_t job;
	int result = job_take(group->in, s, group->id, &job, e);

	if (result == 0) {
		group->members = xrealloc(group->members, group->n + 1, sizeof(uint32_t));
		group->members[group->n++] = job;
		group->in->graph->jobs[job].values = waits_values(values, n);
		if (group->in->prepare.plan)
			plan_keep(group->in, job, s);
	}
	spec_free(s);
	return result;
}

static int
matrix_take(struct intake *in, struct spec *s, uint32_t *number, struct error *e)
{
	struct group group = { .in = in, .id = s->id };
	struct graph *g = in->graph;
	int result = matrix_expand(s, member_take, &group, e);

	/* the group last: nothing is left of one whose members are wrong */
	if (result == 0)
		result = graph_declare(g, s->id, number, e);
	if (result == 0) {
		g->jobs[*number].group = g->jobs[*number].silent = true;
		g->jobs[*number].max = (uint16_t)matrix_max(s);
		for (size_t i = 0; i < group.n; i++) {
			graph_depend(g, *number, group.members[i]);
			g->jobs[group.members[i]].matrix = *number;
			g->jobs[*number].asks |= g->jobs[group.members[i]].asks;
		}
		select_job(in, *number, selection_has(in->selection, s->id, NULL, s));
	}
	free(group.members);
	return result;
}

/*
 * Takes one spec. *number is the job, or the matrix, and *id its id for errors, which the caller frees;
 * *key is set when the error is about a key that is there and not about its value.
 */
static int
spec_take(struct intake *in, struct span line, uint32_t *number, char **id, bool *key, struct error *e)
{
	struct spec s;
	int result;

	*number = NO_JOB;
	*id = NULL;
	*key = false;
	if (spec_read(&s, line.p, line.n, 0, e) < 0)
		return -1;
	*id = xstrdup(s.id);
	result = s.runner == NULL || runners_find(s.runner, e) != NULL ? 0 : -1;
	if (result == 0 && served_check(in, &s, e) < 0) {
		result = -1;
		*key = true;
	}
	params_named(in->prepare.params, &s);
	if (result == 0)
		result = matrix_is(&s) ? matrix_take(in, &s, number, e) :
		    job_take(in, &s, NULL, number, e);
	if (result == 0)
		plan_keep(in, *number, &s);
	spec_free(&s);
	return result;
}

/* Once the specs have ended nobody looks for unknown names any more; a new job, on which nothing can
 * depend yet, makes no cycle. */
static int
known_check(const struct intake *in, const char *line, size_t n, struct error *e)
{
	struct spec s;
	int result = 0;

	if (spec_read(&s, line, n, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < s.ndepends && result == 0; i++) {
		uint32_t on = graph_find(in->graph, s.depends[i].id, strlen(s.depends[i].id));

		if (spec_wait_plain(&s.depends[i]) && (on == NO_JOB || !in->graph->jobs[on].declared))
			result = error_set(e, ERROR_INPUT, "depends-on: there is no job '%s'",
			    s.depends[i].id);
	}
	spec_free(&s);
	return result;
}

int
intake_line(struct intake *in, const char *line, size_t n, struct error *e)
{
	AUTO_FREE char *id = NULL;
	uint32_t number;
	size_t before = in->npending;
	bool key;

	if (in->ended && known_check(in, line, n, e) < 0)
		return -1;
	if (spec_take(in, (struct span){ line, n }, &number, &id, &key, e) < 0)
		return id == NULL ? -1 : error_before(e, "job '%s': ", id);
	/* of those that came before a matrix alone can be what they ask for */
	if (in->graph->jobs[number].group)
		before = 0;
	if (in->npending > before && pending_settle(in, before, &number, e) < 0)
		return error_before(e, "job '%s': ", in->graph->jobs[number].id);
	return 0;
}

/* What an event that carries a job may hold beside its envelope. */
#define ADDED (LINE_LIMIT - 4096)

int
intake_add(struct intake *in, const char *line, size_t n, struct error *e)
{
	AUTO_BYTES masked = { 0 };
	int taken;

	if (n > ADDED)
		return error_set(e, ERROR_LIMIT, "a job that is added may have %d bytes", ADDED);
	mask_json(in->mask, &masked, line, n);
	/* whoever added it in a run before is tried again, and adds it again */
	if (past_added(in->schedule->past, (struct span){ masked.data, masked.len }))
		return 0;
	in->adding = true;
	taken = intake_line(in, line, n, e);
	in->adding = false;
	if (taken < 0)
		return -1;
	schedule_added(in->schedule, (struct span){ masked.data, masked.len });
	return 0;
}

/* An error of a job gets the place of the field that its text begins with. */
static int
place_add(const struct document *doc, const struct document_job *j, bool key, struct error *e)
{
	unsigned row, column;

	document_place(doc, j, e->text, key, &row, &column);
	return error_before(e, "%s:%u:%u: ", j->file, row, column);
}

/* Notes which of the document's jobs the graph's is, and those of its matrix. */
static void
own(const struct graph *g, uint32_t **owners, uint32_t *size, uint32_t number, uint32_t job)
{
	if (g->n > *size) {
		uint32_t n = g->n * 2;

		*owners = xrealloc(*owners, n, sizeof(**owners));
		memset(*owners + *size, 0xff, (n - *size) * sizeof(**owners));
		*size = n;
	}
	(*owners)[number] = job;
	for (uint32_t k = g->jobs[number].needs; g->jobs[number].group && k != NO_JOB; k = g->edges[k].next)
		(*owners)[g->edges[k].job] = job;
}

static int
document_take(struct intake *in, const struct document *doc, struct error *e)
{
	AUTO_FREE uint32_t *owners = NULL;
	struct graph *g = in->graph;
	uint32_t size = 0, number;
	struct graph_wait at;

	for (uint32_t i = 0; i < doc->n; i++) {
		AUTO_FREE char *id = NULL;
		bool key;

		if (spec_take(in, doc->jobs[i].line, &number, &id, &key, e) < 0)
			return place_add(doc, &doc->jobs[i], key, e);
		own(g, &owners, &size, number, i);
	}
	in->ended = true;
	if (pending_settle(in, 0, &number, e) < 0)
		return number < size && owners[number] != NO_JOB ?
		    place_add(doc, &doc->jobs[owners[number]], false, e) : -1;
	if (graph_check(g, &at, e) == 0)
		return 0;
	if (at.job >= size || owners[at.job] == NO_JOB)
		return -1;
	document_name_wait(&doc->jobs[owners[at.job]], g->jobs[at.on].id, e);
	return place_add(doc, &doc->jobs[owners[at.job]], false, e);
}

void
intake_document(struct intake *in, const struct document *document)
{
	struct error e;

	if (document_take(in, document, &e) < 0)
		outcome_break(in->prepare.outcome, EXIT_BUILD_ERROR, &e);
	intake_end(in);
}

/* Whether every JOB of the command line was there. */
static int
asked_check(const struct intake *in, struct error *e)
{
	const char *unused = selection_unused(in->selection);
	const char *near;

	if (unused == NULL && in->selection->labels.n > 0 && !in->selection->any)
		return error_set(e, ERROR_USAGE, "no job has the labels that were asked for");
	if (unused == NULL)
		return 0;
	if (definition_meant(unused))
		return error_set(e, ERROR_USAGE, "there is no job '%s'; for the file write ./%s", unused,
		    unused);
	near = graph_nearest(in->graph, unused);
	return error_set(e, ERROR_USAGE, "there is no job '%s'%s%s%s", unused,
	    near != NULL ? "; did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?" : "");
}

void
intake_end(struct intake *in)
{
	struct graph_wait at;
	struct error e;

	in->ended = true;
	if (outcome_ends(in->prepare.outcome)) {
		pending_drop(in);
		return;
	}
	if (pending_settle(in, 0, &at.job, &e) < 0 || graph_check(in->graph, &at, &e) < 0) {
		error_before(&e, "job '%s': ", in->graph->jobs[at.job].id);
		outcome_break(in->prepare.outcome, EXIT_BUILD_ERROR, &e);
	} else if (asked_check(in, &e) < 0) {
		outcome_break(in->prepare.outcome, EXIT_BUILD_USAGE, &e);
	} else if (in->graph->ndeclared == 0 && !option_common.quiet) {
		outcome_note(in->prepare.outcome, "%s: no jobs",
		    in->definition->kind == DEFINITION_STDIN ? "standard input" : in->definition->name);
	}
	pending_drop(in);
}

void
intake_init(struct intake *in)
{
	in->file = -1;
}

int
intake_open(struct intake *in, const char *path, struct error *e)
{
	in->file = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	return in->file < 0 ? error_sys(e, "%s", path) : 0;
}

void
intake_store(struct intake *in)
{
	if (in->lines.len == 0 || in->file < 0)
		return;
	if (kernel_write_all(in->file, in->lines.data, in->lines.len) < 0) {
		close(in->file);
		in->file = -1; /* the journal, on the same disk, will say why */
	}
	in->lines.len = 0;
}

void
intake_close(struct intake *in)
{
	if (in->file >= 0)
		close(in->file);
	in->file = -1;
	for (size_t i = 0; i < in->npending; i++)
		waits_free(&in->pending[i].waits);
	free(in->pending);
	free(in->stack);
	bytes_free(&in->lines);
	facts_free(&in->facts);
}
