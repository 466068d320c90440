#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "option.h"
#include "show.h"
#include "state.h"
#include "verbs.h"

#define PROGRAM "mci-log"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct options {
	bool follow, merge, time, json;
	int64_t attempt;
	const char *tail, *lines, *bytes, *since;
};

static const struct option cat_options[] = {
	{ .letter = 'f', .name = "follow", .help = "go on as the logs grow: mci-log follow",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, follow) },
	{ .name = "merge", .help = "order the lines of all logs by time, with the job in front",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, merge) },
	{ .name = "time", .help = "begin each line with the time when it came",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, time) },
	{ .name = "tail", .value = "N", .help = "only the last N lines of each log",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, tail) },
	{ .name = "lines", .value = "A-B", .help = "only lines A to B of each log, from 1",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, lines) },
	{ .name = "bytes", .value = "A-B", .help = "only bytes A to B of each log, from 0",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, bytes) },
	{ .name = "since", .value = "T", .help = "only what came since a time, or that long ago",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, since) },
	{ .name = "attempt", .value = "N", .help = "this attempt of a job, not the last",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static const struct option follow_options[] = {
	{ .name = "merge", .help = "begin each line with its job, also for a single one",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, merge) },
	{ .name = "time", .help = "begin each line with the time when it came",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, time) },
	{ .name = "tail", .value = "N", .help = "begin with the last N lines of each log",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, tail) },
	{ .name = "since", .value = "T", .help = "only what came since a time, or that long ago",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, since) },
	{ .name = "attempt", .value = "N", .help = "only this attempt of a job",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static int
read_range(const struct options *o, struct range *r, struct error *e)
{
	*r = (struct range){ .last_line = INT64_MAX, .last_byte = INT64_MAX, .tail = -1 };
	if (o->follow && (o->lines != NULL || o->bytes != NULL))
		return error_set(e, ERROR_USAGE, "%s and --follow do not go together",
		    o->lines != NULL ? "--lines" : "--bytes");
	if (o->tail != NULL &&
	    number_parse(o->tail, strlen(o->tail), 0, INT64_MAX, &r->tail, e) < 0)
		return error_before(e, "--tail: ");
	if (o->lines != NULL && range_parse(o->lines, 1, &r->first_line, &r->last_line, e) < 0)
		return error_before(e, "--lines: ");
	if (o->bytes != NULL && range_parse(o->bytes, 0, &r->first_byte, &r->last_byte, e) < 0)
		return error_before(e, "--bytes: ");
	if (o->since != NULL && range_since(o->since, &r->since, e) < 0)
		return error_before(e, "--since: ");
	return 0;
}

static int
open_runs(struct show *s, const struct options *o, int argc, char **argv, struct error *e)
{
	AUTO_FREE char *project = state_project(".");
	bool several = false;

	/* builds of a script or of specs are those of the folder that they were started in */
	if (project == NULL)
		project = realpath(".", NULL);
	s->runs = xmalloc((size_t)argc * sizeof(*s->runs));
	for (s->n = 0; s->n < (size_t)argc;) {
		struct run *r = &s->runs[s->n++];

		if (run_open(r, argv[s->n - 1], project, e) < 0)
			return -1;
		r->attempt = (int)o->attempt;
		several = several || strcmp(r->build.name, s->runs[0].build.name) != 0;
	}
	for (size_t i = 0; i < s->n; i++)
		s->runs[i].prefix = several;
	return 0;
}

static void
close_runs(struct show *s)
{
	for (size_t i = 0; i < s->n; i++)
		run_free(&s->runs[i]);
	free(s->runs);
	output_free(&s->out);
}

static int
show(const struct options *o, int argc, char **argv)
{
	struct show s = { .merge = o->merge, .out = { .json = o->json, .time = o->time,
		.quiet = option_common.quiet } };
	static char *latest[] = { "@", NULL };
	struct error e;
	int status = 0;

	if (argc == 0) {
		argv = latest;
		argc = 1;
	}
	output_init(&s.out, option_common.color);
	if (read_range(o, &s.range, &e) < 0 || open_runs(&s, o, argc, argv, &e) < 0 ||
	    (o->follow ? show_follow : show_cat)(&s, &e) < 0) {
		(void)output_flush(&s.out, NULL);
		option_complain(PROGRAM, &e);
		status = error_status(&e);
	}
	close_runs(&s);
	return status;
}

static int
run_cat(void *options, int argc, char **argv)
{
	return show(options, argc, argv);
}

static int
run_follow(void *options, int argc, char **argv)
{
	struct options *o = options;

	o->follow = true;
	return show(o, argc, argv);
}

static const struct command cat_command = {
	.program = PROGRAM, .verb = "cat", .operands = "[BUILD[/JOB]...]",
	.summary = "show what jobs printed (the default verb)", .options = cat_options,
	.noptions = COUNT(cat_options), .max_operands = SIZE_MAX, .complete = "jobs",
	.run = run_cat, .size = sizeof(struct options),
};

static const struct command follow_command = {
	.program = PROGRAM, .verb = "follow", .operands = "[BUILD[/JOB]...]",
	.summary = "show what jobs print until they end", .options = follow_options,
	.noptions = COUNT(follow_options), .max_operands = SIZE_MAX, .complete = "jobs",
	.run = run_follow, .size = sizeof(struct options),
};

static const struct command *const verbs[] = { &cat_command, &follow_command, &mask_command };

static bool
among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

/* Where "cat" belongs on a command line without a verb; 0 when it has one, or asks for help. */
static int
verb_missing_at(int argc, char **argv)
{
	static const char *const with_value[] = { "-C", "--chdir", "--color" };
	static const char *const alone[] = { "-q", "--quiet" };
	static const char *const others[] = { "cat", "follow", "mask", "-h", "--help", "--version",
		"--list-options" };
	int i = 1;

	while (i < argc) {
		if (among(argv[i], with_value, COUNT(with_value)) && i + 1 < argc)
			i += 2;
		else if (among(argv[i], alone, COUNT(alone)) ||
		    strncmp(argv[i], "--color=", 8) == 0 || strncmp(argv[i], "--chdir=", 8) == 0)
			i++;
		else
			break;
	}
	return i < argc && among(argv[i], others, COUNT(others)) ? 0 : i;
}

int
main(int argc, char **argv)
{
	static char cat[] = "cat";
	AUTO_FREE char **with_verb = xmalloc(((size_t)argc + 2) * sizeof(*with_verb));
	int missing = verb_missing_at(argc, argv);

	for (int i = 0, to = 0; i < argc; i++) {
		with_verb[to++] = argv[i];
		if (missing > 0 && i == missing - 1)
			with_verb[to++] = cat;
	}
	return option_dispatch(PROGRAM, "shows what the jobs of a build printed", verbs, COUNT(verbs),
	    argc + (missing > 0), with_verb);
}
