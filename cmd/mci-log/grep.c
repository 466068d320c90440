/* grep: logs searched. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "bytes.h"
#include "children.h"
#include "emit.h"
#include "error.h"
#include "kernel.h"
#include "logpack.h"
#include "memory.h"
#include "option.h"
#include "output.h"
#include "source.h"
#include "verbs.h"

/*
 * Logs are searched by grep(1), as many at a time as there are processors. Each has a grep of its own, with
 * the log on standard input; what they find is taken in the order of the logs, and a grep whose turn has
 * not come waits with a full pipe. So memory is bounded whatever is found.
 */
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

/* The numbers and offsets of lines, read from what grep -nb writes. Zero at the start of each log. */
struct match {
	enum { MATCH_NUMBER, MATCH_OFFSET, MATCH_TEXT } part;
	uint64_t number;
	int64_t offset;
};

/* One log, or where all logs of a build have been added. */
struct row {
	struct source *source;       /* NULL: the end of a build's logs */
	struct build *build;         /* NULL: a log */
	struct child *grep, *unpack; /* NULL: none */
	int found;                   /* pipe that the grep writes to */
};

struct grep {
	const struct options *options;
	const struct form *form;
	struct output out;
	struct match match;
	bool context;      /* lines around matches are shown */
	bool shown;        /* of any log */
	bool fresh;        /* nothing of this log yet */
	struct bytes text; /* of a count */
	bool single;       /* there is one operand */
	char *argv[24];    /* of each grep */
	size_t naming;     /* the place in argv of -H or -h */
	size_t label;      /* the place of --label=NAME */
	char around[3][24];
	int status;        /* of all: 0 found, 1 not, 2 something could not be searched */
	bool broken;       /* what was found cannot be taken: no more can be done */
	struct row *rows;
	size_t n, size, running, most;
};

/* What is done with what a grep found, piece by piece, and then with its status: 0, 1 nothing. 0, or -1 to
 * stop. */
struct form {
	int (*take)(struct grep *g, struct source *s, struct span found, struct error *e);
	int (*end)(struct grep *g, struct source *s, int status, struct error *e);
};

/* The most that an ordinary user may ask for: fewer turns between the two processes. */
#define PIPE_WIDE (1024 * 1024)

/* Keeps none of the parent's descriptors but these: it is not to hold other pipes open. */
static void
close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0U, 0);
}

/* Whoever reads may leave early: SIGPIPE ends it then, unless it is ignored. */
__attribute__((noreturn)) static void
unpack(struct source *s, int to)
{
	struct logpack *p = &s->stored.pack;
	struct span piece;
	struct error e;
	int64_t at = 0;

	close_others(p->fd, to);
	do {
		if (logpack_piece(p, at, &piece, &e) < 0) {
			error_before(&e, "%s: ", s->name);
			option_complain(PROGRAM, &e);
			_exit(2);
		}
		if (piece.n > 0 && kernel_write_all(to, piece.p, piece.n) < 0)
			_exit(errno == EPIPE ? 0 : 2);
		at += (int64_t)piece.n;
	} while (piece.n > 0);
	_exit(0);
}

/* Starts a process that writes an open source whose log is compressed into a pipe; *read is the pipe's end to
 * read from. It ends with 0, or with 2 when the log is damaged, which it says on standard error. 0 or -1. */
static int
unpack_start(struct source *s, int *read, struct child **c, struct error *e)
{
	pid_t pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_WIDE);
	pid = child_fork(c);
	if (pid == 0)
		unpack(s, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_sys(e, "fork");
	}
	*read = fds[0];
	return 0;
}

#define PIECE 65536

/* Starts the grep of one row; in is its standard input and closed here. */
static int
start_grep(struct grep *g, struct row *row, int in, struct error *e)
{
	AUTO_FREE char *label = xformat("--label=%s", row->source->name);
	struct process_spec spec = { .path = "grep", .argv = g->argv, .in = in, .err = STDERR_FILENO };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		close(in);
		return error_sys(e, "pipe");
	}
	spec.out = fds[1];
	g->argv[g->label] = label;
	row->grep = child_start(NULL, &spec, NULL, NULL, e);
	close(fds[1]);
	close(in);
	row->found = fds[0];
	return row->grep == NULL ? -1 : 0;
}

static int
start(struct grep *g, struct row *row, struct error *e)
{
	struct source *source = row->source;
	int there = source_get(source, e), in = -1;

	if (there <= 0)
		return there;
	if (source->stored.packed) {
		if (unpack_start(source, &in, &row->unpack, e) < 0)
			return -1;
	} else {
		/* nobody else moves the offset of this descriptor: all others read at offsets */
		in = fcntl(source->stored.log, F_DUPFD_CLOEXEC, 3);
		if (in < 0)
			return error_sys(e, "dup");
	}
	return start_grep(g, row, in, e);
}

/* The exit status, 2 for a signal; SIGPIPE is how a process ends that nobody reads any more. */
static int
status_of(struct child *c)
{
	int status = child_wait(c);

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGPIPE ? 0 : 2;
}

/* Tries the pattern on nothing: what is wrong with it grep says on standard error, and the status is 2. 0 or
 * -1. */
static int
try_pattern(struct grep *g, struct error *e)
{
	struct process_spec spec = { .path = "grep", .argv = g->argv, .in = -1, .out = -1,
		.err = STDERR_FILENO };
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const char *colors = getenv("GREP_COLORS");
	AUTO_FREE char *with = xformat("%s%sne", colors == NULL ? "" : colors, colors == NULL ? "" : ":");
	struct child *c;

	g->most = processors > 0 ? (size_t)processors : 1;
	/* no erasing of the line's rest, which is no colour */
	if (colors == NULL || strstr(colors, "ne") == NULL)
		setenv("GREP_COLORS", with, 1);
	c = child_start(NULL, &spec, NULL, NULL, e);
	if (c == NULL)
		return -1;
	g->status = status_of(c) > 1 ? 2 : 1;
	return 0;
}

static int
drain(struct grep *g, const struct row *row, struct error *e)
{
	static char buffer[PIECE];

	while (row->grep != NULL) {
		ssize_t got = kernel.read(row->found, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read what grep found");
		if (got == 0)
			return 0;
		if (g->form->take(g, row->source, (struct span){ buffer, (size_t)got }, e) < 0)
			return -1;
	}
	return 0;
}

static void
forget_first(struct grep *g)
{
	g->n--;
	memmove(g->rows, g->rows + 1, g->n * sizeof(*g->rows));
}

static void
close_build(struct build *b)
{
	build_free(b);
	free(b);
}

/* Takes all that the first row's grep finds, and its end. */
static int
finish_first(struct grep *g, struct error *e)
{
	struct row row = g->rows[0];
	int status = 1, result = drain(g, &row, e);

	if (result < 0) {
		g->broken = true;
		return -1;
	}
	if (row.grep != NULL) {
		close(row.found);
		status = status_of(row.grep);
	}
	if (row.unpack != NULL && status_of(row.unpack) != 0)
		g->status = 2;
	g->running--;
	forget_first(g);
	if (status > 1)
		g->status = 2;
	else if (status == 0 && g->status == 1)
		g->status = 0;
	result = g->form->end(g, row.source, status, e);
	source_close(row.source);
	g->broken = result < 0;
	return result;
}

/* The same until so few are left, and closes the builds whose logs are done. */
static int
finish(struct grep *g, size_t left, struct error *e)
{
	while (g->running > left || (g->n > 0 && g->rows[0].source == NULL)) {
		if (g->rows[0].source == NULL) {
			close_build(g->rows[0].build);
			forget_first(g);
		} else if (finish_first(g, e) < 0) {
			return -1;
		}
	}
	return 0;
}

static struct row *
add_row(struct grep *g, struct source *source, struct build *build)
{
	if (g->n == g->size) {
		g->size = g->size == 0 ? 8 : g->size * 2;
		g->rows = xrealloc(g->rows, g->size, sizeof(*g->rows));
	}
	g->rows[g->n] = (struct row){ .source = source, .build = build, .found = -1 };
	return &g->rows[g->n++];
}

/* Begins to search the source's log, once there is a processor for it: until then it takes what the first
 * ones find. A log that is not there counts as empty; of one that cannot be opened it is told, and the
 * others go on. */
static int
search(struct grep *g, struct source *source, struct error *e)
{
	struct error why;

	if (finish(g, g->most - 1, e) < 0)
		return -1;
	g->running++;
	if (start(g, add_row(g, source, NULL), &why) < 0) {
		g->status = 2;
		option_complain(PROGRAM, &why);
	}
	return 0;
}

static void
end_process(struct child *c)
{
	if (c == NULL)
		return;
	child_signal(c, SIGKILL);
	child_wait(c);
}

/* Ends what still runs, after a failure. */
static void
stop(struct grep *g)
{
	for (size_t i = 0; i < g->n; i++) {
		struct row *row = &g->rows[i];

		end_process(row->grep);
		end_process(row->unpack);
		memory_close(&row->found);
		if (row->source == NULL)
			close_build(row->build);
		else
			source_close(row->source);
	}
	free(g->rows);
}

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

static int
take_text(struct grep *g, struct source *s, struct span found, struct error *e)
{
	(void)s;
	/* as grep does between files */
	if (g->fresh && g->shown && g->context)
		bytes_text(&g->out.buffer, "--\n");
	g->fresh = false;
	g->shown = true;
	output_text(&g->out, found);
	return output_flush(&g->out, e);
}

static int
end_text(struct grep *g, struct source *s, int status, struct error *e)
{
	(void)s;
	(void)status;
	g->fresh = true;
	return output_end(&g->out, e);
}

static int
take_matches(struct grep *g, struct source *s, struct span found, struct error *e)
{
	struct error why;

	/* the times; without them, or with a damaged index, the lines are shown all the same */
	if (g->fresh)
		(void)source_refresh(s, &why);
	g->fresh = false;
	return match_add(&g->match, &g->out, s, found, e);
}

static int
end_matches(struct grep *g, struct source *s, int status, struct error *e)
{
	(void)s;
	(void)status;
	g->match = (struct match){ 0 };
	g->fresh = true;
	return output_flush(&g->out, e);
}

static int
take_count(struct grep *g, struct source *s, struct span found, struct error *e)
{
	(void)s;
	(void)e;
	bytes_add(&g->text, found.p, found.n);
	return 0;
}

/* One log as JSON: with -c how many lines matched, with -l that one did. */
static int
end_log(struct grep *g, struct source *s, int status, struct error *e)
{
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

static const struct form text_form = { take_text, end_text };
static const struct form match_form = { take_matches, end_matches }; /* JSON, a line each */
static const struct form log_form = { take_count, end_log };         /* a log each */

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
set_arguments(struct grep *g, char *pattern)
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
	g->label = n++;
	g->argv[g->label] = name_it;
	g->argv[n++] = expression;
	g->argv[n++] = pattern;
}

/* Begins with all logs of one build, or of a job's. */
static int
search_build(struct grep *g, char *text, struct error *e)
{
	struct builds builds;
	struct build *b;
	int result = builds_open(&builds, 1, &text, g->options->attempt, &g->options->where, e);

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
	b = builds.all;
	for (size_t i = build_first_shown(b); i < b->n && result == 0; i++)
		result = search(g, b->sources[i], e);
	/* which is the whole of builds.all */
	add_row(g, NULL, b);
	return result;
}

static int
search_all(struct grep *g, int argc, char **argv, struct error *e)
{
	for (int i = 0; i < argc; i++) {
		/* what cannot be found is told of; what cannot be written ends it */
		if (search_build(g, argv[i], e) < 0) {
			if (g->broken)
				return -1;
			g->status = 2;
			option_complain(PROGRAM, e);
		}
		if (option_common.quiet && g->status == 0)
			return 0;
	}
	return finish(g, 0, e);
}

static int
run(void *arg, int argc, char **argv)
{
	static char *latest[] = { "@", NULL };
	const struct options *o = arg;
	struct grep g = { .options = o, .fresh = true, .out.json = true,
		.form = !o->json ? &text_form : o->count || o->list ? &log_form : &match_form };
	char *pattern = argv[0];
	struct error e;

	argv = argc > 1 ? argv + 1 : latest;
	argc = argc > 1 ? argc - 1 : 1;
	g.single = argc == 1;
	output_init(&g.out, option_common.color);
	set_arguments(&g, pattern);
	if (try_pattern(&g, &e) < 0 || (g.status != 2 && search_all(&g, argc, argv, &e) < 0)) {
		option_complain(PROGRAM, &e);
		g.status = 2;
	}
	stop(&g);
	output_free(&g.out);
	bytes_free(&g.text);
	return g.status;
}

const struct command log_grep_command = {
	.program = PROGRAM, .verb = "grep", .operands = "PATTERN [BUILD[/JOB]...]",
	.summary = "find lines in what jobs printed", .options = grep_options,
	.noptions = sizeof(grep_options) / sizeof(grep_options[0]), .min_operands = 1,
	.max_operands = SIZE_MAX, .complete = "jobs", .run = run, .size = sizeof(struct options),
};
