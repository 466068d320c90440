#include "why.h"

#include <stdio.h>

#include "emit.h"
#include "glob.h"
#include "memory.h"

static bool
is_asked(const struct graph *g, const struct job *j, const struct option_list *asked, bool *found)
{
	bool any = asked->n == 0;

	for (size_t i = 0; i < asked->n; i++) {
		if (!glob_match(asked->items[i], j->id) && (j->matrix == NO_JOB ||
		    !glob_match(asked->items[i], g->jobs[j->matrix].id)))
			continue;
		found[i] = any = true;
	}
	return any;
}

/* "event push, branch topic, no tag, 3 changed files" */
static void
facts_add(struct bytes *b, const struct when_facts *f)
{
	bytes_format(b, "event %s", f->event);
	bytes_format(b, f->branch != NULL ? ", branch %s" : ", no branch", f->branch);
	if (f->target != NULL)
		bytes_format(b, ", target %s", f->target);
	if (f->ntags == 0)
		bytes_text(b, ", no tag");
	for (size_t i = 0; i < f->ntags; i++)
		bytes_format(b, "%s%s", i == 0 ? ", tag " : " ", f->tags[i]);
	if (f->has_base)
		bytes_format(b, ", %zu changed file%s", f->npaths, f->npaths == 1 ? "" : "s");
	else
		bytes_text(b, ", everything counts as changed");
}

static void
waits_add(struct bytes *b, const struct graph *g, const struct job *j)
{
	static const char *const results[] = {
		[WHEN_SUCCESS] = "when all that came before succeeded",
		[WHEN_FAILURE] = "when something before it failed",
		[WHEN_ALWAYS] = "whatever became of it",
	};

	if (j->needs == NO_JOB)
		bytes_text(b, "at once");
	for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next)
		bytes_format(b, "%s%s", k == j->needs ? "behind " : ", ", g->jobs[g->edges[k].job].id);
	if (j->needs != NO_JOB)
		bytes_format(b, ", %s", results[j->when]);
	if (j->blocked)
		bytes_text(b, ", once somebody lets it go");
}

static void
job_print(const struct graph *g, const struct job *j, const struct when_facts *facts, bool json)
{
	AUTO_BYTES why = { 0 };
	AUTO_BYTES line = { 0 };

	if (j->skip != NULL)
		bytes_text(&why, j->skip);
	else
		waits_add(&why, g, j);
	if (j->skip != NULL && facts != NULL) {
		bytes_text(&why, " (");
		facts_add(&why, facts);
		bytes_char(&why, ')');
	}
	if (json) {
		emit_open(&line);
		emit_text(&line, "job", j->id);
		emit_bool(&line, "runs", j->skip == NULL);
		emit_text(&line, "why", bytes_string(&why));
		emit_line(&line);
	} else {
		bytes_format(&line, "%s: %s: %s\n", j->id, j->skip == NULL ? "runs" : "is skipped",
		    bytes_string(&why));
	}
	fwrite(line.data, 1, line.len, stdout);
}

int
why_print(const struct graph *g, const struct option_list *asked, const struct when_facts *facts,
    bool json, struct error *e)
{
	AUTO_FREE uint32_t *came = xmalloc(((size_t)g->n + 1) * sizeof(*came));
	AUTO_FREE bool *found = xmalloc(asked->n + 1);
	const char *near;

	for (size_t i = 0; i <= asked->n; i++)
		found[i] = false;
	for (uint32_t i = 0; i < g->n; i++) {
		if (g->jobs[i].declared)
			came[g->jobs[i].place] = i;
	}
	for (uint32_t i = 0; i < g->ndeclared; i++) {
		const struct job *j = &g->jobs[came[i]];

		if (!j->group && is_asked(g, j, asked, found))
			job_print(g, j, facts, json);
	}
	for (size_t i = 0; i < asked->n; i++) {
		if (found[i])
			continue;
		near = graph_nearest(g, asked->items[i]);
		return error_set(e, ERROR_USAGE, "there is no job '%s'%s%s%s", asked->items[i],
		    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "'?" : "");
	}
	return 0;
}
