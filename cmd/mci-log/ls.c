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

/* A log in the list; kept: by a server, where it is not fetched from for a list: the events say what it
 * is. */
struct row {
	const struct build *build;
	const struct source *source;
	int64_t bytes; /* -1: not known */
	bool kept, truncated;
};

static void
list_json(struct bytes *b, const struct row *r)
{
	const struct source *s = r->source;

	emit_open(b);
	emit_text(b, "build", r->build->folder.name);
	if (s->job != NULL)
		emit_text(b, "job", s->job);
	else
		emit_bool(b, "script", true);
	emit_integer(b, "attempt", s->attempt);
	if (s->started > 0)
		emit_time(b, "started", s->started);
	if (!r->kept)
		emit_time(b, "modified", s->modified);
	if (r->bytes >= 0)
		emit_integer(b, "bytes", r->bytes);
	if (!r->kept)
		emit_integer(b, "disk", source_space(s));
	emit_bool(b, "open", !s->ended);
	if (!r->kept) {
		emit_bool(b, "compressed", s->stored.packed);
		emit_bool(b, "archived", s->stored.archived);
	}
	emit_bool(b, "truncated", r->truncated);
	if (r->kept)
		emit_text(b, "server", r->build->server != NULL ? r->build->server : r->build->fold.log);
	emit_line(b);
}

/* In one word: the first that holds. */
static const char *
state_of(const struct row *r)
{
	return r->kept ? "server" : !r->source->ended ? "open" : r->truncated ? "truncated" :
	    r->source->stored.archived ? "archived" : r->source->stored.packed ? "compressed" : "plain";
}

static void
list_row(struct table *t, const struct row *r)
{
	const struct source *s = r->source;
	AUTO_BYTES time = { 0 };
	char bytes[24], attempt[16];

	snprintf(bytes, sizeof(bytes), "%lld", (long long)r->bytes);
	snprintf(attempt, sizeof(attempt), "%d", s->attempt);
	timestamp_write(&time, r->kept ? s->started : s->modified);
	table_text(t, s->job == NULL ? "script" : s->job, NULL);
	table_text(t, attempt, NULL);
	table_text(t, r->bytes < 0 ? "" : bytes, NULL);
	table_cell(t, (struct span){ time.data, time.len }, NULL);
	table_text(t, state_of(r), NULL);
}

static int
list_source(struct listing *l, const struct build *b, struct source *s, struct error *e)
{
	int there = source_open(s, e);
	struct row row = { .build = b, .source = s, .bytes = s->bytes, .truncated = s->truncated,
		.kept = there == 0 && s->fetch != NULL };
	struct error why;

	if (there < 0 || (there == 0 && !row.kept))
		return there;
	if (there == 1) {
		if (source_refresh(s, &why) < 0)
			output_note(&l->out, "%s: %s", s->name, why.text);
		row.bytes = source_size(s);
		row.truncated = source_truncated(s);
	}
	if (option_common.quiet)
		bytes_format(&l->out.buffer, "%s%s%s\n", b->folder.name, s->job == NULL ? "" : "/",
		    s->job == NULL ? "" : s->job);
	else if (l->options->json)
		list_json(&l->out.buffer, &row);
	else
		list_row(&l->table, &row);
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
