#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"
#include "line.h"
#include "matrix.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "shape.h"
#include "spec.h"
#include "tree.h"
#include "when.h"

/* All lines of one file together, aliases written out. */
#define FILE_TEXT (4 * (size_t)DOCUMENT_BYTES)

struct survey {
	struct document *doc;
	const struct definition *definition;
	document_report *report;
	void *arg;
	size_t problems;
	bool stopped;
	bool filtered; /* whatever the files say */
	bool all; /* problems are told, and the jobs that are good kept */
	/* the file at hand */
	size_t number;
	const char *name;
	bool json;
	struct tree *tree;
	struct shape_budget budget;
	size_t from; /* where its lines begin in the text */
	uint32_t defaults; /* what its jobs have unless they say it themselves; 0: nothing */
};

static void
problem(struct survey *s, struct tree_place at, const char *job, const char *text)
{
	struct document_problem p = { s->name, at.row, at.column, text, job };

	s->problems++;
	s->stopped = s->report(s->arg, &p) != 0 || s->stopped;
}

static int
fd_read(int fd, struct bytes *text, struct error *e)
{
	ssize_t n;

	do {
		if (text->len > DOCUMENT_BYTES)
			return error_set(
			    e, ERROR_LIMIT, "larger than %d MiB", DOCUMENT_BYTES >> 20);
		n = kernel.read(fd, bytes_reserve(text, 64 * 1024), 64 * 1024);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? error_set(e, ERROR_SYSTEM, "cannot be read: %s", strerror(errno)) : 0;
}

static int
file_read(const char *path, struct bytes *text, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(e, ERROR_SYSTEM, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_INPUT, "cannot be read: not a file");
	return fd_read(fd, text, e);
}

/* What people fall into in YAML, told beside what is wrong. */
static const char *
hint(const struct survey *s, uint32_t node, const char *text)
{
	const struct tree_node *n = &s->tree->nodes[node];

	if (s->json)
		return "";
	if (n->type == TREE_MAP && strstr(text, "expected a string") != NULL)
		return " (a text that holds ': ' has to be in quotes)";
	if (n->type == TREE_PLAIN && strstr(text, "expected true or false") != NULL)
		return " (YAML knows only true and false)";
	if (n->type == TREE_PLAIN && n->length == 0 && strstr(text, "found null") != NULL)
		return " (nothing is written there; '' is an empty text)";
	return "";
}

/*
 * An error that begins with the path of a field of the job. False when there is no sense in looking
 * at the job without that field. What is missing then, that field or another, is not told.
 */
static bool
job_problem(struct survey *s, uint32_t job, struct span line, struct shape_change *change,
    const struct error *e)
{
	struct scan_value id;
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *text = NULL;
	struct tree_place at;
	uint32_t key, node = shape_find(s->tree, job, e->text, false, &at, &key);

	if (key == 0 && change->nwithout > 0)
		return false;
	for (unsigned i = 0; i < change->nwithout; i++) {
		if (change->without[i] == key)
			return false;
	}

	if (message_member(line.p, line.n, "id", &id, NULL) > 0 && id.type == SCAN_STRING &&
	    spec_id_ok(id.raw.p + 1, id.raw.n - 2))
		name = xmemdup(id.raw.p + 1, id.raw.n - 2);
	text = xformat("%s%s", e->text, hint(s, node, e->text));
	problem(s, at, name, text);
	if (!s->all || s->stopped || key == 0 || change->nwithout == SHAPE_WITHOUT)
		return false;
	change->without[change->nwithout++] = key;
	return true;
}

int
document_check(const struct spec *spec, bool filtered, struct error *e)
{
	if (matrix_check(spec, e) < 0)
		return -1;
	if (!spec_has(spec, SPEC_WHEN))
		return 0;
	if (when_check(spec->when, e) < 0)
		return error_before(e, "when");
	if (!filtered && when_decide(spec->when, NULL, NULL) == WHEN_FAILURE && spec->ndepends == 0)
		return error_set(e, ERROR_INPUT,
		    "when: \"failure\" looks at the jobs in depends-on, and there are none");
	return 0;
}

/* How the specs of the file are read. */
static unsigned
reading(const struct survey *s)
{
	return (s->definition->monkey ? SPEC_MONKEY : 0) | (s->doc->filtered ? SPEC_FILTERED : 0);
}

/* Checks the line of n bytes at the end of the text; one of .monkeyci is written anew. */
static int
spec_take(struct survey *s, size_t n, struct error *e)
{
	struct bytes *text = &s->doc->text;
	bool monkey = s->definition->monkey, filtered = s->doc->filtered;
	AUTO_BYTES normal = { 0 };
	struct spec spec;
	int status;

	if (n >= LINE_LIMIT)
		return error_set(e, ERROR_LIMIT, "a job of more than %d bytes", LINE_LIMIT);
	if (spec_read(&spec, text->data + text->len - n, n, reading(s), e) < 0)
		return -1;
	status = document_check(&spec, filtered, e);
	if (status == 0 && monkey) {
		spec_write(&normal, &spec, false);
		text->len -= n;
		bytes_add(text, normal.data, normal.len - 1);
	}
	spec_free(&spec);
	return status;
}

static void
job_add(struct survey *s, uint32_t node, size_t from)
{
	struct document *doc = s->doc;
	struct tree_place at = s->tree->nodes[node].place;

	if ((doc->n & (doc->n - 1)) == 0)
		doc->jobs = xrealloc(doc->jobs, doc->n == 0 ? 1 : doc->n * 2, sizeof(*doc->jobs));
	doc->jobs[doc->n++] = (struct document_job){
		.line = { NULL, doc->text.len - from },
		.file = s->name,
		.row = at.row,
		.column = at.column,
		.number = (uint32_t)s->number,
		.node = node,
	};
}

static int
job_write(struct survey *s, uint32_t job, const struct shape_change *change, struct tree_place *at,
    struct error *e)
{
	struct bytes *text = &s->doc->text;

	if (s->tree->nodes[tree_target(s->tree, job)].type != TREE_MAP)
		return error_set(e, ERROR_INPUT, "expected a job: keys with their values");
	if (shape_write(text, s->tree, job, change, &s->budget, at, e) < 0) {
		s->stopped = s->budget.nodes == 0;
		return -1;
	}
	if (text->len - s->from <= FILE_TEXT)
		return 0;
	s->stopped = true;
	return error_set(e, ERROR_LIMIT, "the jobs are too large with their aliases written out");
}

/* One job; for lint it is looked at again without the field that was bad, until all is said. */
static void
job_read(struct survey *s, uint32_t job)
{
	struct bytes *text = &s->doc->text;
	struct tree_place at = s->tree->nodes[job].place;
	AUTO_FREE char *id = s->definition->monkey ? xformat("job-%zu", s->doc->n + 1) : NULL;
	struct shape_change change = { .id = id, .defaults = s->defaults };
	struct error e = { 0 };
	size_t from = text->len;
	bool again;

	do {
		text->len = from;
		if (job_write(s, job, &change, &at, &e) < 0) {
			problem(s, at, NULL, e.text);
			break;
		}
		again = spec_take(s, text->len - from, &e) < 0 &&
			job_problem(s, job, (struct span){ text->data + from, text->len - from },
			    &change, &e);
	} while (again);
	if (e.code == ERROR_NONE)
		job_add(s, job, from);
	else
		text->len = from;
}

static void
jobs_read(struct survey *s, uint32_t list)
{
	for (uint32_t i = s->tree->nodes[list].first; i != 0 && !s->stopped;
	     i = s->tree->nodes[i].next)
		job_read(s, i);
}

static void
key_problem(struct survey *s, uint32_t key, const struct error *e)
{
	problem(s, s->tree->nodes[key].place, NULL, e->text);
}

/* A problem of something beside jobs, whose path begins with that key. */
static void
beside_problem(struct survey *s, const struct error *e)
{
	struct tree_place at;

	shape_find(s->tree, 0, e->text, false, &at, NULL);
	problem(s, at, NULL, e->text);
}

static int
through_take(struct survey *s, uint32_t item, struct error *e)
{
	uint32_t node = tree_target(s->tree, item);
	struct option_list *list = &s->doc->through;
	struct span text;

	if (s->tree->nodes[node].type != TREE_PLAIN && s->tree->nodes[node].type != TREE_TEXT)
		return error_set(e, ERROR_INPUT, "through: expected a command, or a list of commands");
	text = tree_text(s->tree, node);
	list->items = xrealloc(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = xmemdup(text.p, text.n);
	s->doc->filtered = true;
	return 0;
}

static int
through_read(struct survey *s, uint32_t value, struct error *e)
{
	const struct tree *t = s->tree;

	if (t->nodes[value].type != TREE_LIST)
		return through_take(s, value, e);
	for (uint32_t i = t->nodes[value].first; i != 0; i = t->nodes[i].next) {
		if (through_take(s, i, e) < 0)
			return -1;
	}
	return 0;
}

static int
params_read(struct survey *s, uint32_t value, struct error *e)
{
	static const struct shape_change as_it_is;
	AUTO_BYTES list = { 0 };
	struct tree_place at;

	if (s->tree->nodes[value].type != TREE_LIST)
		return error_set(e, ERROR_INPUT, "params: expected a list of objects with name, type and "
		    "the like");
	if (shape_write(&list, s->tree, value, &as_it_is, &s->budget, &at, e) < 0)
		return error_before(e, "params: ");
	return declared_read(&s->doc->params, (struct span){ list.data, list.len }, e) < 0 ?
	    error_before(e, "params") : 0;
}

/* What no default can be: it is of one job. */
static int
defaults_refuse(const struct spec *spec, bool filtered, struct error *e)
{
	static const enum spec_key refused[] = { SPEC_ID, SPEC_DEPENDS_ON, SPEC_MATRIX };

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (spec_has(spec, refused[i]))
			return error_set(e, ERROR_INPUT, "%s: no default: it is of one job",
			    spec_rows[refused[i]].key.p);
	}
	if (spec->nforeign > 0 && !filtered)
		return error_set(e, ERROR_INPUT, "%.*s: unknown key: no filter has taken it (see through in "
		    "mci-script(5))", (int)strcspn(spec->foreign[0].p + 1, "\""), spec->foreign[0].p + 1);
	return document_check(spec, true, e);
}

static int
defaults_read(struct survey *s, uint32_t value, struct error *e)
{
	static const struct shape_change as_it_is;
	AUTO_BYTES line = { 0 };
	struct tree_place at;
	struct spec spec;
	int result;

	if (s->tree->nodes[value].type != TREE_MAP)
		return error_set(e, ERROR_INPUT, "defaults: expected keys with their values");
	if (shape_write(&line, s->tree, value, &as_it_is, &s->budget, &at, e) < 0)
		return error_before(e, "defaults: ");
	if (spec_read(&spec, line.data, line.len, reading(s) | SPEC_FILTERED, e) < 0)
		return error_before(e, "defaults.");
	result = defaults_refuse(&spec, s->doc->filtered, e);
	spec_free(&spec);
	if (result < 0)
		return error_before(e, "defaults.");
	s->defaults = value;
	return 0;
}

/* What may stand beside jobs, in the order in which it is looked at. */
static const struct {
	const char *key;
	int (*read)(struct survey *s, uint32_t value, struct error *e);
} beside[] = {
	{ "through", through_read },
	{ "params", params_read },
	{ "defaults", defaults_read },
};

static bool
is_beside(struct span key)
{
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		if (span_is(key, beside[i].key))
			return true;
	}
	return span_is(key, "jobs") || (key.n > 0 && key.p[0] == '.') ||
	    (key.n > 2 && strncmp(key.p, "x-", 2) == 0);
}

static void
unknown_problem(struct survey *s, uint32_t key)
{
	const char *names[sizeof(beside) / sizeof(beside[0]) + 1] = { "jobs" };
	struct span text = tree_text(s->tree, key);
	AUTO_FREE char *word = xmemdup(text.p, text.n > 64 ? 64 : text.n);
	const char *near;
	struct error e;

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
		names[i + 1] = beside[i].key;
	near = nearest_word(word, names, sizeof(names) / sizeof(names[0]));
	if (near != NULL)
		error_set(&e, ERROR_INPUT, "%s: unknown key beside jobs; did you mean '%s'?", word, near);
	else
		error_set(&e, ERROR_INPUT, "%s: unknown key beside jobs (one that holds only an anchor "
		    "begins with 'x-')", word);
	key_problem(s, key, &e);
}

/* {"jobs": [...]} and what stands beside it. */
static void
envelope_read(struct survey *s, uint32_t jobs)
{
	const struct tree *t = s->tree;
	uint32_t list = tree_target(t, jobs);
	struct error e;

	for (uint32_t k = t->nodes[0].first; k != 0 && !s->stopped; k = t->nodes[t->nodes[k].next].next) {
		if (!is_beside(tree_text(t, k)))
			unknown_problem(s, k);
	}
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		for (uint32_t k = t->nodes[0].first; k != 0 && !s->stopped;
		    k = t->nodes[t->nodes[k].next].next) {
			if (tree_text_is(t, k, beside[i].key) &&
			    beside[i].read(s, tree_target(t, t->nodes[k].next), &e) < 0)
				beside_problem(s, &e);
		}
	}
	if (t->nodes[list].type == TREE_LIST)
		jobs_read(s, list);
	else if (!s->stopped)
		problem(s, t->nodes[jobs].place, NULL, "jobs: expected a list of jobs");
}

static void
root_read(struct survey *s)
{
	const struct tree *t = s->tree;

	if (t->n == 0 || t->nodes[0].type <= TREE_LITERAL) {
		problem(s, t->n == 0 ? (struct tree_place){ 1, 1 } : t->nodes[0].place, NULL,
		    "expected a list of jobs");
		return;
	}
	if (t->nodes[0].type == TREE_LIST) {
		jobs_read(s, 0);
		return;
	}
	for (uint32_t k = t->nodes[0].first; k != 0; k = t->nodes[t->nodes[k].next].next) {
		if (tree_text_is(t, k, "jobs")) {
			envelope_read(s, t->nodes[k].next);
			return;
		}
	}
	job_read(s, 0);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void
document_file(struct survey *s, const char *path)
{
	AUTO_BYTES text = { 0 };
	struct tree_place at = { 0, 0 };
	struct error e = { 0 };
	struct span all;
	int status;

	s->budget.nodes = SHAPE_ALIASED;
	s->defaults = 0;
	s->from = s->doc->text.len;
	s->json = ends_with(path, ".json");
	if (file_read(path, &text, &e) < 0) {
		problem(s, at, NULL, e.text);
		return;
	}
	all = (struct span){ text.data, text.len };
	if (all.n >= 3 && memcmp(all.p, "\xef\xbb\xbf", 3) == 0)
		all = (struct span){ all.p + 3, all.n - 3 };
	status = s->json ? json_read(s->tree, all, &at, &e) : yaml_read(s->tree, all, &at, &e);
	if (status < 0)
		problem(s, at, NULL, e.text);
	else
		root_read(s);
}

/* How people know a file of the definition. */
static char *
file_name(const struct definition *d, const char *path)
{
	size_t n = d->project == NULL ? 0 : strlen(d->project);

	if (d->nfiles == 1)
		return xstrdup(d->name);
	return xstrdup(
	    n > 0 && strncmp(path, d->project, n) == 0 && path[n] == '/' ? path + n + 1 : path);
}

static size_t
files_read(struct survey *s)
{
	const struct definition *d = s->definition;
	struct document *doc = s->doc;
	const char *p;

	*doc = (struct document){
		.names = xmalloc((d->nfiles + 1) * sizeof(*doc->names)),
		.trees = xmalloc((d->nfiles + 1) * sizeof(*doc->trees)),
		.nfiles = d->nfiles,
		.filtered = s->filtered,
	};
	for (; s->number < d->nfiles && !s->stopped; s->number++) {
		s->name = doc->names[s->number] = file_name(d, d->files[s->number]);
		s->tree = &doc->trees[s->number];
		document_file(s, d->files[s->number]);
	}
	p = doc->text.data;
	for (size_t i = 0; i < doc->n; p += doc->jobs[i++].line.n)
		doc->jobs[i].line.p = p;
	return s->problems;
}

static int
first_problem(void *arg, const struct document_problem *p)
{
	struct error *e = arg;

	if (p->row == 0)
		error_set(e, ERROR_INPUT, "%s: %s", p->file, p->text);
	else
		error_set(e, ERROR_INPUT, "%s:%u:%u: %s", p->file, p->row, p->column, p->text);
	return 1;
}

int
document_load(struct document *doc, const struct definition *d, bool filtered, struct error *e)
{
	struct error unread = { 0 };
	struct survey s = {
		.doc = doc,
		.definition = d,
		.report = first_problem,
		.filtered = filtered,
		.arg = e == NULL ? &unread : e,
	};

	if (files_read(&s) == 0)
		return 0;
	document_free(doc);
	return -1;
}

size_t
document_survey(struct document *doc, const struct definition *d, bool filtered,
    document_report *report, void *arg)
{
	struct survey s = {
		.doc = doc,
		.definition = d,
		.report = report,
		.filtered = filtered,
		.arg = arg,
		.all = true,
	};

	return files_read(&s);
}

void
document_place(const struct document *doc, const struct document_job *j, const char *path,
    bool key, unsigned *row, unsigned *column)
{
	struct tree_place at;

	shape_find(&doc->trees[j->number], j->node, path, key, &at, NULL);
	*row = at.row;
	*column = at.column;
}

void
document_name_wait(const struct document_job *j, const char *on, struct error *e)
{
	static const char path[] = "depends-on";
	struct spec s;

	if (spec_read(&s, j->line.p, j->line.n, 0, NULL) < 0)
		return;
	for (size_t i = 0; i < s.ndepends; i++) {
		if (strcmp(s.depends[i].id, on) != 0 || strncmp(e->text, path, sizeof(path) - 1) != 0)
			continue;
		memmove(e->text, e->text + sizeof(path) - 1, strlen(e->text) - (sizeof(path) - 1) + 1);
		error_before(e, "%s[%zu]", path, i);
		break;
	}
	spec_free(&s);
}

void
document_free(struct document *doc)
{
	for (size_t i = 0; i < doc->nfiles; i++) {
		free(doc->names[i]);
		tree_free(&doc->trees[i]);
	}
	for (size_t i = 0; i < doc->through.n; i++)
		free((char *)(uintptr_t)doc->through.items[i]);
	free(doc->through.items);
	declared_free(&doc->params);
	free(doc->names);
	free(doc->trees);
	free(doc->jobs);
	bytes_free(&doc->text);
	*doc = (struct document){ 0 };
}
