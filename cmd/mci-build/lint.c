#include "lint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "children.h"
#include "document.h"
#include "emit.h"
#include "environment.h"
#include "graph.h"
#include "line.h"
#include "matrix.h"
#include "memory.h"
#include "message.h"
#include "pass.h"
#include "process.h"
#include "runners.h"
#include "spec.h"
#include "syntax.h"
#include "through.h"
#include "waits.h"
#include "when.h"

/* Of what a script writes: it may write for ever. */
#define LINES_BYTES (4 * (size_t)DOCUMENT_BYTES)
#define LINES_PROBLEMS 1000

struct lint {
	const struct option_list *given; /* filters */
	struct option_list through;      /* all of them */
	char *source;                    /* who wrote the lines */
	FILE *out;
	bool json;
	size_t problems; /* warnings are none */
	const struct definition *definition;
	unsigned number; /* of the line of theirs that came last */
	bool read;       /* at least a byte of the lines */
	bool filtered;   /* the lines have passed the filters */
	bool lines;      /* the jobs are lines, a job's row is the number of its line */
	struct document doc;
	struct graph graph;
	uint32_t *owners; /* the document's job behind each node of the graph; NO_JOB: a bad one */
	uint32_t nowners;
};

/* What stands in front of a problem: FILE:ROW:COLUMN, or the line that a script wrote. */
static void
place_add(const struct lint *l, const struct document_problem *p, struct bytes *line)
{
	bytes_text(line, p->file);
	if (p->row > 0 && l->lines)
		bytes_format(line, ": line %u%s", p->row,
		    l->definition->kind == DEFINITION_STDIN && !l->filtered ? "" : " of its output");
	else if (p->row > 0)
		bytes_format(line, ":%u:%u", p->row, p->column);
	bytes_text(line, ": ");
}

static void
tell(struct lint *l, const struct document_problem *p, const char *severity)
{
	AUTO_BYTES line = { 0 };

	if (l->json) {
		emit_open(&line);
		emit_text(&line, "file", p->file);
		if (l->lines) {
			emit_integer(&line, "line", p->row);
		} else {
			emit_integer(&line, "row", p->row);
			emit_integer(&line, "column", p->column);
		}
		if (p->job != NULL)
			emit_text(&line, "job", p->job);
		emit_text(&line, "severity", severity);
		emit_text(&line, "problem", p->text);
		emit_line(&line);
	} else {
		place_add(l, p, &line);
		if (strcmp(severity, "error") != 0)
			bytes_format(&line, "%s: ", severity);
		bytes_format(&line, "%s\n", p->text);
	}
	fwrite(line.data, 1, line.len, l->out);
}

static int
report(void *arg, const struct document_problem *p)
{
	struct lint *l = arg;

	l->problems++;
	tell(l, p, "error");
	return 0;
}

static struct document_problem
place_of(const struct lint *l, const struct document_job *j, const char *id, const char *text, bool key)
{
	struct document_problem p = { .file = j->file, .row = j->row, .text = text, .job = id };

	if (!l->lines)
		document_place(&l->doc, j, text, key, &p.row, &p.column);
	return p;
}

/* A problem of a good job's field; text begins with the field's path. */
static void
job_report(struct lint *l, const struct document_job *j, const char *id, const char *text)
{
	struct document_problem p = place_of(l, j, id, text, false);

	report(l, &p);
}

/* What nothing serves, wherever the job runs. */
static void
demands_report(struct lint *l, const struct document_job *j, const struct spec *s)
{
	struct document_problem p;
	struct error e;

	if (s->runner != NULL && runners_find(s->runner, &e) == NULL)
		job_report(l, j, s->id, e.text);
	if (spec_demands(s, true, 0, NULL, NULL, &e) == 0)
		return;
	p = place_of(l, j, s->id, e.text, true);
	report(l, &p);
}

static void
own(struct lint *l, uint32_t node, uint32_t job)
{
	if (node >= l->nowners) {
		l->owners = xrealloc(l->owners, (size_t)node * 2 + 16, sizeof(*l->owners));
		memset(l->owners + l->nowners, 0xff,
		    ((size_t)node * 2 + 16 - l->nowners) * sizeof(*l->owners));
		l->nowners = node * 2 + 16;
	}
	l->owners[node] = job;
}

/* Jobs that cannot be read are there all the same for those that depend on them. */
static int
report_file(void *arg, const struct document_problem *p)
{
	struct lint *l = arg;
	uint32_t node;

	if (p->job != NULL && graph_find(&l->graph, p->job, strlen(p->job)) == NO_JOB &&
	    graph_declare(&l->graph, p->job, &node, NULL) == 0)
		own(l, node, NO_JOB);
	return report(l, p);
}

/* What the members of one matrix are hung on. */
struct group {
	struct lint *lint;
	uint32_t job, node; /* NO_JOB: no matrix */
};

static int
member_declare(void *arg, struct spec *s, const struct spec_pair *values, size_t n, struct error *e)
{
	struct group *group = arg;
	uint32_t node;
	int status = graph_declare(&group->lint->graph, s->id, &node, e);

	if (status == 0) {
		own(group->lint, node, group->job);
		group->lint->graph.jobs[node].when = (uint8_t)when_decide(s->when, NULL, NULL);
		group->lint->graph.jobs[node].values = waits_values(values, n);
		group->lint->graph.jobs[node].matrix = group->node;
		if (group->node != NO_JOB)
			graph_depend(&group->lint->graph, group->node, node);
	}
	spec_free(s);
	return status;
}

static void
twice_report(struct lint *l, const struct document_job *j, const char *id, const struct error *e)
{
	AUTO_FREE char *text = NULL;
	uint32_t node = graph_find(&l->graph, id, strlen(id));
	uint32_t first = node < l->nowners ? l->owners[node] : NO_JOB;

	if (first == NO_JOB) {
		text = xformat("id: %s", e->text);
	} else {
		const struct document_job *other = &l->doc.jobs[first];
		text = l->lines ? xformat("id: the id '%s' is taken by the job in line %u", id, other->row) :
		    xformat("id: the id '%s' is taken by the job at %s:%u:%u", id, other->file, other->row,
		    other->column);
	}
	job_report(l, j, id, text);
}

/* Puts a job and the members of its matrix into the graph, without their edges. */
static void
job_declare(struct lint *l, uint32_t job)
{
	const struct document_job *j = &l->doc.jobs[job];
	struct group group = { l, job, NO_JOB };
	struct spec spec;
	struct error e = { 0 };

	if (spec_read(&spec, j->line.p, j->line.n, 0, &e) < 0) {
		job_report(l, j, NULL, e.text);
		return;
	}
	demands_report(l, j, &spec);
	if (matrix_is(&spec) && graph_declare(&l->graph, spec.id, &group.node, &e) == 0) {
		own(l, group.node, job);
		l->graph.jobs[group.node].group = true;
	}
	if (e.code != ERROR_NONE || matrix_expand(&spec, member_declare, &group, &e) < 0) {
		if (strncmp(e.text, "matrix", 6) == 0)
			job_report(l, j, spec.id, e.text);
		else
			twice_report(l, j, spec.id, &e);
	}
	spec_free(&spec);
}

/* One job of the graph, or a member of a matrix, waits for what its spec says. */
static int
member_connect(void *arg, struct spec *s, const struct spec_pair *values, size_t n, struct error *e)
{
	struct lint *l = arg;
	uint32_t node = graph_find(&l->graph, s->id, strlen(s->id)), on;
	struct waits waits = { 0 };
	int result = 0;

	(void)values;
	(void)n;
	for (size_t i = 0; node != NO_JOB && i < s->ndepends; i++) {
		on = graph_find(&l->graph, s->depends[i].id, strlen(s->depends[i].id));
		if (on != NO_JOB && spec_wait_plain(&s->depends[i]))
			graph_depend(&l->graph, node, on);
	}
	if (node != NO_JOB && (waits_take(&waits, s, e) < 0 || waits_settle(&waits, &l->graph, node, e) < 0))
		result = -1;
	waits_free(&waits);
	spec_free(s);
	return result;
}

static void
unknown_report(struct lint *l, const struct document_job *j, const struct spec *s)
{
	for (size_t i = 0; i < s->ndepends; i++) {
		const char *near;
		AUTO_FREE char *text = NULL;

		if (!spec_wait_plain(&s->depends[i]) ||
		    graph_find(&l->graph, s->depends[i].id, strlen(s->depends[i].id)) != NO_JOB)
			continue;
		near = graph_nearest(&l->graph, s->depends[i].id);
		text = xformat("depends-on[%zu]: there is no job '%s'%s%s%s", i, s->depends[i].id,
		    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "'?" : "");
		job_report(l, j, s->id, text);
	}
}

static void
job_connect(struct lint *l, uint32_t job)
{
	const struct document_job *j = &l->doc.jobs[job];
	struct spec spec;
	struct error e;

	if (spec_read(&spec, j->line.p, j->line.n, 0, NULL) < 0)
		return;
	unknown_report(l, j, &spec);
	if (matrix_expand(&spec, member_connect, l, &e) < 0 && strncmp(e.text, "depends-on", 10) == 0)
		job_report(l, j, spec.id, e.text);
	spec_free(&spec);
}

/* The job, or of a matrix one of its jobs, which all wait for the same. */
static uint32_t
one_of(const struct graph *g, uint32_t node)
{
	return g->jobs[node].group && g->jobs[node].needs != NO_JOB ?
	    g->edges[g->jobs[node].needs].job : node;
}

/* The first job before an 'always' job that the other one does not name as well, or NO_JOB. */
static uint32_t
hidden(const struct graph *g, uint32_t always, uint32_t job)
{
	for (uint32_t k = g->jobs[always].needs; k != NO_JOB; k = g->edges[k].next) {
		uint32_t other = g->jobs[job].needs;

		while (other != NO_JOB && g->edges[other].job != g->edges[k].job)
			other = g->edges[other].next;
		if (other == NO_JOB)
			return g->edges[k].job;
	}
	return NO_JOB;
}

/*
 * Where a chain runs through a job that always runs, people expect the failure before it to be over: other
 * systems differ. What names the jobs before it, too, or says what it wants, is not meant.
 */
static void
chains_warn(struct lint *l, uint32_t number)
{
	const struct document_job *j = &l->doc.jobs[number];
	const struct graph *g = &l->graph;
	struct spec spec;

	if (spec_read(&spec, j->line.p, j->line.n, 0, NULL) < 0)
		return;
	for (size_t i = 0; i < spec.ndepends && when_decide(spec.when, NULL, NULL) == WHEN_SUCCESS; i++) {
		uint32_t job = graph_find(g, spec.id, strlen(spec.id));
		const char *id = spec.depends[i].id;
		uint32_t on = graph_find(g, id, strlen(id)), before = NO_JOB;
		struct document_problem p;
		AUTO_FREE char *text = NULL;

		if (job != NO_JOB && on != NO_JOB && g->jobs[one_of(g, on)].when == WHEN_ALWAYS)
			before = hidden(g, one_of(g, on), one_of(g, job));
		if (before == NO_JOB)
			continue;
		text = xformat("depends-on[%zu]: '%s' always runs and hides nothing: this job is skipped "
		    "when '%s' fails; name that here as well, or say when: always", i, id,
		    g->jobs[before].id);
		p = place_of(l, j, spec.id, text, false);
		tell(l, &p, "warning");
	}
	spec_free(&spec);
}

static void
graph_report(struct lint *l)
{
	struct graph_wait at;
	uint32_t job;
	struct error e;

	for (uint32_t i = 0; i < l->doc.n; i++)
		job_declare(l, i);
	for (uint32_t i = 0; i < l->doc.n; i++)
		job_connect(l, i);
	for (uint32_t i = 0; i < l->doc.n; i++)
		chains_warn(l, i);
	if (graph_check(&l->graph, &at, &e) == 0)
		return;
	job = at.job < l->nowners ? l->owners[at.job] : NO_JOB;
	if (job == NO_JOB) {
		report(l, &(struct document_problem){ .file = l->definition->name, .text = e.text });
		return;
	}
	document_name_wait(&l->doc.jobs[job], l->graph.jobs[at.on].id, &e);
	job_report(l, &l->doc.jobs[job], l->graph.jobs[at.job].id, e.text);
}

static void
line_report(struct lint *l, unsigned number, const char *job, const char *text)
{
	report(l, &(struct document_problem){ l->source, number, 0, text, job });
}

static void
line_keep(struct lint *l, struct span line, unsigned number)
{
	struct document *doc = &l->doc;

	if ((doc->n & (doc->n - 1)) == 0)
		doc->jobs = xrealloc(doc->jobs, doc->n == 0 ? 1 : doc->n * 2, sizeof(*doc->jobs));
	doc->jobs[doc->n++] = (struct document_job){ .line = { NULL, line.n }, .file = l->source,
		.row = number };
	bytes_add(&doc->text, line.p, line.n);
}

/* Which params the script takes: once, and before the first job. */
static int
params_line(struct lint *l, struct span line, struct error *e)
{
	struct scan_value list = { .raw = { NULL, 0 } };

	if (l->doc.n > 0 || l->doc.params.any)
		return error_set(e, ERROR_INPUT, "script/params comes once, and before the first job");
	if (message_member(line.p, line.n, "params", &list, e) < 0)
		return -1;
	return declared_read(&l->doc.params, list.raw, e) < 0 ? error_before(e, "params") : 0;
}

/* One line of what a script writes; a good job is kept. */
static void
job_line(struct lint *l, struct span line, unsigned number)
{
	AUTO_FREE char *id = NULL;
	struct message m;
	struct spec spec;
	struct error e;
	int status;

	if (line.n == 0 || strspn(line.p, " \t\r") >= line.n)
		return;
	if (!l->filtered && message_read(&m, line.p, line.n, NULL) == 0 && m.kind == MESSAGE_EVENT &&
	    (span_is(m.type, "script/busy") || span_is(m.type, "script/params"))) {
		if (span_is(m.type, "script/params") && params_line(l, line, &e) < 0)
			line_report(l, number, NULL, e.text);
		return;
	}
	if (l->through.n > 0 && !l->filtered) {
		/* what it is is asked behind the filters */
		if (message_read(&m, line.p, line.n, &e) < 0)
			line_report(l, number, NULL, e.text);
		else
			line_keep(l, line, number);
		return;
	}
	status = spec_read(&spec, line.p, line.n, 0, &e);
	if (status == 0) {
		id = xstrdup(spec.id);
		status = document_check(&spec, false, &e);
		spec_free(&spec);
	}
	if (status < 0) {
		line_report(l, number, id, e.text);
		return;
	}
	line_keep(l, line, number);
}

/* Whether there is no end to it. */
static bool
too_much(struct lint *l)
{
	if (l->doc.text.len <= LINES_BYTES && l->problems < LINES_PROBLEMS)
		return false;
	line_report(l, 0, NULL, "no more of it is read");
	return true;
}

/* All lines of fd; false when it was given up before its end. */
static bool
lines_read(struct lint *l, int fd)
{
	struct line_reader reader = { 0 };
	bool end = false, much = false;
	struct span line;
	enum line_result got;

	while (!end && !much) {
		end = line_read(&reader, fd) <= 0;
		l->read |= !end;
		while (!much && (got = line_next(&reader, &line)) != LINE_NONE) {
			if (got == LINE_LONG)
				line_report(l, (unsigned)reader.number, NULL, "longer than 1 MiB");
			else
				job_line(l, line, (unsigned)reader.number);
			much = too_much(l);
		}
	}
	line = line_rest(&reader);
	if (!much && line.n > 0) {
		AUTO_FREE char *rest = xmemdup(line.p, line.n);

		job_line(l, (struct span){ rest, line.n }, (unsigned)reader.number + 1);
	}
	line_free(&reader);
	return !much;
}

/* Starts the script as for a plan; the descriptor of what it writes, or -1. */
static int
script_start(const struct definition *d, struct child **c, struct error *e)
{
	char *argv[] = { d->path, NULL };
	struct process_spec spec = { .path = d->path, .name = d->name, .argv = argv, .dir = d->project,
		.in = -1, .err = STDERR_FILENO };
	struct environment env;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	environment_open(&env, NULL, 0);
	environment_set(&env, "MCI_PLAN", "1");
	spec.env = env.pairs;
	spec.out = fds[1];
	*c = child_start(NULL, &spec, NULL, NULL, e);
	environment_close(&env);
	close(fds[1]);
	if (*c != NULL)
		return fds[0];
	close(fds[0]);
	return -1;
}

static int
script_lines(struct lint *l, struct error *e)
{
	struct child *c = NULL;
	int fd = script_start(l->definition, &c, e), status;
	AUTO_FREE char *text = NULL;

	if (fd < 0)
		return -1;
	if (!lines_read(l, fd)) {
		child_signal(c, SIGKILL);
		close(fd);
		child_wait(c);
		return 0;
	}
	close(fd);
	status = child_wait(c);
	if (WIFSIGNALED(status))
		text = xformat("the script was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (status != 0)
		text = xformat("the script ended with status %d", WEXITSTATUS(status));
	if (text != NULL)
		line_report(l, 0, NULL, text);
	return 0;
}

static void
syntax_problem(void *arg, unsigned row, const char *text)
{
	struct lint *l = arg;

	report(l, &(struct document_problem){ l->definition->name, row, row > 0, text, NULL });
}

/* What a script writes, once it can be run at all. */
static int
script_lint(struct lint *l, struct error *e)
{
	int problems = syntax_check(l->definition, syntax_problem, l, e);

	if (problems != 0)
		return problems < 0 ? -1 : 0;
	l->lines = true;
	return script_lines(l, e);
}

/* Not a byte on standard input is what is left of a pipe whose first half failed. */
static int
stdin_lint(struct lint *l, struct error *e)
{
	l->lines = true;
	lines_read(l, STDIN_FILENO);
	return l->read ? 0 : error_set(e, ERROR_INPUT, "standard input is empty: nothing was checked");
}

/* The lines are together in one text. */
static void
lines_place(struct document *doc)
{
	const char *p = doc->text.data;

	for (size_t i = 0; i < doc->n; p += doc->jobs[i++].line.n)
		doc->jobs[i].line.p = p;
}

static int
filter_line(void *arg, struct span line, struct error *e)
{
	struct lint *l = arg;

	(void)e;
	job_line(l, line, ++l->number);
	return 0;
}

static void
filter_failed(void *arg, const struct error *why)
{
	struct lint *l = arg;

	report(l, &(struct document_problem){ .file = l->definition->name, .text = why->text });
}

/* Puts what the filters make of the jobs in their place. */
static int
jobs_filter(struct lint *l, struct error *e)
{
	struct document from = l->doc;
	int result;

	l->doc = (struct document){ .filtered = true };
	free(l->source);
	l->source = xformat("through '%s'", l->through.items[l->through.n - 1]);
	l->lines = l->filtered = true;
	graph_free(&l->graph);
	graph_init(&l->graph);
	l->nowners = 0;
	result = pass_lines(&from, &l->through, l->definition->project, filter_line, filter_failed, l, e);
	document_free(&from);
	lines_place(&l->doc);
	return result;
}

static void
through_add(struct lint *l, const struct option_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		l->through.items = xrealloc(l->through.items, l->through.n + 1, sizeof(*l->through.items));
		l->through.items[l->through.n++] = xstrdup(list->items[i]);
	}
}

/* What is written, and what the filters make of it: only of what is good do they make sense. */
static int
jobs_read(struct lint *l, struct error *e)
{
	const struct definition *d = l->definition;
	int status = 0;

	if (d->kind == DEFINITION_DOCUMENT)
		document_survey(&l->doc, d, l->given->n > 0, report_file, l);
	through_add(l, &l->doc.through);
	through_add(l, l->given);
	if (through_check(&l->through, e) < 0)
		return -1;
	if (d->kind == DEFINITION_STDIN)
		status = stdin_lint(l, e);
	else if (d->kind == DEFINITION_SCRIPT)
		status = script_lint(l, e);
	if (l->lines)
		lines_place(&l->doc);
	return status == 0 && l->through.n > 0 && l->problems == 0 ? jobs_filter(l, e) : status;
}

int
lint_run(const struct definition *d, const struct option_list *through, FILE *out, bool json,
    size_t *jobs, struct error *e)
{
	struct lint l = { .given = through, .source = xstrdup(d->name), .out = out, .json = json,
		.definition = d };
	int status;

	graph_init(&l.graph);
	status = jobs_read(&l, e);
	if (status == 0 && (l.through.n == 0 || l.filtered))
		graph_report(&l);
	*jobs = l.doc.n;
	document_free(&l.doc);
	graph_free(&l.graph);
	for (size_t i = 0; i < l.through.n; i++)
		free((char *)(uintptr_t)l.through.items[i]);
	free(l.through.items);
	free(l.source);
	free(l.owners);
	if (status < 0)
		return -1;
	if (fflush(out) != 0 || ferror(out))
		return error_sys(e, "standard output");
	return l.problems > 0;
}
