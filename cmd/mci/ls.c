#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "glance.h"
#include "kernel.h"
#include "memory.h"
#include "moment.h"
#include "picture.h"
#include "place.h"
#include "table.h"
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
	int64_t since;
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

/* Shows one when it is wanted: 1 shown, 0 not. A folder without a log is no build yet, or no more. */
static int
list_one(struct listing *l, const struct state_build *b)
{
	struct fold f;
	int64_t jobs;
	int shown;

	fold_init(&f);
	shown = glance_ends(&f, b, &jobs, NULL) == 0 && wanted(l, &f);
	if (shown && option_common.quiet)
		printf("%s\n", b->name);
	else if (shown && l->options->json)
		print_json(&f, b, jobs);
	else if (shown)
		print_row(&l->table, &f, b, jobs);
	fold_free(&f);
	return shown;
}

/* ORG/REPO: two names, none of them hidden. */
static bool
is_repo(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash != NULL && strchr(slash + 1, '/') == NULL && strchr("./", text[0]) == NULL &&
	    slash[1] != '.' && slash[1] != '\0';
}

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

/* Shows those that are wanted; their number. */
static int64_t
list(struct listing *l, const struct state_list *builds)
{
	static const char *const headings[] = { "BUILD", "STATUS", "STARTED", "TIME", "JOBS" };
	int64_t limit = l->options->limit, shown = 0;

	table_open(&l->table, headings, 5);
	for (size_t i = 0; i < builds->n && (limit == 0 || shown < limit); i++)
		shown += list_one(l, &builds->builds[i]);
	if (shown == 0)
		l->table.terminal = false;
	table_close(&l->table);
	return shown;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct listing l = { .options = o };
	AUTO_FREE char *repo = NULL;
	struct state_list builds = { 0 };
	struct error e;
	int64_t shown;
	int status = 0;

	if (o->since != NULL && moment_parse(o->since, kernel.wall(), &l.since, &e) < 0) {
		error_before(&e, "--since: ");
		return place_complain(&e);
	}
	if (repo_meant(o, argc, argv, &repo, &e) < 0)
		return place_complain(&e);
	if (state_list_read(&builds, repo, &e) < 0 ||
	    (builds.n == 0 && error_set(&e, ERROR_NOT_FOUND, "there is no build%s%s",
	    repo == NULL ? "" : " of ", repo == NULL ? "" : repo) < 0))
		status = place_complain(&e);
	shown = list(&l, &builds);
	state_list_free(&builds);
	return status != 0 || shown > 0 ? status : 1;
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
