#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "logname.h"
#include "memory.h"
#include "view.h"
#include "number.h"
#include "remote.h"
#include "section.h"
#include "verbs.h"

/* A whole log as it is needs to be in no file first. */
static int
show_there(struct show *s, const struct build *b, const struct source *from, struct error *e)
{
	struct logname name;
	const struct remote_wish w = { .address = b->server, .name = &name, .to = -1 };
	int result = logname_set(&name, b->folder.name, from->run, from->job, from->attempt, e);

	if (result == 0)
		result = remote_show(&w, &s->out, e);
	if (result == 0 && from->ended && from->why != NULL)
		output_note(&s->out, "%s: %s", from->name, from->why);
	logname_free(&name);
	return result;
}

/* The logs of one build, one behind the other or line by line. */
static int
show_build(struct show *s, const struct view *v, struct build *b, struct error *e)
{
	size_t from = build_first_shown(b);
	bool raw = b->only != NULL && !s->out.time && !s->out.json;

	s->out.prefix = b->only == NULL;
	if (!s->sections && !raw)
		return view_show(v, b->sources + from, b->n - from, e);
	if (raw && b->server != NULL && !s->sections && !range_set(&s->range) && from < b->n)
		return show_there(s, b, b->sources[from], e);
	for (size_t i = from; i < b->n; i++) {
		struct source *source = b->sources[i];
		int there = s->sections ? section_show(v, source, s->markers, e) : view_open(v, source, e);

		if (there < 0 || (!s->sections && there == 1 && output_copy(v->out, source, e) < 0))
			return -1;
		if (!s->sections)
			view_finish(v, source);
	}
	return 0;
}

static int
by_start(const void *a, const void *b)
{
	const struct source *left = *(struct source *const *)a, *right = *(struct source *const *)b;

	return (left->started > right->started) - (left->started < right->started);
}

static int
show_merged(struct show *s, const struct view *v, struct error *e)
{
	AUTO_FREE struct source **all = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->builds.n; i++) {
		const struct build *b = &s->builds.all[i];
		size_t from = build_first_shown(b);

		if (from == b->n)
			continue;
		all = xrealloc(all, n + b->n - from, sizeof(struct source *));
		memcpy(all + n, b->sources + from, (b->n - from) * sizeof(struct source *));
		n += b->n - from;
	}
	if (n == 0)
		return 0;
	qsort(all, n, sizeof(struct source *), by_start);
	s->out.prefix = true;
	return view_show(v, all, n, e);
}

static int
keep_failed(const struct builds *builds, struct error *e)
{
	size_t n = 0;

	for (size_t i = 0; i < builds->n; i++) {
		build_keep_failed(&builds->all[i]);
		n += builds->all[i].n;
	}
	return n > 0 ? 0 : error_set(e, ERROR_NOT_FOUND, "%s: no job failed",
	    builds->n == 1 ? builds->all[0].folder.name : "of these builds");
}

static int
show_cat(struct show *s, struct error *e)
{
	struct view v = { .out = &s->out, .range = &s->range, .snapshot = true };

	for (size_t i = 0; i < s->builds.n && s->sections; i++)
		s->builds.all[i].annotated = section_take;
	if (builds_read(&s->builds, e) < 0 || (s->failed && keep_failed(&s->builds, e) < 0))
		return -1;
	if (s->merge && show_merged(s, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < s->builds.n && !s->merge; i++) {
		if (show_build(s, &v, &s->builds.all[i], e) < 0)
			return -1;
	}
	return output_end(&s->out, e);
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct options {
	bool follow, merge, time, json, sections, states, failed;
	int64_t attempt;
	const char *tail, *lines, *bytes, *since, *markers, *address;
	struct build_where where;
};

static const struct option cat_options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "ask this server",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, address) },
	{ .letter = 'f', .name = "follow", .help = "go on as the logs grow: mci-log follow",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, follow) },
	{ .name = "failed", .help = "only the logs of jobs that failed",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, failed) },
	{ .name = "merge", .help = "order the lines of all logs by time, with the job in front",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, merge), .project = true },
	{ .name = "time", .help = "begin each line with the time when it came",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, time), .project = true },
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
	{ .name = "states", .help = "with -f: say too when jobs start, and how they and the build end",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, states) },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	{ .name = "sections", .help = "fold each section that has ended to a line",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, sections), .project = true },
	{ .name = "markers", .value = "STYLE", .help = "sections are those of markers in the log",
	  .kind = OPTION_CHOICE, .choices = "github|gitlab|buildkite",
	  .offset = offsetof(struct options, markers), .project = true },
	BUILDS_WHERE(struct options, where),
};

static const struct option follow_options[] = {
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "ask this server",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, address) },
	{ .name = "merge", .help = "begin each line with its job, also for a single one",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, merge), .project = true },
	{ .name = "states", .help = "say too when jobs start, and how they and the build end",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, states) },
	{ .name = "time", .help = "begin each line with the time when it came",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, time), .project = true },
	{ .name = "tail", .value = "N", .help = "begin with the last N lines of each log",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, tail) },
	{ .name = "since", .value = "T", .help = "only what came since a time, or that long ago",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, since) },
	{ .name = "attempt", .value = "N", .help = "only this attempt of a job",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, attempt), .min = 1,
	  .max = INT32_MAX },
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
	BUILDS_WHERE(struct options, where),
};

static int
read_range(const struct options *o, struct range *r, struct error *e)
{
	*r = (struct range){ .last_line = INT64_MAX, .last_byte = INT64_MAX, .tail = -1 };
	if (o->follow && (o->lines != NULL || o->bytes != NULL))
		return error_set(e, ERROR_USAGE, "%s and --follow do not go together",
		    o->lines != NULL ? "--lines" : "--bytes");
	if (o->failed && o->follow)
		return error_set(e, ERROR_USAGE, "--failed asks a build that has ended: not with --follow");
	if (o->states && !o->follow)
		return error_set(e, ERROR_USAGE, "--states goes with --follow");
	if (o->states && o->json)
		return error_set(e, ERROR_USAGE, "--states and --json do not go together: the build's "
		    "events are JSON already");
	if (o->tail != NULL &&
	    number_parse(o->tail, strlen(o->tail), 0, INT64_MAX, &r->tail, e) < 0)
		return error_before(e, "--tail: ");
	if (o->lines != NULL && number_range(o->lines, 1, &r->first_line, &r->last_line, e) < 0)
		return error_before(e, "--lines: ");
	if (o->bytes != NULL && number_range(o->bytes, 0, &r->first_byte, &r->last_byte, e) < 0)
		return error_before(e, "--bytes: ");
	if (o->since != NULL && range_since(o->since, &r->since, e) < 0)
		return error_before(e, "--since: ");
	return 0;
}

/* Each log of a server, one behind the other. */
static int
show_remote(const struct options *o, int argc, char **argv, struct output *out, struct error *e)
{
	struct range range;
	int result = read_range(o, &range, e);

	for (int i = 0; i < argc && result == 0; i++) {
		struct logname name;
		struct remote_wish w = { .address = o->address, .name = &name, .to = -1,
			.follow = o->follow, .quiet = option_common.quiet };

		if (o->bytes != NULL) {
			w.from = range.first_byte;
			w.to = range.last_byte == INT64_MAX ? -1 : range.last_byte + 1;
		}
		result = logname_parse(&name, argv[i], e);
		if (result == 0 && o->attempt > 0)
			name.attempt = (int)o->attempt;
		if (result == 0)
			result = remote_show(&w, out, e);
		logname_free(&name);
	}
	return result;
}

static int
read_sections(const struct options *o, struct show *s, struct error *e)
{
	static const char *const styles[] = { [MARKER_GITHUB] = "github", [MARKER_GITLAB] = "gitlab",
		[MARKER_BUILDKITE] = "buildkite" };

	for (size_t i = 1; o->markers != NULL && i < COUNT(styles); i++) {
		if (strcmp(o->markers, styles[i]) == 0)
			s->markers = (enum marker_style)i;
	}
	s->sections = o->sections || o->markers != NULL;
	if (s->sections && (o->follow || o->merge || o->json || range_set(&s->range)))
		return error_set(e, ERROR_USAGE,
		    "sections are those of whole logs that are shown as text, one behind the other");
	return 0;
}

/* Whether the bytes are wanted as they are, of single jobs. */
static bool
plain(const struct options *o, int argc, char **argv)
{
	if (o->json || o->time || o->merge || o->states || o->failed || o->sections || o->markers != NULL ||
	    o->tail != NULL || o->lines != NULL || o->since != NULL)
		return false;
	for (int i = 0; i < argc; i++) {
		struct logname name;
		bool job = logname_parse(&name, argv[i], NULL) < 0 || name.job != NULL;

		logname_free(&name);
		if (!job)
			return false;
	}
	return true;
}

static int
take_first(void *arg, struct span line)
{
	(void)arg;
	(void)line;
	return 1;
}

/* Whether there are events of the builds, beside logs: 1, 0 of a log server alone, -1. It has none of one
 * run either. */
static int
server_tells(const char *address, int argc, char **argv, struct error *e)
{
	bool runs = false;
	int there = 1;

	for (int i = 0; i < argc && there > 0; i++) {
		struct logname name;

		there = logname_parse(&name, argv[i], e);
		runs = runs || name.run > 0;
		if (there == 0 && !runs)
			there = buildstream_read(address, name.build, take_first, NULL, e);
		there = there >= 0 ? 1 : e->code == ERROR_INPUT ? 0 : -1;
		logname_free(&name);
	}
	return there > 0 && runs ? 0 : there;
}

/* Asks for what is wanted; 1 when it was shown already. */
static int
from_server(struct options *o, int argc, char **argv, struct copies *m, struct output *out,
    struct error *e)
{
	int tells;

	if (argc == 0)
		return error_set(e, ERROR_USAGE, "with -a: which BUILD/JOB?");
	if (plain(o, argc, argv))
		return show_remote(o, argc, argv, out, e) < 0 || output_end(out, e) < 0 ? -1 : 1;
	tells = server_tells(o->address, argc, argv, e);
	if (tells > 0)
		o->where = (struct build_where){ .server = o->address };
	if (tells != 0)
		return tells > 0 ? 0 : -1;
	if (o->follow || o->failed)
		return error_set(e, ERROR_USAGE, "%s keeps logs alone: %s", o->address, o->follow ?
		    "the bytes of single jobs are followed as they are" : "who failed, a build's events say");
	m->address = o->address;
	for (int i = 0; i < argc; i++) {
		if (copies_fetch(m, argv[i], o->attempt, e) < 0)
			return -1;
	}
	o->where = (struct build_where){ .dir = m->scratch.path };
	return 0;
}

static int
show(struct options *o, int argc, char **argv)
{
	struct copies mirror = { 0 };
	struct show s = { .merge = o->merge || o->states, .states = o->states, .failed = o->failed,
		.out = { .json = o->json, .time = o->time, .quiet = option_common.quiet } };
	struct error e;
	int status = 0, fetched = 0;

	output_init(&s.out, option_common.color);
	if (o->address != NULL)
		fetched = from_server(o, argc, argv, &mirror, &s.out, &e);
	if (fetched != 0) {
		copies_close(&mirror);
		if (fetched < 0)
			option_complain(PROGRAM, &e);
		output_free(&s.out);
		return fetched > 0 ? 0 : error_status(&e);
	}
	if (read_range(o, &s.range, &e) < 0 || read_sections(o, &s, &e) < 0 ||
	    builds_open(&s.builds, argc, argv, o->attempt, &o->where, &e) < 0 ||
	    (o->follow ? show_follow : show_cat)(&s, &e) < 0) {
		(void)output_flush(&s.out, NULL);
		option_complain(PROGRAM, &e);
		status = error_status(&e);
	}
	for (size_t i = 0; i < s.builds.n; i++)
		section_forget(&s.builds.all[i]);
	builds_close(&s.builds);
	output_free(&s.out);
	copies_close(&mirror);
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

const struct command log_cat_command = {
	.program = PROGRAM, .verb = "cat", .operands = "[BUILD[/JOB]...]",
	.summary = "show what jobs printed (the default verb)", .options = cat_options,
	.noptions = COUNT(cat_options), .implied = true, .max_operands = SIZE_MAX, .complete = "jobs",
	.run = run_cat, .size = sizeof(struct options),
};

const struct command log_follow_command = {
	.program = PROGRAM, .verb = "follow", .operands = "[BUILD[/JOB]...]",
	.summary = "show what jobs print until they end", .options = follow_options,
	.noptions = COUNT(follow_options), .max_operands = SIZE_MAX, .complete = "jobs",
	.run = run_follow, .size = sizeof(struct options),
};
