#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emit.h"
#include "inspect.h"
#include "kernel.h"
#include "memory.h"
#include "segment.h"
#include "table.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	bool json;
};

static const struct option options[] = {
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

static const char *const headings[] = { "FIRST", "LAST", "BYTES", "BEGAN", "NEWEST", "FILE" };
#define COLUMNS (sizeof(headings) / sizeof(headings[0]))

struct listing {
	const char *folder;
	int dir;
	bool json, damaged;
	struct table table;
	struct inspection inspection;
};

static void
number_cell(struct table *t, int64_t n)
{
	AUTO_BYTES text = { 0 };

	bytes_number(&text, n);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
time_cell(struct table *t, int64_t ns)
{
	AUTO_BYTES text = { 0 };

	if (ns == 0)
		bytes_char(&text, '-');
	else
		timestamp_write(&text, ns);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
list_row(struct table *t, const struct segment *s, const char *name)
{
	number_cell(t, (int64_t)s->first);
	number_cell(t, (int64_t)s->last);
	number_cell(t, s->size);
	time_cell(t, s->began);
	time_cell(t, s->newest);
	table_text(t, name, NULL);
}

static void
list_json(const struct segment *s, const char *name)
{
	AUTO_BYTES line = { 0 };

	emit_open(&line);
	emit_integer(&line, "first", (int64_t)s->first);
	emit_integer(&line, "last", (int64_t)s->last);
	emit_integer(&line, "bytes", s->size);
	if (s->began != 0) {
		emit_time(&line, "began", s->began);
		emit_time(&line, "newest", s->newest);
	}
	emit_text(&line, "file", name);
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

/* As the start of the hub does it: files that were finished long ago by their sidecars, and the newest,
 * and any of which the sidecar does not tell all, by their lines. 0 or -1. */
static int
measure(struct listing *l, struct segment *s, struct error *e)
{
	AUTO_BYTES text = { 0 };
	struct recovery r;
	bool marked;
	int verdict;

	if (s->first != l->inspection.newest && segment_glance(s, &marked) && marked &&
	    (l->inspection.last == 0 || s->first == l->inspection.last + 1))
		return 0;
	verdict = inspect_segment(&l->inspection, s, &r, e);
	if (verdict < 0)
		return -1;
	s->size = r.end;
	s->last = r.last;
	s->began = r.began;
	s->newest = r.newest;
	if (verdict == VERDICT_WHOLE)
		return 0;
	recover_say(&text, s, &r);
	fprintf(stderr, "mci-events: %s/%s\n", l->folder, bytes_string(&text));
	l->damaged |= verdict == VERDICT_DAMAGED;
	return 0;
}

static int
list_one(void *arg, uint64_t first, struct error *e)
{
	struct listing *l = arg;
	struct segment *s = segment_new(l->dir, first);
	AUTO_BYTES name = { 0 };
	int there = inspect_use(&l->inspection, s, e), result = there <= 0 ? there : measure(l, s, e);

	segment_name(&name, first, "ndjson");
	if (there > 0 && result == 0) {
		l->inspection.last = s->last;
		if (l->json)
			list_json(s, bytes_string(&name));
		else
			list_row(&l->table, s, bytes_string(&name));
	}
	segment_free(s);
	return result;
}

static int
list(struct listing *l, const char *given, struct error *e)
{
	AUTO_FREE char *folder = serve_data(&hub_program, given, e);

	if (folder == NULL)
		return -1;
	l->dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (l->dir < 0)
		return error_sys(e, "open %s", folder);
	l->folder = folder;
	if (!l->json)
		table_open(&l->table, headings, COLUMNS);
	if (inspect_open(&l->inspection, l->dir, e) < 0 || inspect_each(l->dir, list_one, l, e) < 0)
		return error_before(e, "%s: ", folder);
	if (!l->json)
		table_close(&l->table);
	return l->damaged;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct listing l = { .dir = -1, .json = o->json };
	struct error e;
	int result = list(&l, argc > 0 ? argv[0] : NULL, &e);

	if (l.dir >= 0)
		close(l.dir);
	return result < 0 ? option_fail("mci-events", &e) : result;
}

const struct command events_ls_command = {
	.program = "mci-events", .verb = "ls", .operands = "[DIR]",
	.summary = "list the files of a hub's log", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = 1, .complete = "files",
	.run = run, .size = sizeof(struct options),
};
