#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "buildstream.h"
#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "logfile.h"
#include "memory.h"
#include "message.h"
#include "nametable.h"
#include "option.h"
#include "place.h"
#include "remote.h"
#include "scan.h"
#include "verbs.h"

struct options {
	bool json;
};

static const struct option options[] = {
	{ .name = "json", .help = "one JSON object a job", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, json) },
};

/* What the build's events say of a job. */
struct told {
	char *job;
	bool cached, unsealed, missed, forced;
	char *status, *reason, *error, *key, *origin;
	char *changed;    /* JSON array; NULL: not known */
	int attempt;
	struct bytes needs; /* ids, ", " between them */
};

/* Of the build. */
struct account {
	const char *only;      /* that job alone; or NULL */
	struct told *jobs;     /* as they came */
	size_t njobs;
	struct nametable ids;  /* of jobs */
	char *dir, *logs;      /* what was built, and the logs of its jobs */
};

static void
text_take(char **into, struct span line, const char *key)
{
	struct scan_value v;
	struct bytes text = { 0 };

	if (message_member(line.p, line.n, key, &v, NULL) <= 0 || v.type != SCAN_STRING ||
	    scan_text(&v, &text, NULL) < 0) {
		bytes_free(&text);
		return;
	}
	free(*into);
	*into = bytes_give(&text);
}

static void
list_add(struct bytes *into, struct span array)
{
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, array.p, array.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		if (into->len > 0)
			bytes_text(into, ", ");
		(void)scan_text(&m.value, into, NULL);
	}
}

static void
pending_take(struct told *t, struct span line)
{
	struct scan_value v;

	t->needs.len = 0;
	if (message_member(line.p, line.n, "depends-on", &v, NULL) > 0)
		list_add(&t->needs, v.raw);
}

static void
missed_take(struct told *t, struct span line)
{
	struct scan_value v;

	t->missed = true;
	t->forced = message_true(line, "forced");
	if (message_member(line.p, line.n, "changed", &v, NULL) > 0) {
		free(t->changed);
		t->changed = xmemdup(v.raw.p, v.raw.n);
	}
}

static void
end_take(struct told *t, struct span line)
{
	t->attempt = (int)message_integer(line, "attempt", 1);
	text_take(&t->status, line, "status");
	text_take(&t->reason, line, "reason");
	text_take(&t->error, line, "error");
	text_take(&t->key, line, "key");
	text_take(&t->origin, line, "origin");
	t->cached = message_true(line, "cached");
	t->unsealed = message_true(line, "unsealed");
}

static bool
told_is(const void *jobs, uint32_t place, struct span name)
{
	return span_is(name, ((const struct told *)jobs)[place].job);
}

static struct told *
told_of(struct account *a, struct span job)
{
	uint32_t place = nametable_put(&a->ids, job, (uint32_t)a->njobs, told_is, a->jobs);

	if (place == a->njobs) {
		/* room for as many again whenever their number is a power of two */
		if ((a->njobs & (a->njobs - 1)) == 0)
			a->jobs = xrealloc(a->jobs, a->njobs == 0 ? 1 : 2 * a->njobs, sizeof(*a->jobs));
		a->jobs[a->njobs++] = (struct told){ .job = xmemdup(job.p, job.n) };
	}
	return &a->jobs[place];
}

static void
account_free(struct account *a)
{
	for (size_t i = 0; i < a->njobs; i++) {
		struct told *t = &a->jobs[i];

		free(t->job);
		free(t->status);
		free(t->reason);
		free(t->error);
		free(t->key);
		free(t->origin);
		free(t->changed);
		bytes_free(&t->needs);
	}
	free(a->jobs);
	nametable_free(&a->ids);
	free(a->dir);
	free(a->logs);
}

static int
event_take(void *arg, struct span line)
{
	static const struct {
		const char *type;
		void (*take)(struct told *t, struct span line);
	} rows[] = {
		{ "job/pending", pending_take },
		{ "result/missed", missed_take },
		{ "job/end", end_take },
	};
	struct account *a = arg;
	struct message m;
	struct told *t;

	if (message_read(&m, line.p, line.n, NULL) < 0)
		return 0;
	if (span_is(m.type, "build/start")) {
		text_take(&a->dir, line, "dir");
		text_take(&a->logs, line, "logs");
	}
	if (m.job.n == 0 || (a->only != NULL && !span_is(m.job, a->only)))
		return 0;
	t = told_of(a, m.job);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (span_is(m.type, rows[i].type))
			rows[i].take(t, line);
	}
	return 0;
}

static int
events_read(struct account *a, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *address = remote_is(b) ? api_address(e) : NULL;
	AUTO_FREE char *path = remote_is(b) ? NULL : xformat("%s/events.ndjson", b->path);
	AUTO_CLOSE int fd = path == NULL ? -1 : kernel_open_file(AT_FDCWD, path);
	struct line_reader r = { 0 };
	struct span line;

	if (path == NULL)
		return address == NULL ? -1 : buildstream_read(address, b->name, event_take, a, e);
	if (fd < 0)
		return error_sys(e, "%s", path);
	while (line_read(&r, fd) > 0) {
		while (line_next(&r, &line) == LINE_OK)
			event_take(a, line);
	}
	line_free(&r);
	return 0;
}

/* The words of a line that are files of what was built. */
static void
files_add(struct bytes *found, const char *dir, struct span line)
{
	static const char ends[] = " \t'\"`:,;()[]<>";
	AUTO_FREE char *text = xmemdup(line.p, line.n);
	char *rest = NULL;

	for (char *word = strtok_r(text, ends, &rest); word != NULL; word = strtok_r(NULL, ends, &rest)) {
		AUTO_FREE char *path = NULL;
		size_t n = strlen(dir);

		if (strncmp(word, dir, n) == 0 && word[n] == '/')
			word += n + 1;
		path = xformat("%s/%s", dir, word);
		if (*word == '/' || strcmp(word, ".") == 0 || strcmp(word, "..") == 0 ||
		    access(path, F_OK) < 0 || (found->len > 0 && strstr(bytes_string(found), word) != NULL))
			continue;
		bytes_format(found, "%s%s", found->len > 0 ? ", " : "", word);
	}
}

/* Files that a job which was kept to its inputs said that it misses, and that are there: from its log, as no
 * program says it elsewhere. */
static void
undeclared_add(struct bytes *b, const struct account *a, const struct told *t)
{
	static const char missing[] = "No such file or directory"; /* strerror(ENOENT) in the C locale */
	AUTO_BYTES path = { 0 };
	AUTO_BYTES found = { 0 };
	struct line_reader r = { 0 };
	struct span line;
	int fd;

	if (a->dir == NULL || a->logs == NULL || t->key == NULL || t->cached)
		return;
	bytes_format(&path, "%s/", a->logs);
	logfile_name(&path, t->job, t->attempt, "log");
	fd = kernel_open_file(AT_FDCWD, bytes_string(&path));
	while (fd >= 0 && line_read(&r, fd) > 0) {
		while (line_next(&r, &line) == LINE_OK) {
			if (memmem(line.p, line.n, missing, sizeof(missing) - 1) != NULL)
				files_add(&found, a->dir, line);
		}
	}
	if (fd >= 0)
		close(fd);
	line_free(&r);
	if (found.len > 0)
		bytes_format(b, "; it asked for what its inputs do not name: %s", bytes_string(&found));
}

/* "no result of this key was there; other than for the last one: src/a.c, env CC" */
static void
missed_add(struct bytes *b, const struct told *t)
{
	AUTO_BYTES changed = { 0 };

	if (t->changed != NULL)
		list_add(&changed, (struct span){ t->changed, strlen(t->changed) });
	if (t->forced)
		bytes_text(b, "no result was looked for (--no-cache)");
	else
		bytes_text(b, "the store had no result of its inputs");
	if (changed.len > 0)
		bytes_format(b, "; other than for its last result: %s", bytes_string(&changed));
	else if (t->changed == NULL)
		bytes_text(b, "; it is the first");
}

static void
why_add(struct bytes *b, const struct account *a, struct told *t)
{
	if (t->status == NULL) {
		bytes_text(b, "has not ended");
	} else if (t->cached) {
		bytes_format(b, "did not run: the result is that of %s, whose inputs were the same%s",
		    t->origin == NULL ? "another build" : t->origin, t->unsealed ? " (unsealed)" : "");
	} else if (strcmp(t->status, "skipped") == 0 || strcmp(t->status, "canceled") == 0) {
		bytes_format(b, "was %s: %s", t->status, t->reason == NULL ? "" : t->reason);
	} else if (t->missed) {
		bytes_text(b, "ran: ");
		missed_add(b, t);
	} else if (t->needs.len > 0) {
		bytes_format(b, "ran behind %s; it names no inputs", bytes_string(&t->needs));
	} else {
		bytes_text(b, "ran; it names no inputs");
	}
	if (t->error != NULL)
		bytes_format(b, "; %s", t->error);
	undeclared_add(b, a, t);
}

static void
print(const struct options *o, const char *build, const struct account *a, struct told *t)
{
	AUTO_BYTES why = { 0 };
	AUTO_BYTES line = { 0 };

	why_add(&why, a, t);
	if (!o->json) {
		printf("%s: %s\n", t->job, bytes_string(&why));
		return;
	}
	emit_open(&line);
	emit_text(&line, "build", build);
	emit_text(&line, "job", t->job);
	if (t->status != NULL)
		emit_text(&line, "status", t->status);
	emit_bool(&line, "cached", t->cached);
	if (t->key != NULL)
		emit_text(&line, "key", t->key);
	if (t->origin != NULL)
		emit_text(&line, "origin", t->origin);
	if (t->changed != NULL)
		emit_raw(&line, "changed", (struct span){ t->changed, strlen(t->changed) });
	emit_text(&line, "why", bytes_string(&why));
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct account a = { 0 };
	struct state_build b;
	AUTO_FREE char *job = NULL;
	struct error e;
	int result = place_job(&b, &job, argv[0], &e);

	(void)argc;
	a.only = job;
	if (result == 0)
		result = events_read(&a, &b, &e);
	if (result == 0 && a.njobs == 0)
		result = job == NULL ? error_set(&e, ERROR_NOT_FOUND, "%s has no jobs", b.name) :
		    error_set(&e, ERROR_NOT_FOUND, "%s has no job '%s'", b.name, job);
	for (size_t i = 0; result == 0 && i < a.njobs; i++)
		print(o, b.name, &a, &a.jobs[i]);
	account_free(&a);
	state_build_free(&b);
	return result < 0 ? place_complain(&e) : 0;
}

const struct command why_command = {
	.program = "mci",
	.verb = "why",
	.operands = "BUILD[/JOB]",
	.summary = "say what ran or skipped the jobs of a build; of none, which would run: mci-build --why",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = 1,
	.complete = "jobs",
	.run = run,
	.size = sizeof(struct options),
};
