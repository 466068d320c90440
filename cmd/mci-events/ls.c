#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "place.h"
#include "segment.h"
#include "startup.h"
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
	int dir;
	bool json;
	struct table table;
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

static int
list_one(void *arg, uint64_t first, struct error *e)
{
	struct listing *l = arg;
	struct segment *s = segment_new(l->dir, first);
	AUTO_BYTES name = { 0 };
	bool marked;
	int result = segment_use(s, e);

	segment_name(&name, first, "ndjson");
	if (result == 0) {
		/* the sidecar of the file that is being written may be a moment behind */
		segment_glance(s, &marked);
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
	AUTO_FREE char *folder = place_folder(given, e);

	if (folder == NULL)
		return -1;
	l->dir = kernel.open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY, 0);
	if (l->dir < 0)
		return error_sys(e, "open %s", folder);
	if (!l->json)
		table_open(&l->table, headings, COLUMNS);
	if (startup_each(l->dir, list_one, l, e) < 0)
		return error_before(e, "%s: ", folder);
	if (!l->json)
		table_close(&l->table);
	return 0;
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
	return result < 0 ? place_complain(&e) : 0;
}

const struct command ls_command = {
	.program = "mci-events", .verb = "ls", .operands = "[DIR]",
	.summary = "list the files of a hub's log", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = 1, .complete = "files",
	.run = run, .size = sizeof(struct options),
};
