#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "output.h"
#include "builds.h"
#include "search.h"
#include "verbs.h"

/* The numbers and offsets of lines, read from what grep -nb writes. Zero at the start of each log. */
struct match {
	enum { MATCH_NUMBER, MATCH_OFFSET, MATCH_TEXT } part;
	uint64_t number;
	int64_t offset;
};

/* The line that grep named; its sign behind the numbers is '-' when the line only stands around
 * one. */
static int
show_match(struct match *m, struct output *o, struct source *s, char sign, struct error *e)
{
	int found;

	s->at = s->searched = m->offset;
	s->number = m->number;
	found = source_line(s, true, e);
	if (found <= 0)
		return found;
	o->context = sign == '-';
	return output_line(o, s, e);
}

/* A piece of what grep wrote about the source, which is read again for the line itself. 0 or -1. */
static int
match_add(struct match *m, struct output *o, struct source *s, struct span found,
    struct error *e)
{
	const char *p = found.p, *end = found.p + found.n;

	while (p < end) {
		const char *newline;

		if (m->part == MATCH_TEXT) {
			newline = memchr(p, '\n', (size_t)(end - p));
			if (newline == NULL)
				return 0;
			p = newline + 1;
			*m = (struct match){ 0 };
		} else if (*p >= '0' && *p <= '9') {
			if (m->part == MATCH_NUMBER)
				m->number = m->number * 10 + (uint64_t)(*p - '0');
			else
				m->offset = m->offset * 10 + (*p - '0');
			p++;
		} else {
			if (m->part == MATCH_OFFSET && show_match(m, o, s, *p, e) < 0)
				return -1;
			/* "--" between groups of lines has no number */
			m->part = m->part == MATCH_NUMBER && m->number > 0 ? MATCH_OFFSET : MATCH_TEXT;
			p++;
		}
	}
	return 0;
}

struct options {
	bool ignore_case, invert, fixed, count, list, number, json;
	int64_t after, before, around, attempt;
	struct build_where where;
};

static const struct option grep_options[] = {
	{ .letter = 'i', .name = "ignore-case", .help = "small and capital letters are the same",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, ignore_case) },
	{ .letter = 'v', .name = "invert-match", .help = "lines that do not match",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, invert) },
	{ .letter = 'F', .name = "fixed-strings", .help = "PATTERN is a text, not an expression",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, fixed) },
	{ .letter = 'c', .name = "count", .help = "only how many lines of each log match",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, count) },
	{ .letter = 'l', .name = "files-with-matches",
	  .help = "only which logs have a line that matches", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, list) },
	{ .letter = 'n', .name = "line-number", .help = "begin each line with its number",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, number) },
	{ .letter = 'A', .name = "after-context", .value = "N", .help = "also N lines behind each",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, after), .max = INT32_MAX },
	{ .letter = 'B', .name = "before-context", .value = "N",
	  .help = "also N lines in front of each", .kind = OPTION_NUMBER,
	  .offset = offsetof(struct options, before), .max = INT32_MAX },
	{ .letter = 'C', .name = "context", .value = "N", .help = "also N lines on both sides",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, around), .max = INT32_MAX },
	{ .name = "attempt", .value = "N", .help = "this attempt of a job, not the last",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "json", .help = "one JSON object a line that matches", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	BUILDS_WHERE(struct options, where),
};

struct grep {
	const struct options *options;
	struct output out;
	struct match match;
	bool context;     /* lines around matches are shown */
	bool shown;       /* of any log */
	bool fresh;       /* nothing of this log yet */
	struct bytes text; /* of a count */
	bool single;      /* there is one operand */
	size_t naming;    /* the place in argv of -H or -h */
	char *argv[24];
	char around[3][24];
};

static int
take_text(void *arg, struct source *s, struct span found, struct error *e)
{
	struct grep *g = arg;

	(void)s;
	/* as grep does between files */
	if (g->fresh && g->shown && g->context)
		bytes_text(&g->out.buffer, "--\n");
	g->fresh = false;
	g->shown = true;
	if (g->out.terminal)
		safe_add(&g->out.safe, &g->out.buffer, found.p, found.n);
	else
		bytes_add(&g->out.buffer, found.p, found.n);
	return output_flush(&g->out, e);
}

static int
end_text(void *arg, struct source *s, int status, struct error *e)
{
	struct grep *g = arg;

	(void)s;
	(void)status;
	g->fresh = true;
	return output_end(&g->out, e);
}

static int
take_matches(void *arg, struct source *s, struct span found, struct error *e)
{
	struct grep *g = arg;
	struct error why;

	/* the times; without them, or with a damaged index, the lines are shown all the same */
	if (g->fresh)
		(void)source_refresh(s, &why);
	g->fresh = false;
	return match_add(&g->match, &g->out, s, found, e);
}

static int
end_matches(void *arg, struct source *s, int status, struct error *e)
{
	struct grep *g = arg;

	(void)s;
	(void)status;
	g->match = (struct match){ 0 };
	g->fresh = true;
	return output_flush(&g->out, e);
}

static int
take_count(void *arg, struct source *s, struct span found, struct error *e)
{
	struct grep *g = arg;

	(void)s;
	(void)e;
	bytes_add(&g->text, found.p, found.n);
	return 0;
}

/* One log as JSON: with -c how many lines matched, with -l that one did. */
static int
end_log(void *arg, struct source *s, int status, struct error *e)
{
	struct grep *g = arg;
	struct bytes *b = &g->out.buffer;

	if (status < 2 && (g->options->count || status == 0)) {
		emit_open(b);
		emit_text(b, "build", s->build);
		if (s->job != NULL)
			emit_text(b, "job", s->job);
		else
			emit_bool(b, "script", true);
		emit_integer(b, "attempt", s->attempt);
		if (g->options->count)
			emit_integer(b, "count", g->text.len > 0 ? atoll(bytes_string(&g->text)) : 0);
		emit_line(b);
	}
	g->text.len = 0;
	return output_flush(&g->out, e);
}

static void
passed(void *arg, void *mark)
{
	(void)arg;
	build_free(mark);
	free(mark);
}

static void
refused(void *arg, const struct error *why)
{
	(void)arg;
	option_complain(PROGRAM, why);
}

/* -A N and the like, when N was given. */
static void
add_around(struct grep *g, size_t *n, size_t place, char letter, int64_t lines)
{
	if (lines == 0)
		return;
	snprintf(g->around[place], sizeof(g->around[place]), "-%c%lld", letter, (long long)lines);
	g->argv[(*n)++] = g->around[place];
	g->context = true;
}

static char name_it[] = "-H", name_none[] = "-h";

/* What grep is started with. */
static void
set_arguments(struct grep *g, struct search *s, char *pattern)
{
	static char name[] = "grep", text[] = "-a", expression[] = "-e";
	const struct options *o = g->options;
	const bool records = o->json && !o->count && !o->list;
	const struct {
		bool given;
		const char *flag;
	} flags[] = {
		{ true, o->fixed ? "-F" : "-E" }, { o->ignore_case, "-i" }, { o->invert, "-v" },
		{ o->count, "-c" }, { option_common.quiet || (o->list && o->json), "-q" },
		{ o->list && !o->json, "-l" }, { o->number || records, "-n" }, { records, "-b" },
		{ true, g->out.color && !o->json ? "--color=always" : "--color=never" },
	};
	size_t n = 0;

	g->argv[n++] = name;
	g->argv[n++] = text;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (flags[i].given)
			g->argv[n++] = (char *)flags[i].flag;
	}
	add_around(g, &n, 0, 'A', o->after);
	add_around(g, &n, 1, 'B', o->before);
	add_around(g, &n, 2, 'C', o->around);
	g->naming = n++;
	g->argv[g->naming] = o->json ? name_none : name_it;
	s->label = n++;
	g->argv[s->label] = name_it;
	g->argv[n++] = expression;
	g->argv[n++] = pattern;
	s->argv = g->argv;
}

/* Begins with all logs of one build, or of a job's. */
static int
search_run(struct grep *g, struct search *s, const char *text, struct error *e)
{
	struct builds builds;
	struct build *r;
	int result = builds_open(&builds, 1, (char *[]){ (char *)text, NULL }, g->options->attempt,
	    &g->options->where, e);

	if (result == 0) {
		builds.all[0].prefix = true;
		/* one job's lines need no name in front */
		if (g->single && builds.all[0].only != NULL)
			g->argv[g->naming] = name_none;
		result = builds_read(&builds, e);
	}
	if (result < 0) {
		builds_close(&builds);
		return result;
	}
	r = builds.all;
	for (size_t i = build_first_shown(r); i < r->n && result == 0; i++)
		result = search_add(s, r->sources[i], e);
	/* r is the whole of builds.all, which the mark frees */
	if (search_after(s, r, result == 0 ? e : NULL) < 0)
		result = -1;
	return result;
}

static int
search_all(struct grep *g, struct search *s, int argc, char **argv, struct error *e)
{
	for (int i = 0; i < argc; i++) {
		/* what cannot be found is told of; what cannot be written ends it */
		if (search_run(g, s, argv[i], e) < 0) {
			if (s->broken)
				return -1;
			s->status = 2;
			option_complain(PROGRAM, e);
		}
		if (option_common.quiet && s->status == 0)
			return 0;
	}
	return search_finish(s, e);
}

static int
run(void *arg, int argc, char **argv)
{
	static char *latest[] = { "@", NULL };
	struct grep g = { .options = arg, .fresh = true, .out.json = true };
	struct search s = { .take = take_text, .end = end_text, .passed = passed, .refused = refused,
		.arg = &g };
	char *pattern = argv[0];
	struct error e;

	argv = argc > 1 ? argv + 1 : latest;
	argc = argc > 1 ? argc - 1 : 1;
	g.single = argc == 1;
	if (g.options->json && (g.options->count || g.options->list)) {
		s.take = take_count;
		s.end = end_log;
	} else if (g.options->json) {
		s.take = take_matches;
		s.end = end_matches;
	}
	output_init(&g.out, option_common.color);
	set_arguments(&g, &s, pattern);
	if (search_init(&s, &e) < 0 ||
	    (s.status != 2 && search_all(&g, &s, argc, argv, &e) < 0)) {
		option_complain(PROGRAM, &e);
		s.status = 2;
	}
	search_stop(&s);
	output_free(&g.out);
	bytes_free(&g.text);
	return s.status;
}

const struct command log_grep_command = {
	.program = PROGRAM, .verb = "grep", .operands = "PATTERN [BUILD[/JOB]...]",
	.summary = "find lines in what jobs printed", .options = grep_options,
	.noptions = sizeof(grep_options) / sizeof(grep_options[0]), .min_operands = 1,
	.max_operands = SIZE_MAX, .complete = "jobs", .run = run, .size = sizeof(struct options),
};
