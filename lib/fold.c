#include "fold.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "reason.h"
#include "scan.h"
#include "timestamp.h"

static const char *const names[STATUS_N] = {
	[STATUS_PENDING] = "pending",
	[STATUS_QUEUED] = "queued",
	[STATUS_INITIALIZING] = "initializing",
	[STATUS_RUNNING] = "running",
	[STATUS_BLOCKED] = "blocked",
	[STATUS_SUCCESS] = "success",
	[STATUS_FAILURE] = "failure",
	[STATUS_ERROR] = "error",
	[STATUS_SKIPPED] = "skipped",
	[STATUS_CANCELED] = "canceled",
};

const char *
status_name(enum status s)
{
	return names[s];
}

int
status_parse(struct span text)
{
	for (int i = 0; i < STATUS_N; i++) {
		if (span_is(text, names[i]))
			return i;
	}
	return -1;
}

bool
status_ended(enum status s)
{
	return s >= STATUS_SUCCESS;
}

bool
status_bad(enum status s)
{
	return s == STATUS_FAILURE || s == STATUS_ERROR || s == STATUS_CANCELED;
}

static bool
job_is(const void *fold, uint32_t place, struct span id)
{
	return span_is(id, ((const struct fold *)fold)->jobs[place].id);
}

struct fold_job *
fold_find(struct fold *f, const char *id, size_t n)
{
	uint32_t place = nametable_find(&f->ids, (struct span){ id, n }, job_is, f);

	return place == NAMETABLE_NONE ? NULL : &f->jobs[place];
}

static struct fold_job *
job_make(struct fold *f, struct span id)
{
	uint32_t place = nametable_put(&f->ids, id, (uint32_t)f->njobs, job_is, f);
	struct fold_job *j;

	if (place < f->njobs)
		return &f->jobs[place];
	if (f->njobs == f->size) {
		f->size = f->size == 0 ? 32 : f->size * 2;
		f->jobs = xrealloc(f->jobs, f->size, sizeof(*f->jobs));
	}
	j = &f->jobs[f->njobs];
	*j = (struct fold_job){ .id = xmemdup(id.p, id.n), .attempt = 1, .exit = -1, .signal = -1,
		.command = -1, .order = f->njobs };
	f->njobs++;
	f->counts[STATUS_PENDING]++;
	return j;
}

static void
job_status(struct fold *f, struct fold_job *j, enum status s)
{
	f->counts[j->status]--;
	f->counts[s]++;
	j->status = s;
}

enum shape { SHAPE_TEXT, SHAPE_INT, SHAPE_COUNT, SHAPE_SECONDS, SHAPE_BOOL };

/* A literal as a span: the rows are compared with every event, and a strlen each is a sixth of that. */
#define NAME(text) { text, sizeof(text) - 1 }

struct member {
	struct span key;
	enum shape shape;
	size_t offset;
};

static const struct member pending_members[] = {
	{ NAME("name"), SHAPE_TEXT, offsetof(struct fold_job, name) },
	{ { NULL, 0 }, 0, 0 },
};

static const struct member job_members[] = {
	{ NAME("attempt"), SHAPE_INT, offsetof(struct fold_job, attempt) },
	{ NAME("reason"), SHAPE_TEXT, offsetof(struct fold_job, reason) },
	{ NAME("runner"), SHAPE_TEXT, offsetof(struct fold_job, runner) },
	{ NAME("error"), SHAPE_TEXT, offsetof(struct fold_job, error) },
	{ NAME("reproduce"), SHAPE_TEXT, offsetof(struct fold_job, reproduce) },
	{ NAME("exit"), SHAPE_INT, offsetof(struct fold_job, exit) },
	{ NAME("signal"), SHAPE_INT, offsetof(struct fold_job, signal) },
	{ NAME("elapsed"), SHAPE_SECONDS, offsetof(struct fold_job, elapsed) },
	{ NAME("user"), SHAPE_SECONDS, offsetof(struct fold_job, user) },
	{ NAME("system"), SHAPE_SECONDS, offsetof(struct fold_job, system) },
	{ NAME("maxrss"), SHAPE_COUNT, offsetof(struct fold_job, maxrss) },
	{ NAME("bytes"), SHAPE_COUNT, offsetof(struct fold_job, bytes) },
	{ NAME("warnings"), SHAPE_INT, offsetof(struct fold_job, warnings) },
	{ NAME("cached"), SHAPE_BOOL, offsetof(struct fold_job, cached) },
	{ NAME("allowed"), SHAPE_BOOL, offsetof(struct fold_job, allowed) },
	{ { NULL, 0 }, 0, 0 },
};

static const struct member command_members[] = {
	{ NAME("command"), SHAPE_INT, offsetof(struct fold_job, command) },
	{ NAME("name"), SHAPE_TEXT, offsetof(struct fold_job, step) },
	{ NAME("text"), SHAPE_TEXT, offsetof(struct fold_job, text) },
	{ { NULL, 0 }, 0, 0 },
};

static const struct member build_members[] = {
	{ NAME("folder"), SHAPE_TEXT, offsetof(struct fold, folder) },
	{ NAME("logs"), SHAPE_TEXT, offsetof(struct fold, logs) },
	{ NAME("log"), SHAPE_TEXT, offsetof(struct fold, log) },
	{ NAME("dir"), SHAPE_TEXT, offsetof(struct fold, dir) },
	{ NAME("definition"), SHAPE_TEXT, offsetof(struct fold, script) },
	{ NAME("reason"), SHAPE_TEXT, offsetof(struct fold, reason) },
	{ NAME("message"), SHAPE_TEXT, offsetof(struct fold, message) },
	{ NAME("elapsed"), SHAPE_SECONDS, offsetof(struct fold, elapsed) },
	{ NAME("exit"), SHAPE_INT, offsetof(struct fold, exit) },
	{ { NULL, 0 }, 0, 0 },
};

static const struct member script_members[] = {
	{ NAME("exit"), SHAPE_INT, offsetof(struct fold, script_exit) },
	{ NAME("signal"), SHAPE_INT, offsetof(struct fold, script_signal) },
	{ { NULL, 0 }, 0, 0 },
};

static const struct member artifact_members[] = {
	{ NAME("artifact"), SHAPE_TEXT, offsetof(struct fold_artifact, id) },
	{ NAME("name"), SHAPE_TEXT, offsetof(struct fold_artifact, name) },
	{ NAME("digest"), SHAPE_TEXT, offsetof(struct fold_artifact, digest) },
	{ NAME("files"), SHAPE_COUNT, offsetof(struct fold_artifact, files) },
	{ NAME("bytes"), SHAPE_COUNT, offsetof(struct fold_artifact, bytes) },
	{ { NULL, 0 }, 0, 0 },
};

static bool
same(struct span a, struct span b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void
text_take(char **into, const struct scan_value *v)
{
	AUTO_BYTES text = { 0 };

	if (v->type != SCAN_STRING || scan_text(v, &text, NULL) < 0)
		return;
	free(*into);
	*into = bytes_give(&text);
}

/* A member of the wrong type is left out: the log is somebody else's, and what it says stays readable. */
static void
member_take(const struct member *m, void *into, const struct scan_value *v)
{
	void *at = (char *)into + m->offset;
	int64_t number;

	switch (m->shape) {
	case SHAPE_TEXT:
		text_take(at, v);
		break;
	case SHAPE_INT:
		if (scan_integer(v, 0, INT32_MAX, &number, NULL) == 0)
			*(int *)at = (int)number;
		break;
	case SHAPE_COUNT:
		scan_integer(v, 0, INT64_MAX, at, NULL);
		break;
	case SHAPE_SECONDS:
		scan_seconds(v, at, NULL);
		break;
	case SHAPE_BOOL:
		*(bool *)at = v->type == SCAN_TRUE;
		break;
	}
}

/* Reads the members of the table, and "status", from the event's line. */
static int
members_take(const struct member *table, void *into, const struct message *m)
{
	struct scan s;
	struct scan_member found;
	int status = -1;

	if (scan_open(&s, m->line.p, m->line.n, NULL) < 0)
		return -1;
	while (scan_next(&s, &found, NULL) > 0) {
		if (span_is(found.key, "status") && found.value.type == SCAN_STRING)
			status = status_parse((struct span){ found.value.raw.p + 1,
			    found.value.raw.n - 2 });
		for (const struct member *row = table; row->key.n > 0; row++) {
			if (same(found.key, row->key)) {
				member_take(row, into, &found.value);
				break;
			}
		}
	}
	return status;
}

/* A new attempt knows nothing of the last one. */
static void
job_reset(struct fold_job *j)
{
	free(j->reason);
	free(j->error);
	free(j->reproduce);
	free(j->text);
	free(j->step);
	free(j->runner);
	j->runner = NULL;
	j->reason = j->error = j->reproduce = j->text = j->step = NULL;
	j->exit = j->signal = j->command = -1;
	j->started = j->ended = j->elapsed = j->user = j->system = j->maxrss = j->bytes = 0;
	j->warnings = 0;
}

static void
take_initializing(struct fold *f, struct fold_job *j, const struct message *m)
{
	job_reset(j);
	members_take(job_members, j, m);
	j->started = f->time;
}

static void
take_pending(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)f;
	members_take(pending_members, j, m);
}

static void
take_start(struct fold *f, struct fold_job *j, const struct message *m)
{
	members_take(job_members, j, m);
	j->started = f->time;
}

static void
take_members(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)f;
	members_take(job_members, j, m);
}

static void
take_command(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)f;
	free(j->step);
	j->step = NULL;
	members_take(command_members, j, m);
}

/* What mci-build will most likely decide; mci-job alone decides nothing, and there it stays so. */
static void
take_executed(struct fold *f, struct fold_job *j, const struct message *m)
{
	enum status s = STATUS_FAILURE;

	members_take(job_members, j, m);
	j->ended = f->time;
	if (j->reason == NULL || strcmp(j->reason, "exit") == 0)
		s = j->exit == 0 ? STATUS_SUCCESS : STATUS_FAILURE;
	else if (strcmp(j->reason, "canceled") == 0)
		s = STATUS_CANCELED;
	else if (strcmp(j->reason, "start") == 0 || strcmp(j->reason, "service") == 0 ||
	    strcmp(j->reason, "lost") == 0)
		s = STATUS_ERROR;
	job_status(f, j, s);
}

static void
take_end(struct fold *f, struct fold_job *j, const struct message *m)
{
	int s = members_take(job_members, j, m);

	if (j->started != 0 && j->ended == 0)
		j->ended = f->time;
	job_status(f, j, s < 0 ? STATUS_ERROR : (enum status)s);
}

static void
artifact_free(struct fold_artifact *a)
{
	free(a->id);
	free(a->name);
	free(a->digest);
}

/* One of the same id, of an attempt before, is not there any more. */
static void
take_artifact(struct fold *f, struct fold_job *j, const struct message *m)
{
	struct fold_artifact a = { .saved = f->time };

	members_take(artifact_members, &a, m);
	if (a.id == NULL) {
		artifact_free(&a);
		return;
	}
	for (size_t i = 0; i < j->nartifacts; i++) {
		if (strcmp(j->artifacts[i].id, a.id) == 0) {
			artifact_free(&j->artifacts[i]);
			j->artifacts[i] = a;
			return;
		}
	}
	j->artifacts = xrealloc(j->artifacts, j->nartifacts + 1, sizeof(*j->artifacts));
	j->artifacts[j->nartifacts++] = a;
}

/* What a message says is so until the next one. */
static int
build_take(struct fold *f, const struct message *m)
{
	free(f->reason);
	free(f->message);
	f->reason = f->message = NULL;
	return members_take(build_members, f, m);
}

static void
build_pending(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)j;
	build_take(f, m);
}

static void
build_updated(struct fold *f, struct fold_job *j, const struct message *m)
{
	int s = build_take(f, m);

	(void)j;
	if (s >= 0)
		f->status = (enum status)s;
}

static void
build_start(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)j;
	build_take(f, m);
	f->status = STATUS_RUNNING;
	f->started = f->time;
}

static void
build_end(struct fold *f, struct fold_job *j, const struct message *m)
{
	int64_t run = m->run > 0 ? m->run : f->run;
	int s;

	(void)j;
	if (run < f->run || run == f->ended_run)
		return;
	s = build_take(f, m);
	f->status = s < 0 ? STATUS_ERROR : (enum status)s;
	f->ended = f->time;
	f->ended_run = run;
}

static void
script_end(struct fold *f, struct fold_job *j, const struct message *m)
{
	(void)j;
	members_take(script_members, f, m);
}

/* What each event does: for a job, its new status (-1 keeps it) and what is read from the event. */
static const struct row {
	struct span type;
	bool job;
	int status;
	void (*take)(struct fold *f, struct fold_job *j, const struct message *m);
} rows[] = {
	{ NAME("command/start"), true, -1, take_command },
	{ NAME("job/pending"), true, STATUS_PENDING, take_pending },
	{ NAME("job/queued"), true, STATUS_QUEUED, NULL },
	{ NAME("job/blocked"), true, STATUS_BLOCKED, take_members },
	{ NAME("job/unblocked"), true, STATUS_PENDING, NULL },
	{ NAME("job/initializing"), true, STATUS_INITIALIZING, take_initializing },
	{ NAME("job/start"), true, STATUS_RUNNING, take_start },
	{ NAME("job/executed"), true, -1, take_executed },
	{ NAME("job/end"), true, -1, take_end },
	{ NAME("artifact/saved"), true, -1, take_artifact },
	{ NAME("build/queued"), false, STATUS_QUEUED, NULL },
	{ NAME("build/initializing"), false, STATUS_INITIALIZING, NULL },
	{ NAME("build/pending"), false, STATUS_PENDING, build_pending },
	{ NAME("build/start"), false, -1, build_start },
	{ NAME("build/updated"), false, -1, build_updated },
	{ NAME("build/end"), false, -1, build_end },
	{ NAME("script/end"), false, -1, script_end },
};

/* What the store says of a run can come behind what mci-build says of it: each has its own way to
 * the hub. */
static bool
is_late(const struct fold *f, const struct message *m)
{
	if (m->seq > 0 || f->said_run == 0)
		return false;
	return m->run <= f->ended_run || m->run < f->said_run ||
	    (m->run == f->said_run && span_is(m->type, "build/pending"));
}

static void
row_apply(struct fold *f, const struct row *row, const struct message *m)
{
	struct fold_job *j = NULL;

	if (!row->job && is_late(f, m))
		return;

	if (row->job) {
		if (m->job.n == 0)
			return;
		j = job_make(f, m->job);
		if (row->status >= 0)
			job_status(f, j, (enum status)row->status);
	} else if (row->status >= 0) {
		f->status = (enum status)row->status;
	}
	if (row->take != NULL)
		row->take(f, j, m);
}

void
fold_init(struct fold *f)
{
	*f = (struct fold){ .exit = -1, .script_exit = -1, .script_signal = -1, .ended_run = -1 };
}

int
fold_event(struct fold *f, const struct message *m, struct error *e)
{
	if (m->kind != MESSAGE_EVENT)
		return error_set(e, ERROR_INPUT, "type: expected an event, found another kind of line");
	if (m->time.n > 0)
		timestamp_parse(m->time.p, m->time.n, &f->time, NULL);
	if (m->seq > 0)
		f->seq = m->seq;
	if ((m->seq > 0 || span_is(m->type, "build/initializing")) && m->run > f->said_run)
		f->said_run = m->run;
	if (m->run > f->run)
		f->run = m->run;
	if (f->build == NULL && m->build.n > 0)
		f->build = xmemdup(m->build.p, m->build.n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (same(m->type, rows[i].type)) {
			row_apply(f, &rows[i], m);
			break;
		}
	}
	return 0;
}

static int
lines_take(struct fold *f, struct line_reader *r, struct error *e)
{
	struct span line;
	struct message m;
	enum line_result got;

	while ((got = line_next(r, &line)) != LINE_NONE) {
		if (got == LINE_LONG)
			return error_set(e, ERROR_LIMIT, "a line over %d bytes", LINE_LIMIT);
		if (message_read(&m, line.p, line.n, e) < 0 || fold_event(f, &m, e) < 0)
			return -1;
	}
	return 0;
}

int
fold_file(struct fold *f, const char *path, struct error *e)
{
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct line_reader r = { 0 };
	ssize_t n = 0;
	int result = 0;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while (result == 0 && (n = line_read(&r, fd)) > 0) {
		if (lines_take(f, &r, e) < 0)
			result = error_before(e, "%s:%llu: ", path, (unsigned long long)r.number);
	}
	if (n < 0)
		result = error_sys(e, "read %s", path);
	line_free(&r);
	return result;
}

static struct span
span_of(const char *text)
{
	return (struct span){ text, text == NULL ? 0 : strlen(text) };
}

void
fold_reason(struct bytes *into, const struct fold_job *j)
{
	struct reason r = { span_of(j->reason), j->exit, j->signal, span_of(j->error) };

	if (span_is(r.name, status_name(j->status)))
		r.name.n = 0;
	reason_add(into, &r);
}

static void
count_add(struct bytes *b, size_t from, size_t n, const char *what)
{
	if (n > 0)
		bytes_format(b, "%s%zu %s", b->len > from ? ", " : "", n, what);
}

void
fold_counts(struct bytes *b, const struct fold *f)
{
	size_t from = b->len;
	size_t allowed = 0;
	const size_t *n = f->counts;

	for (size_t i = 0; n[STATUS_FAILURE] > 0 && i < f->njobs; i++)
		allowed += f->jobs[i].status == STATUS_FAILURE && f->jobs[i].allowed;
	count_add(b, from, n[STATUS_SUCCESS], "ok");
	count_add(b, from, n[STATUS_FAILURE] - allowed, "failed");
	count_add(b, from, allowed, "failed but allowed");
	count_add(b, from, n[STATUS_ERROR], n[STATUS_ERROR] == 1 ? "error" : "errors");
	count_add(b, from, n[STATUS_SKIPPED], "skipped");
	count_add(b, from, n[STATUS_CANCELED], "canceled");
	count_add(b, from, n[STATUS_INITIALIZING] + n[STATUS_RUNNING], "running");
	count_add(b, from, n[STATUS_BLOCKED], "blocked");
	count_add(b, from, n[STATUS_PENDING] + n[STATUS_QUEUED], "waiting");
	if (b->len == from)
		bytes_text(b, "no jobs");
}

void
fold_free(struct fold *f)
{
	for (size_t i = 0; i < f->njobs; i++) {
		free(f->jobs[i].id);
		free(f->jobs[i].name);
		free(f->jobs[i].reason);
		free(f->jobs[i].error);
		free(f->jobs[i].reproduce);
		free(f->jobs[i].text);
		free(f->jobs[i].step);
		free(f->jobs[i].runner);
		for (size_t k = 0; k < f->jobs[i].nartifacts; k++)
			artifact_free(&f->jobs[i].artifacts[k]);
		free(f->jobs[i].artifacts);
	}
	free(f->jobs);
	nametable_free(&f->ids);
	free(f->build);
	free(f->folder);
	free(f->logs);
	free(f->log);
	free(f->dir);
	free(f->script);
	free(f->reason);
	free(f->message);
	fold_init(f);
}
