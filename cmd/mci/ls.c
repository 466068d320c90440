#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buildfind.h"
#include "duration.h"
#include "emit.h"
#include "glance.h"
#include "kernel.h"
#include "memory.h"
#include "moment.h"
#include "picture.h"
#include "place.h"
#include "remote.h"
#include "table.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	struct option_list status;
	const char *since;
	int64_t limit;
	bool all, json;
};

static const struct option options[] = {
	{ .letter = 'a', .name = "all", .help = "builds of all folders", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, all) },
	{ .name = "status", .value = "STATUS", .help = "only those, may be given again",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, status),
	  .choices = "pending|queued|initializing|running|success|failure|error|canceled" },
	{ .name = "since", .value = "TIME", .help = "begun since then: " MOMENT_FORMS,
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, since) },
	{ .name = "limit", .value = "N", .help = "at most N", .kind = OPTION_NUMBER, .min = 1,
	  .max = INT32_MAX, .offset = offsetof(struct options, limit), .project = true },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* A build that is shown: what its log says of it. */
struct listing {
	const struct options *options;
	int64_t since, shown;
	struct table table;
};

static bool
wanted(const struct listing *l, const struct fold *f)
{
	const struct option_list *list = &l->options->status;

	if (f->started < l->since)
		return false;
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(status_name(f->status), list->items[i]) == 0)
			return true;
	}
	return list->n == 0;
}

static void
print_json(const struct fold *f, const struct state_build *b, int64_t jobs)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	glance_emit(&line, f, b);
	if (jobs >= 0)
		emit_integer(&line, "jobs", jobs);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static void
print_row(struct table *t, const struct fold *f, const struct state_build *b, int64_t jobs)
{
	AUTO_BYTES started = { 0 };
	AUTO_BYTES elapsed = { 0 };
	char count[24] = "";

	glance_time(&started, f->started, t->terminal);
	duration_show(&elapsed, glance_elapsed(f));
	if (jobs >= 0)
		snprintf(count, sizeof(count), "%lld", (long long)jobs);
	table_text(t, b->name, NULL);
	table_text(t, status_name(f->status), picture_color(f->status));
	table_cell(t, (struct span){ started.data, started.len }, NULL);
	table_cell(t, (struct span){ elapsed.data, elapsed.len }, NULL);
	table_text(t, count, NULL);
}

/* When it is wanted. */
static void
show_one(struct listing *l, const struct fold *f, const struct state_build *b, int64_t jobs)
{
	if (!wanted(l, f))
		return;
	l->shown++;
	if (option_common.quiet)
		printf("%s\n", b->name);
	else if (l->options->json)
		print_json(f, b, jobs);
	else
		print_row(&l->table, f, b, jobs);
}

/* A folder without a log is no build yet, or no more. */
static void
list_one(struct listing *l, const struct state_build *b)
{
	struct fold f;
	int64_t jobs;

	fold_init(&f);
	if (glance_ends(&f, b, &jobs, NULL) == 0)
		show_one(l, &f, b, jobs);
	fold_free(&f);
}

/* ORG/REPO: two names, none of them hidden. */
static bool
is_repo(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash != NULL && strchr(slash + 1, '/') == NULL && strchr("./", text[0]) == NULL &&
	    slash[1] != '.' && slash[1] != '\0';
}

/* ---- builds of a server */

/* Of an object of numbers. */
static int64_t
sum_of(struct span object)
{
	struct scan s;
	struct scan_member m;
	int64_t sum = 0, n;

	if (scan_open(&s, object.p, object.n, NULL) < 0)
		return 0;
	while (scan_next(&s, &m, NULL) > 0) {
		if (scan_integer(&m.value, 0, INT32_MAX, &n, NULL) == 0)
			sum += n;
	}
	return sum;
}

/* What build/list says of one. */
static void
read_build(struct fold *f, struct state_build *b, int64_t *jobs, struct span object)
{
	AUTO_BYTES text = { 0 };
	struct scan s;
	struct scan_member m;
	int64_t count;

	fold_init(f);
	*b = (struct state_build){ .lock = -1 };
	*jobs = 0;
	if (scan_open(&s, object.p, object.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		struct span raw = m.value.raw;
		struct span inside = { raw.p + 1, raw.n - 2 };

		if (span_is(m.key, "build"))
			b->name = xmemdup(inside.p, inside.n);
		else if (span_is(m.key, "status") && status_parse(inside) >= 0)
			f->status = (enum status)status_parse(inside);
		else if (span_is(m.key, "started"))
			timestamp_parse(inside.p, inside.n, &f->started, NULL);
		else if (span_is(m.key, "ended"))
			timestamp_parse(inside.p, inside.n, &f->ended, NULL);
		else if (span_is(m.key, "elapsed"))
			scan_seconds(&m.value, &f->elapsed, NULL);
		else if (span_is(m.key, "exit") && scan_integer(&m.value, 0, 255, &count, NULL) == 0)
			f->exit = (int)count;
		else if (span_is(m.key, "jobs"))
			*jobs = sum_of(raw);
	}
}

/* One page; the name of its last build goes to before. */
static int
list_page(struct listing *l, const char *repo, char **before, bool *more, struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_BYTES result = { 0 };
	struct scan_value builds;
	struct scan s;
	struct scan_member m;
	int64_t limit = l->options->limit;

	emit_open(&params);
	emit_text(&params, "repo", repo);
	if (*before != NULL)
		emit_text(&params, "before", *before);
	if (l->options->status.n == 1)
		emit_text(&params, "status", l->options->status.items[0]);
	bytes_char(&params, '}');
	if (remote_call("build/list", (struct span){ params.data, params.len }, &result, e) < 0)
		return -1;
	*more = message_true((struct span){ result.data, result.len }, "more");
	if (message_member(result.data, result.len, "builds", &builds, e) < 1 ||
	    scan_open(&s, builds.raw.p, builds.raw.n, e) < 0)
		return error_before(e, "build/list: ");
	while (scan_next(&s, &m, NULL) > 0 && (limit == 0 || l->shown < limit)) {
		struct fold f;
		struct state_build b;
		int64_t jobs;

		read_build(&f, &b, &jobs, m.value.raw);
		show_one(l, &f, &b, jobs);
		free(*before);
		*before = b.name;
		fold_free(&f);
	}
	return 0;
}

static int
list_remote(struct listing *l, const char *repo, struct error *e)
{
	AUTO_FREE char *before = NULL;
	bool more = true;
	int result = 0;

	while (more && result == 0 && (l->options->limit == 0 || l->shown < l->options->limit))
		result = list_page(l, repo, &before, &more, e);
	return result;
}

/* ---- builds here */

/* Whose builds are meant: the operand's, this folder's, or with -a all: *repo NULL. 0 or -1. */
static int
repo_meant(const struct options *o, int argc, char **argv, char **repo, struct error *e)
{
	AUTO_FREE char *project = NULL;

	*repo = NULL;
	if (o->all && argc == 1)
		return error_set(e, ERROR_USAGE, "-a is all builds, '%.80s' are some", argv[0]);
	if (o->all)
		return 0;
	if (argc == 1 && !is_repo(argv[0]))
		return error_set(e, ERROR_USAGE, "'%.80s' is no ORG/REPO such as local/zlib; -C DIR is for "
		    "the builds of a folder", argv[0]);
	if (argc == 1) {
		*repo = xstrdup(argv[0]);
		return 0;
	}
	project = place_project();
	if (project == NULL)
		return error_sys(e, "the current folder");
	*repo = state_repo(project, e);
	if (*repo != NULL)
		return 0;
	if (e->code == ERROR_NOT_FOUND)
		error_set(e, ERROR_NOT_FOUND, "there is no build of %s; -a lists those of all folders",
		    project);
	return -1;
}

static int
list_here(struct listing *l, const char *repo, struct error *e)
{
	struct state_list builds = { 0 };
	int64_t limit = l->options->limit;
	int result = state_list_read(&builds, repo, e);

	if (result == 0 && builds.n == 0)
		result = error_set(e, ERROR_NOT_FOUND, "there is no build%s%s", repo == NULL ? "" : " of ",
		    repo == NULL ? "" : repo);
	for (size_t i = 0; i < builds.n && (limit == 0 || l->shown < limit); i++)
		list_one(l, &builds.builds[i]);
	state_list_free(&builds);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	static const char *const headings[] = { "BUILD", "STATUS", "STARTED", "TIME", "JOBS" };
	const struct options *o = arg;
	struct listing l = { .options = o };
	AUTO_FREE char *repo = NULL;
	struct error e;
	int result;

	if (o->since != NULL && moment_parse(o->since, kernel.wall(), &l.since, &e) < 0) {
		error_before(&e, "--since: ");
		return place_complain(&e);
	}
	if (repo_meant(o, argc, argv, &repo, &e) < 0)
		return place_complain(&e);
	table_open(&l.table, headings, 5);
	result = repo != NULL && !buildfind_is_local(repo) ? list_remote(&l, repo, &e) :
	    list_here(&l, repo, &e);
	/* headings alone say nothing */
	if (l.shown == 0)
		l.table.terminal = false;
	table_close(&l.table);
	if (result < 0)
		return place_complain(&e);
	return l.shown > 0 ? 0 : 1;
}

const struct command ls_command = {
	.program = "mci",
	.verb = "ls",
	.operands = "[ORG/REPO]",
	.summary = "list builds, newest first",
	.also = "list history",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.run = run,
	.size = sizeof(struct options),
};
