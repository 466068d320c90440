#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "marker.h"
#include "message.h"
#include "note.h"
#include "output.h"
#include "build.h"
#include "scan.h"
#include "standard.h"
#include "table.h"
#include "verbs.h"

struct options {
	bool github, gitlab, buildkite, json;
	int64_t attempt;
	struct build_where where;
};

static const struct option options[] = {
	{ .name = "github", .help = "read a log with workflow commands from standard input",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, github) },
	{ .name = "gitlab", .help = "read a log with section_start and section_end",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, gitlab) },
	{ .name = "buildkite", .help = "read a log with --- and +++", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, buildkite) },
	{ .name = "attempt", .value = "N", .help = "this attempt of a job, not the last",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	BUILDS_WHERE(struct options, where),
};

struct place {
	int64_t offset, number;
};

/* Reading a log from standard input. */
struct import {
	struct marker marker;
	struct bytes line; /* its first MARKER_LIMIT bytes, and one */
	struct bytes notes, out;
	struct place now, before; /* the line, and the one before it */
	int64_t length;           /* of the line so far */
};

/* The notes, each with its newline, which are of the line at that place. */
static void
emit_imports(struct import *in, struct span notes, struct place at)
{
	while (notes.n > 0) {
		size_t n = (size_t)((const char *)memchr(notes.p, '\n', notes.n) - notes.p);

		emit_open(&in->out);
		emit_integer(&in->out, "offset", at.offset);
		emit_integer(&in->out, "line", at.number);
		emit_raw(&in->out, "note", (struct span){ notes.p, n });
		emit_line(&in->out);
		notes = (struct span){ notes.p + n + 1, notes.n - n - 1 };
	}
}

static int
put(struct import *in, struct error *e)
{
	if (in->out.len > 0 && standard_write(STDOUT_FILENO, in->out.data, in->out.len) < 0)
		return error_sys(e, "write standard output");
	in->out.len = 0;
	return 0;
}

static int
end_line(struct import *in, struct error *e)
{
	size_t earlier;

	in->notes.len = 0;
	earlier = marker_read(&in->marker, (struct span){ in->line.data, in->line.len }, &in->notes);
	if (in->notes.len > 0) {
		emit_imports(in, (struct span){ in->notes.data, earlier }, in->before);
		emit_imports(in, (struct span){ in->notes.data + earlier, in->notes.len - earlier },
		    in->now);
	}
	in->before = in->now;
	in->now = (struct place){ in->now.offset + in->length + 1, in->now.number + 1 };
	in->length = 0;
	in->line.len = 0;
	return put(in, e);
}

static int
take_input(struct import *in, const char *p, size_t n, struct error *e)
{
	while (n > 0) {
		const char *newline = memchr(p, '\n', n);
		size_t piece = newline == NULL ? n : (size_t)(newline - p);
		size_t room = MARKER_LIMIT + 1 - in->line.len;

		bytes_add(&in->line, p, piece < room ? piece : room);
		in->length += (int64_t)piece;
		if (newline == NULL)
			return 0;
		if (end_line(in, e) < 0)
			return -1;
		p += piece + 1;
		n -= piece + 1;
	}
	return 0;
}

static int
import(enum marker_style style, struct error *e)
{
	struct import in = { .marker.style = style, .now.number = 1 };
	static char buffer[65536];
	int result = 0;

	while (result == 0) {
		ssize_t got = kernel_read_some(STDIN_FILENO, buffer, sizeof(buffer));

		if (got < 0)
			result = error_sys(e, "read standard input");
		else if (got == 0)
			break;
		else
			result = take_input(&in, buffer, (size_t)got, e);
	}
	if (result == 0 && in.length > 0)
		result = end_line(&in, e);
	if (result == 0) {
		in.notes.len = 0;
		marker_end(&in.marker, &in.notes);
		emit_imports(&in, (struct span){ in.notes.data, in.notes.len }, in.before);
		result = put(&in, e);
	}
	marker_free(&in.marker);
	bytes_free(&in.line);
	bytes_free(&in.notes);
	bytes_free(&in.out);
	return result;
}

/* Listing what jobs noted. */
struct listing {
	const struct options *options;
	struct table table;
	struct output out;
	size_t shown;
};

/* The number of the line that the log had come to; 0 when that cannot be told. */
static int64_t
line_of(const struct build_note *n)
{
	struct source *s = n->source;
	uint64_t more;

	if (source_get(s, NULL) != 1)
		return 0;
	/* from the last note on, where it is not behind this one */
	if (n->offset < s->at) {
		s->at = 0;
		s->number = 1;
	}
	if (source_forward(s, s->at, UINT64_MAX, n->offset, &more, NULL) < 0)
		return 0;
	s->number += more;
	s->at = n->offset;
	/* notes of many jobs come by turns: no log stays open between them */
	source_close(s);
	return (int64_t)s->number;
}

static void
list_json(struct listing *l, const struct build_note *n, int64_t line)
{
	struct bytes *b = &l->out.buffer;

	emit_open(b);
	emit_time(b, "time", n->time);
	if (n->source->build != NULL)
		emit_text(b, "build", n->source->build);
	emit_text(b, "job", n->source->job);
	emit_integer(b, "attempt", n->source->attempt);
	emit_integer(b, "offset", n->offset);
	if (line > 0)
		emit_integer(b, "line", line);
	emit_raw(b, n->note.n > 0 ? "note" : "text", n->note.n > 0 ? n->note : n->text);
	emit_line(b);
	(void)output_batch(&l->out, NULL);
}

static void
list_row(struct listing *l, const struct build_note *n, int64_t line)
{
	struct scan_value text = { SCAN_STRING, n->text };
	char number[24] = "";
	AUTO_BYTES said = { 0 };

	if (line > 0)
		snprintf(number, sizeof(number), "%lld", (long long)line);
	if (n->note.n > 0)
		note_text(&said, n->note);
	else
		(void)scan_text(&text, &said, NULL);
	table_text(&l->table, n->source->name, NULL);
	table_text(&l->table, number, NULL);
	table_text(&l->table, n->note.n > 0 ? note_kind(n->note) : "text", NULL);
	table_cell(&l->table, (struct span){ said.data, said.len }, NULL);
}

static void
list_note(void *arg, const struct build_note *n)
{
	struct listing *l = arg;
	int64_t line = line_of(n);

	l->shown++;
	if (l->options->json)
		list_json(l, n, line);
	else
		list_row(l, n, line);
}

static int
list(const struct options *o, int argc, char **argv, struct error *e)
{
	static const char *const headings[] = { "JOB", "LINE", "KIND", "NOTE" };
	struct listing l = { .options = o };
	struct builds builds;
	int result = builds_open(&builds, argc, argv, o->attempt, &o->where, e);

	table_open(&l.table, headings, 4);
	for (size_t i = 0; i < builds.n; i++) {
		builds.all[i].annotated = list_note;
		builds.all[i].arg = &l;
	}
	if (result == 0)
		result = builds_read(&builds, e);
	if (l.shown == 0)
		l.table.terminal = false;
	table_close(&l.table);
	if (result == 0)
		result = output_flush(&l.out, e);
	builds_close(&builds);
	output_free(&l.out);
	return result < 0 ? -1 : l.shown == 0;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	enum marker_style style = o->github ? MARKER_GITHUB : o->gitlab ? MARKER_GITLAB :
	    o->buildkite ? MARKER_BUILDKITE : MARKER_NONE;
	struct error e;
	int result;

	if (o->github + o->gitlab + o->buildkite > 1)
		result = error_set(&e, ERROR_USAGE,
		    "--github, --gitlab and --buildkite: one log has one kind of markers");
	else if (style != MARKER_NONE && argc > 0)
		result = error_set(&e, ERROR_USAGE,
		    "markers are read from standard input: mci-log %s | mci-log annotate ...",
		    argv[0]);
	else if (style != MARKER_NONE)
		result = import(style, &e);
	else
		result = list(o, argc, argv, &e);
	if (result < 0)
		option_complain(PROGRAM, &e);
	return option_finish(PROGRAM, result < 0 ? error_status(&e) : result);
}

const struct command log_annotate_command = {
	.program = PROGRAM, .verb = "annotate", .operands = "[BUILD[/JOB]...]",
	.summary = "list what jobs noted beside their logs, or find markers in a log",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX, .complete = "jobs", .run = run, .size = sizeof(struct options),
};
