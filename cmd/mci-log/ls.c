#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "output.h"
#include "build.h"
#include "table.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	bool json;
	struct build_where where;
};

static const struct option options[] = {
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	BUILDS_WHERE(struct options, where),
};

struct listing {
	const struct options *options;
	struct table table;
	struct output out;
	size_t shown;
};

/* Bytes are missing: they were dropped, or the file is shorter than the job's end says. */
/* In one word: the first that holds. */
static const char *
state_of(const struct source *s)
{
	return !s->ended ? "open" : source_truncated(s) ? "truncated" : s->stored.archived ? "archived" :
	    s->stored.packed ? "compressed" : "plain";
}

static void
list_json(struct listing *l, const struct build *r, const struct source *s)
{
	struct bytes *b = &l->out.buffer;

	emit_open(b);
	emit_text(b, "build", r->folder.name);
	if (s->job != NULL)
		emit_text(b, "job", s->job);
	else
		emit_bool(b, "script", true);
	emit_integer(b, "attempt", s->attempt);
	if (s->started > 0)
		emit_time(b, "started", s->started);
	emit_time(b, "modified", s->modified);
	emit_integer(b, "bytes", source_size(s));
	emit_integer(b, "disk", source_space(s));
	emit_bool(b, "open", !s->ended);
	emit_bool(b, "compressed", s->stored.packed);
	emit_bool(b, "archived", s->stored.archived);
	emit_bool(b, "truncated", source_truncated(s));
	emit_line(b);
}

static void
row(struct listing *l, const struct source *s, int64_t size, struct span time, const char *state)
{
	char bytes[24], attempt[16];

	snprintf(bytes, sizeof(bytes), "%lld", (long long)size);
	snprintf(attempt, sizeof(attempt), "%d", s->attempt);
	table_text(&l->table, s->job == NULL ? "script" : s->job, NULL);
	table_text(&l->table, attempt, NULL);
	table_text(&l->table, size < 0 ? "" : bytes, NULL);
	table_cell(&l->table, time, NULL);
	table_text(&l->table, state, NULL);
}

static void
list_row(struct listing *l, const struct source *s)
{
	AUTO_BYTES time = { 0 };

	timestamp_write(&time, s->modified);
	row(l, s, source_size(s), (struct span){ time.data, time.len }, state_of(s));
}

/* What a server keeps is not fetched for a list: the events say what it is. */
static int
list_kept(struct listing *l, const struct build *r, const struct source *s, struct error *e)
{
	AUTO_BYTES time = { 0 };
	struct bytes *b = &l->out.buffer;

	if (option_common.quiet) {
		bytes_format(b, "%s/%s\n", r->folder.name, s->job);
	} else if (l->options->json) {
		emit_open(b);
		emit_text(b, "build", r->folder.name);
		emit_text(b, "job", s->job);
		emit_integer(b, "attempt", s->attempt);
		if (s->started > 0)
			emit_time(b, "started", s->started);
		if (s->bytes >= 0)
			emit_integer(b, "bytes", s->bytes);
		emit_bool(b, "open", !s->ended);
		emit_bool(b, "truncated", s->truncated);
		emit_text(b, "server", r->fold.log);
		emit_line(b);
	} else {
		timestamp_write(&time, s->started);
		row(l, s, s->bytes, (struct span){ time.data, time.len }, "server");
	}
	l->shown++;
	return output_batch(&l->out, e);
}

static int
list_source(struct listing *l, const struct build *r, struct source *s, struct error *e)
{
	struct error why;
	int there = source_open(s, e);

	if (there == 0 && s->fetch != NULL)
		return list_kept(l, r, s, e);
	if (there <= 0)
		return there;
	if (source_refresh(s, &why) < 0)
		output_note(&l->out, "%s: %s", s->name, why.text);
	if (option_common.quiet)
		bytes_format(&l->out.buffer, "%s%s%s\n", r->folder.name, s->job == NULL ? "" : "/",
		    s->job == NULL ? "" : s->job);
	else if (l->options->json)
		list_json(l, r, s);
	else
		list_row(l, s);
	l->shown++;
	source_close(s);
	return output_batch(&l->out, e);
}

static int
list_all(struct listing *l, struct builds *builds, struct error *e)
{
	if (builds_read(builds, e) < 0)
		return -1;
	for (size_t i = 0; i < builds->n; i++) {
		for (size_t j = 0; j < builds->all[i].n; j++) {
			if (list_source(l, &builds->all[i], builds->all[i].sources[j], e) < 0)
				return -1;
		}
	}
	return output_flush(&l->out, e);
}

static int
run(void *arg, int argc, char **argv)
{
	static const char *const headings[] = { "JOB", "ATTEMPT", "BYTES", "MODIFIED", "STATE" };
	struct listing l = { .options = arg, .out.quiet = option_common.quiet };
	struct builds builds;
	struct error e;
	int result;

	table_open(&l.table, headings, 5);
	result = builds_open(&builds, argc, argv, 0, &l.options->where, &e);
	if (result == 0)
		result = list_all(&l, &builds, &e);
	if (l.table.n == 0)
		l.table.terminal = false;
	table_close(&l.table);
	if (result < 0)
		option_complain(PROGRAM, &e);
	builds_close(&builds);
	output_free(&l.out);
	return option_finish(PROGRAM, result < 0 ? error_status(&e) : l.shown == 0);
}

const struct command log_ls_command = {
	.program = PROGRAM, .verb = "ls", .operands = "[BUILD[/JOB]...]",
	.summary = "list the logs of builds", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .max_operands = SIZE_MAX, .complete = "jobs",
	.run = run, .size = sizeof(struct options),
};
