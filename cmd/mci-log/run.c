#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "process.h"
#include "timestamp.h"

static void
came(void *source)
{
	struct source *s = source;

	s->dirty = true;
}

/* Where what is fetched is looked for; the folder is there with the first log. */
static int
look_there(struct run *r, struct source *s, const char *build, struct error *e)
{
	if (r->fetched.live < 0)
		r->fetched.live = mirror_logs(r->mirror, build, e);
	s->folders = &r->fetched;
	return r->fetched.live < 0 ? -1 : 0;
}

static int
fetch_named(struct run *r, struct source *s, const struct logname *n, struct error *e)
{
	if (r->mirror == NULL) {
		r->mirror = xmalloc(sizeof(*r->mirror));
		if (mirror_open(r->mirror, e) < 0)
			return -1;
	}
	if (r->loop == NULL || s->ended)
		return s->fetched = true, mirror_log(r->mirror, r->fold.log, n, e);
	s->mirrored = mirror_follow(r->mirror, r->loop, r->fold.log, n, came, s, e);
	return s->mirrored == NULL ? -1 : 0;
}

/* From the server to where its other logs are: what is there now, or as it comes, until it has ended. */
static int
fetch(void *arg, struct source *s, struct error *e)
{
	struct run *r = arg;
	const char *build = r->fold.build != NULL ? r->fold.build : r->build.name;
	struct logname n = { 0 };
	int result = 0;

	if (s->mirrored != NULL && s->ended) {
		result = mirrored_finish(s->mirrored, e);
		mirrored_free(s->mirrored);
		s->mirrored = NULL;
		s->fetched = true;
	} else if (s->mirrored == NULL && source_open(s, e) == 0) {
		result = logname_set(&n, build, s->job, s->attempt, e);
		if (result == 0)
			result = fetch_named(r, s, &n, e);
		logname_free(&n);
		/* it may have been removed there: the rest says what is missing */
		if (result == 0 || e->code == ERROR_NOT_FOUND)
			result = look_there(r, s, build, e);
	}
	return result < 0 ? error_before(e, "%s is kept by the log server %s: ", s->name, r->fold.log) : 0;
}

struct source *
run_add_source(struct run *r, const char *job, int attempt)
{
	AUTO_BYTES name = { 0 };

	if (r->prefix) {
		bytes_text(&name, r->build.name);
		bytes_char(&name, '/');
	}
	bytes_text(&name, job == NULL ? "script" : job);
	if (attempt > 1)
		bytes_format(&name, "@%d", attempt);
	if (r->n == r->size) {
		r->size = r->size == 0 ? 16 : r->size * 2;
		r->sources = xrealloc(r->sources, r->size, sizeof(*r->sources));
	}
	r->sources[r->n] = source_new(bytes_give(&name), job, attempt,
	    job == NULL ? &r->own : &r->logs);
	r->sources[r->n]->build = r->prefix ? r->build.name : NULL;
	if (r->fold.log != NULL && job != NULL) {
		r->sources[r->n]->fetch = fetch;
		r->sources[r->n]->fetch_arg = r;
	}
	/* in a damaged log: nothing more comes */
	r->sources[r->n]->ended = r->ended;
	return r->sources[r->n++];
}

/* A folder below one that is open or not; one that is not there is none. */
static int
open_folder(int *fd, int dir, const char *path, struct error *e)
{
	if (dir == -1)
		return 0;
	*fd = kernel.open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	return *fd >= 0 || errno == ENOENT ? 0 : error_sys(e, "open %s", path);
}

/* The last three parts of a build's path are its name, wherever the folder of all builds is. */
static const char *
archived_name(const struct run *r)
{
	const char *at = r->build.path + strlen(r->build.path);

	for (int slashes = 0; at > r->build.path && slashes < 3;)
		slashes += *--at == '/';
	return at[0] == '/' ? at + 1 : at;
}

static int
open_archive(struct run *r, const char *archive, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/%s", archive, archived_name(r));

	if (open_folder(&r->own.archive, AT_FDCWD, path, e) < 0)
		return -1;
	return open_folder(&r->logs.archive, r->own.archive, "logs", e);
}

/* A build of a folder that a server or mci-log put filled. */
static int
open_bare(struct run *r, const char *text, const struct run_where *where, struct error *e)
{
	struct logname n;

	if (logname_parse(&n, text, e) < 0)
		return -1;
	r->depot = xmalloc(sizeof(*r->depot));
	r->only = n.job;
	r->attempt = n.job != NULL ? n.attempt : 0;
	r->build.name = n.build;
	r->build.lock = -1;
	if (depot_open(r->depot, where->dir, false, false, e) < 0 ||
	    (where->archive != NULL && depot_archive(r->depot, where->archive, e) < 0))
		return -1;
	r->build.path = xformat("%s/%s", r->depot->path, n.build);
	return 0;
}

static int
find(struct run *r, const char *text, const char *project, const struct run_where *where,
    struct error *e)
{
	return where->dir != NULL ? open_bare(r, text, where, e) :
	    state_job_meant(&r->build, &r->only, text, project, e);
}

int
run_open(struct run *r, const char *text, const char *project, const struct run_where *where,
    struct error *e)
{
	r->own = r->logs = r->fetched = (struct log_folders){ -1, -1 };
	r->events = -1;
	fold_init(&r->fold);
	if (find(r, text, project, where, e) < 0)
		return -1;
	r->own.live = kernel.open(AT_FDCWD, r->build.path, O_RDONLY | O_DIRECTORY, 0);
	if (r->own.live < 0 && (errno != ENOENT || r->depot == NULL))
		return error_sys(e, "open %s", r->build.path);
	if (r->own.live >= 0)
		r->events = kernel.open(r->own.live, "events.ndjson", O_RDONLY, 0);
	if (r->events < 0 && errno != ENOENT)
		return error_sys(e, "open %s/events.ndjson", r->build.path);
	if (open_folder(&r->logs.live, r->own.live, "logs", e) < 0 ||
	    (where->archive != NULL && open_archive(r, where->archive, e) < 0))
		return error_before(e, "%s: ", r->build.path);
	r->bare = r->events < 0 && r->depot != NULL;
	r->dirty = true;
	return 0;
}

static int64_t
member_integer(const struct message *m, const char *key, int64_t otherwise)
{
	struct scan_value v;
	int64_t n;

	if (message_member(m->line.p, m->line.n, key, &v, NULL) == 1 && v.type == SCAN_NUMBER &&
	    scan_integer(&v, 0, INT64_MAX, &n, NULL) == 0)
		return n;
	return otherwise;
}

static int64_t
member_time(const struct message *m, const char *key)
{
	struct scan_value v;
	int64_t ns;

	if (message_member(m->line.p, m->line.n, key, &v, NULL) == 1 && v.type == SCAN_STRING &&
	    timestamp_parse(v.raw.p + 1, v.raw.n - 2, &ns, NULL) == 0)
		return ns;
	return 0;
}

/* Where the last source of a job is kept. */
static struct source **
latest(struct run *r, const struct fold_job *j)
{
	size_t old = r->nlatest;

	if (j->order >= old) {
		r->nlatest = (j->order + 1) * 2;
		r->latest = xrealloc(r->latest, r->nlatest, sizeof(*r->latest));
		memset(r->latest + old, 0, (r->nlatest - old) * sizeof(*r->latest));
	}
	return &r->latest[j->order];
}

struct source *
run_latest(const struct run *r, const struct fold_job *j)
{
	return j->order < r->nlatest ? r->latest[j->order] : NULL;
}

static bool
wanted(const struct run *r, const char *job, int attempt)
{
	return (r->only == NULL || strcmp(job, r->only) == 0) &&
	    (r->attempt == 0 || attempt == r->attempt) && attempt > 0;
}

/* The source that an event is about, made when it is the first of its attempt. */
static struct source *
source_of(struct run *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);
	int64_t attempt = member_integer(m, "attempt", 1);
	struct source *s, *last;

	if (j == NULL || attempt > INT32_MAX || !wanted(r, j->id, (int)attempt))
		return NULL;
	last = *latest(r, j);
	for (s = last; s != NULL; s = s->before) {
		if (s->attempt == attempt)
			return s;
	}
	s = run_add_source(r, j->id, (int)attempt);
	s->place = j->order + 1;
	s->before = last;
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
	return *latest(r, j) = s;
}

static void
on_start(struct run *r, const struct message *m)
{
	(void)source_of(r, m);
}

static void
on_executed(struct run *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);
	AUTO_BYTES why = { 0 };
	struct source *s;
	struct scan_value v;

	/* the one job that was asked for has no log when it could not be started: run_nothing says why */
	if (r->only != NULL && r->n == 0 && j != NULL && j->reason != NULL && strcmp(j->reason, "start") == 0)
		return;
	s = source_of(r, m);
	if (s == NULL)
		return;
	if (j->error != NULL && s->why == NULL) {
		fold_reason(&why, j);
		s->why = bytes_give(&why);
	}
	s->ended = s->dirty = true;
	s->bytes = member_integer(m, "bytes", -1);
	s->first = member_time(m, "first-output");
	s->truncated = message_member(m->line.p, m->line.n, "truncated", &v, NULL) == 1 &&
	    v.type == SCAN_TRUE;
}

/* Attempts of a job that has ended have ended, also when the runner could not say so itself. */
static void
on_end(struct run *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);

	if (j != NULL && r->only != NULL && strcmp(j->id, r->only) == 0)
		r->finished = true;
	for (struct source *s = j == NULL ? NULL : *latest(r, j); s != NULL; s = s->before) {
		if (!s->ended)
			s->bytes = member_integer(m, "bytes", -1);
		s->ended = s->dirty = true;
	}
}

static void
end_all(struct run *r)
{
	r->ended = true;
	for (size_t i = 0; i < r->n; i++)
		r->sources[i]->ended = r->sources[i]->dirty = true;
}

static void
on_build_pending(struct run *r, const struct message *m)
{
	r->pid = (pid_t)member_integer(m, "pid", 0);
}

static void
on_build_start(struct run *r, const struct message *m)
{
	struct source *s;

	r->pid = (pid_t)member_integer(m, "pid", 0);
	if (r->only != NULL || r->attempt > 1 || r->n > 0)
		return;
	s = run_add_source(r, NULL, 1);
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
}

static void
on_build_end(struct run *r, const struct message *m)
{
	(void)m;
	end_all(r);
}

static void
on_annotated(struct run *r, const struct message *m)
{
	struct source *s = r->annotated == NULL ? NULL : source_of(r, m);
	struct scan_value v;
	/* builds of before say offset, which at a hub is the hub's own */
	struct run_note n = { .offset = member_integer(m, "at", member_integer(m, "offset", 0)),
		.source = s };

	if (s == NULL)
		return;
	timestamp_parse(m->time.p, m->time.n, &n.time, NULL);
	if (message_member(m->line.p, m->line.n, "note", &v, NULL) == 1 && v.type == SCAN_OBJECT)
		n.note = v.raw;
	else if (message_member(m->line.p, m->line.n, "text", &v, NULL) == 1 && v.type == SCAN_STRING)
		n.text = v.raw;
	else
		return;
	r->annotated(r->arg, &n);
}

static const struct {
	const char *type;
	void (*take)(struct run *r, const struct message *m);
} takers[] = {
	{ "build/pending", on_build_pending },
	{ "build/start", on_build_start },
	{ "job/start", on_start },
	{ "job/executed", on_executed },
	{ "log/annotated", on_annotated },
	{ "job/end", on_end },
	{ "build/end", on_build_end },
};

/* A line that is no event of ours changes nothing: the log is a witness, not a judge of the
 * events. */
static void
take_line(struct run *r, struct span line)
{
	const struct fold_job *j;
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_EVENT ||
	    fold_event(&r->fold, &m, NULL) < 0)
		return;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (span_is(m.type, takers[i].type))
			takers[i].take(r, &m);
	}
	if (r->told == NULL || m.job.n == 0)
		return;
	j = fold_find(&r->fold, m.job.p, m.job.n);
	if (j != NULL && (r->only == NULL || strcmp(j->id, r->only) == 0))
		r->told(r->arg, &m, j);
}

static void
take_lines(struct run *r)
{
	enum line_result result;
	struct span line;

	while ((result = line_next(&r->lines, &line)) != LINE_NONE) {
		if (result == LINE_OK)
			take_line(r, line);
	}
}

static int
read_folder(struct run *r, struct error *e)
{
	AUTO_BYTES events = { 0 };
	int result = files_tell(&r->own, &r->logs, &events, e);

	line_add(&r->lines, events.data, events.len);
	take_lines(r);
	return result < 0 ? error_before(e, "%s: ", r->build.path) : 0;
}

int
run_read(struct run *r, struct error *e)
{
	if (r->bare)
		return r->reader->read(r, e);
	r->dirty = false;
	if (r->events < 0)
		return read_folder(r, e);
	for (;;) {
		ssize_t got = line_read(&r->lines, r->events);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s/events.ndjson", r->build.path);
		take_lines(r);
		if (got == 0)
			return 0;
	}
}

bool
run_done(const struct run *r)
{
	if (r->bare)
		return r->reader->done(r);
	if (r->ended || r->finished)
		return true;
	return r->only != NULL && r->attempt > 0 && r->n > 0 && r->sources[r->n - 1]->ended;
}

size_t
run_first_shown(const struct run *r)
{
	return r->only == NULL ? 0 : r->n - 1;
}

/* The job that was meant when there is none of that name. */
static const char *
nearest_job(const struct run *r)
{
	AUTO_FREE const char **ids = xmalloc((r->fold.njobs + 1) * sizeof(*ids));

	for (size_t i = 0; i < r->fold.njobs; i++)
		ids[i] = r->fold.jobs[i].id;
	return nearest_word(r->only, ids, r->fold.njobs);
}

int
run_nothing(struct run *r, struct error *e)
{
	const struct fold_job *j = fold_find(&r->fold, r->only, strlen(r->only));
	AUTO_BYTES why = { 0 };
	const char *near;

	if (r->bare)
		return error_set(e, ERROR_NOT_FOUND, "there is no log %s/%s", r->build.name, r->only);
	if (j == NULL) {
		near = nearest_job(r);
		return error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'%s%s%s", r->build.name, r->only,
		    near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
		    near == NULL ? "" : "'?");
	}
	if (r->attempt > 0 && j->started > 0)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s has no attempt %d; the last is %d",
		    r->build.name, r->only, r->attempt, j->attempt);
	fold_reason(&why, j);
	return error_set(e, ERROR_NOT_FOUND, "%s/%s has no log: %s%s%s", r->build.name, r->only,
	    status_name(j->status), why.len == 0 ? "" : ": ", bytes_string(&why));
}

int
run_watch(const struct run *r)
{
	return r->pid > 0 && state_build_running(&r->build) ? process_pidfd(r->pid) : -1;
}

bool
run_abandoned(struct run *r)
{
	/* mci-build holds the folder's lock as long as it lives */
	if (r->ended || r->bare || state_build_running(&r->build))
		return false;
	end_all(r);
	return true;
}

void
run_stop(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		mirrored_free(r->sources[i]->mirrored);
		r->sources[i]->mirrored = NULL;
	}
	r->loop = NULL;
}

void
run_free(struct run *r)
{
	run_stop(r);
	for (size_t i = 0; i < r->n; i++)
		source_free(r->sources[i]);
	free(r->sources);
	memory_close(&r->fetched.live);
	if (r->mirror != NULL)
		mirror_close(r->mirror);
	free(r->mirror);
	free(r->latest);
	memory_close(&r->own.live);
	memory_close(&r->own.archive);
	memory_close(&r->logs.live);
	memory_close(&r->logs.archive);
	memory_close(&r->events);
	line_free(&r->lines);
	fold_free(&r->fold);
	if (r->depot != NULL)
		depot_close(r->depot);
	free(r->depot);
	for (size_t i = 0; i < r->njobs; i++)
		free(r->jobs[i]);
	free(r->jobs);
	free(r->only);
	state_build_free(&r->build);
}
