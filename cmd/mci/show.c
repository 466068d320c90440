#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "glance.h"
#include "left.h"
#include "memory.h"
#include "picture.h"
#include "place.h"
#include "remarks.h"
#include "table.h"
#include "tree.h"
#include "verbs.h"
#include "verdict.h"
#include "wait.h"

struct options {
	bool follow, json, judge;
};

static const struct option options[] = {
	{ .name = "exit-status", .help = "exit as the build or the job did, as with -f",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, judge) },
	{ .letter = 'f', .name = "follow", .help = "live, until the build has ended",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, follow) },
	{ .name = "json", .help = "one JSON object a line: the build, then its jobs",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, json) },
};

static int64_t
job_elapsed(const struct fold *f, const struct fold_job *j)
{
	if (j->elapsed > 0 || j->started == 0)
		return j->elapsed;
	return (j->ended != 0 ? j->ended : f->started + glance_elapsed(f)) - j->started;
}

static void
job_json(struct bytes *b, const struct fold *f, const struct fold_job *j, const struct remarks_job *said)
{
	emit_open(b);
	emit_text(b, "job", j->id);
	if (j->name != NULL)
		emit_text(b, "name", j->name);
	emit_text(b, "status", status_name(j->status));
	emit_integer(b, "attempt", j->attempt);
	if (j->reason != NULL)
		emit_text(b, "reason", j->reason);
	if (j->error != NULL)
		emit_text(b, "error", j->error);
	if (j->reproduce != NULL)
		emit_text(b, "reproduce", j->reproduce);
	if (j->exit >= 0)
		emit_integer(b, "exit", j->exit);
	if (j->signal >= 0)
		emit_integer(b, "signal", j->signal);
	if (j->cached)
		emit_bool(b, "cached", true);
	if (j->allowed)
		emit_bool(b, "allowed", true);
	if (j->warnings > 0)
		emit_integer(b, "warnings", j->warnings);
	if (j->started != 0)
		emit_time(b, "started", j->started);
	emit_seconds(b, "elapsed", job_elapsed(f, j));
	emit_seconds(b, "user", j->user);
	emit_seconds(b, "system", j->system);
	emit_integer(b, "maxrss", j->maxrss);
	emit_integer(b, "bytes", j->bytes);
	left_emit(b, j);
	remarks_emit(b, said);
	emit_line(b);
}

static void
show_json(const struct fold *f, const struct remarks *said, const struct state_build *b, const char *job)
{
	AUTO_BYTES out = { 0 };

	if (job == NULL) {
		emit_open(&out);
		glance_emit(&out, f, b);
		emit_line(&out);
	}
	for (size_t i = 0; i < f->njobs; i++) {
		if (job == NULL || strcmp(f->jobs[i].id, job) == 0)
			job_json(&out, f, &f->jobs[i], &said->jobs[i]);
	}
	fwrite(out.data, 1, out.len, stdout);
}

static void
fact(struct table *t, const char *name, struct span value, const char *sgr)
{
	if (value.n == 0)
		return;
	table_text(t, name, "2");
	table_cell(t, value, sgr);
}

static void
fact_text(struct table *t, const char *name, const char *value, const char *sgr)
{
	if (value != NULL)
		fact(t, name, (struct span){ value, strlen(value) }, sgr);
}

static void
show_build(const struct fold *f, const struct state_build *b)
{
	static const char *const none[] = { "", "" };
	AUTO_BYTES started = { 0 };
	AUTO_BYTES elapsed = { 0 };
	AUTO_BYTES counts = { 0 };
	struct table t;

	table_open(&t, none, 2);
	/* facts have no heading */
	while (t.n > 0)
		free(t.cells[--t.n].text);
	glance_time(&started, f->started, t.terminal);
	duration_show(&elapsed, glance_elapsed(f));
	fold_counts(&counts, f);
	fact_text(&t, "build", b->name, NULL);
	fact_text(&t, "status", status_name(f->status), picture_color(f->status));
	fact_text(&t, "message", f->message, NULL);
	fact(&t, "jobs", (struct span){ counts.data, counts.len }, NULL);
	fact(&t, "started", (struct span){ started.data, started.len }, NULL);
	fact(&t, "time", (struct span){ elapsed.data, elapsed.len }, NULL);
	fact_text(&t, "dir", f->dir, NULL);
	fact_text(&t, "definition", f->script, NULL);
	fact_text(&t, "folder", b->path, NULL); /* a server's build has none */
	table_close(&t);
}

/* Whether a job has a name beside its id. */
static bool
any_name(const struct fold *f, const char *job)
{
	for (size_t i = 0; i < f->njobs; i++) {
		if (f->jobs[i].name != NULL && (job == NULL || strcmp(f->jobs[i].id, job) == 0))
			return true;
	}
	return false;
}

static void
show_jobs(const struct fold *f, const struct remarks *said, const char *job)
{
	static const char *const headings[] = { "STATUS", "JOB", "TIME", "REASON", "NAME" };
	bool names = any_name(f, job);
	struct table t;

	table_open(&t, headings, names ? 5 : 4);
	for (size_t i = 0; i < f->njobs; i++) {
		const struct fold_job *j = &f->jobs[i];
		AUTO_BYTES elapsed = { 0 };
		AUTO_BYTES reason = { 0 };
		AUTO_BYTES tests = { 0 };

		if (job != NULL && strcmp(j->id, job) != 0)
			continue;
		if (j->started != 0)
			duration_show(&elapsed, job_elapsed(f, j));
		picture_reason(&reason, j);
		remarks_tests(&tests, &said->jobs[i]);
		if (tests.len > 0)
			bytes_format(&reason, "%s%s", reason.len > 0 ? "; " : "", bytes_string(&tests));
		table_text(&t, status_name(j->status), picture_color(j->status));
		table_text(&t, j->id, NULL);
		table_cell(&t, (struct span){ elapsed.data, elapsed.len }, NULL);
		table_cell(&t, (struct span){ reason.data, reason.len }, NULL);
		if (names)
			table_text(&t, j->name == NULL ? "" : j->name, NULL);
	}
	table_close(&t);
}

static void
show_text(const struct fold *f, const struct remarks *said, const struct state_build *b, const char *job,
    const struct fold_job *j)
{
	if (job == NULL)
		show_build(f, b);
	if (job == NULL && f->njobs > 0)
		putchar('\n');
	if (f->njobs > 0)
		show_jobs(f, said, job);
	left_print(f, job);
	if (j != NULL)
		remarks_print(&said->jobs[j - f->jobs]);
}

/* 0, or with --exit-status how it ended; -1 when it cannot be shown. */
static int
show(const struct options *o, const struct state_build *b, const char *job, struct error *e)
{
	struct remarks said = { 0 };
	const struct fold_job *j = NULL;
	struct fold f;
	int result = 0;

	fold_init(&f);
	if (glance_all(&f, b, e) < 0)
		result = -1;
	else if (job != NULL && (j = fold_find(&f, job, strlen(job))) == NULL)
		result = error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'", b->name, job);
	else
		result = remarks_read(&said, b, &f, job, e);
	if (result == 0 && o->json)
		show_json(&f, &said, b, job);
	else if (result == 0)
		show_text(&f, &said, b, job, j);
	if (result == 0 && (o->judge || o->follow))
		result = j != NULL ? verdict_job(j) : verdict_build(&f);
	remarks_free(&said);
	fold_free(&f);
	return result;
}

static int
show_named(const struct options *o, const struct state_build *b, const char *job, struct error *e)
{
	if (o->follow && job != NULL)
		return error_set(e, ERROR_USAGE, "-f follows a build; 'mci log -f %s/%s' follows a job",
		    b->name, job);
	if (o->follow && !o->json)
		return tree_build(b, true);
	/* what is shown as JSON is the end of it; that it was killed is in there */
	if (o->follow)
		wait_build(b, 0);
	return show(o, b, job, e);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct state_build b;
	AUTO_FREE char *job = NULL;
	struct error e;
	int status = place_job(&b, &job, argc == 1 ? argv[0] : NULL, &e);

	if (status == 0)
		status = show_named(o, &b, job, &e);
	state_build_free(&b);
	return status < 0 ? place_complain(&e) : status;
}

const struct command show_command = {
	.program = "mci",
	.verb = "show",
	.operands = "[BUILD[/JOB]]",
	.summary = "show what became of a build and its jobs",
	.also = "status info view",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
	.size = sizeof(struct options),
};
