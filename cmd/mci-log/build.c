#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "logname.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "number.h"
#include "process.h"
#include "spec.h"
#include "state.h"
#include "timestamp.h"

static int
fetch(void *arg, struct source *s, struct error *e)
{
	struct build *r = arg;

	r->copies.address = r->fold.log;
	r->copies.build = r->fold.build != NULL ? r->fold.build : r->folder.name;
	r->copies.loop = r->loop;
	return copies_get(&r->copies, s, e);
}

struct source *
build_add_source(struct build *r, int run, const char *job, int attempt)
{
	AUTO_BYTES name = { 0 };

	if (r->prefix) {
		bytes_text(&name, r->folder.name);
		if (run > 1)
			bytes_format(&name, "@%d", run);
		bytes_char(&name, '/');
	}
	bytes_text(&name, job == NULL ? "script" : job);
	if (attempt > 1)
		bytes_format(&name, "@%d", attempt);
	if (r->n == r->size) {
		r->size = r->size == 0 ? 16 : r->size * 2;
		r->sources = xrealloc(r->sources, r->size, sizeof(*r->sources));
	}
	r->sources[r->n] = source_new(bytes_give(&name), run, job, attempt,
	    job == NULL ? &r->folders.own : &folders_logs(&r->folders, run, NULL)->at);
	r->sources[r->n]->build = r->prefix ? r->folder.name : NULL;
	if (r->fold.log != NULL && job != NULL) {
		r->sources[r->n]->fetch = fetch;
		r->sources[r->n]->fetch_arg = r;
	}
	/* in a damaged log: nothing more comes */
	r->sources[r->n]->ended = r->ended;
	return r->sources[r->n++];
}

/* The last three parts of a build's path are its name, wherever the folder of all builds is. */
static int
open_archive(struct build *r, const char *archive, struct error *e)
{
	const char *at = r->folder.path + strlen(r->folder.path);
	AUTO_FREE char *path = NULL;

	for (int slashes = 0; at > r->folder.path && slashes < 3;)
		slashes += *--at == '/';
	path = xformat("%s/%s", archive, at[0] == '/' ? at + 1 : at);
	return folders_open(&r->folders.own.archive, AT_FDCWD, path, e);
}

/* A build of a folder that a server or mci-log put filled. */
static int
find_in(struct build *r, const char *text, const struct build_where *where, struct error *e)
{
	AUTO_FREE char *dir = realpath(where->dir, NULL);
	struct logname n;

	if (logname_parse(&n, text, e) < 0)
		return -1;
	r->locks = true;
	r->only = n.job;
	r->run_named = n.run > 0;
	r->run = n.run;
	r->attempt = n.job != NULL ? n.attempt : 0;
	r->folder.name = n.build;
	r->folder.lock = -1;
	if (dir == NULL)
		return error_sys(e, "open %s", where->dir);
	r->folder.path = xformat("%s/%s", dir, n.build);
	return 0;
}

int
build_open(struct build *r, const char *text, const char *project, const struct build_where *where,
    struct error *e)
{
	struct log_folders *own = &r->folders.own;
	struct error why;

	r->folders = (struct folders)FOLDERS_NONE;
	r->events = -1;
	fold_init(&r->fold);
	if ((where->dir != NULL ? find_in(r, text, where, e) :
	    state_job_meant(&r->folder, &r->only, text, project, e)) < 0)
		return -1;
	own->live = kernel.open(AT_FDCWD, r->folder.path, O_RDONLY | O_DIRECTORY, 0);
	if (own->live < 0 && (errno != ENOENT || !r->locks))
		return error_sys(e, "open %s", r->folder.path);
	if (own->live >= 0)
		r->events = kernel_open_file(own->live, "events.ndjson");
	if (r->events < 0 && errno != ENOENT)
		return error_sys(e, "open %s/events.ndjson", r->folder.path);
	if (where->archive != NULL && open_archive(r, where->archive, e) < 0)
		return error_before(e, "%s: ", r->folder.path);
	if (r->run == 0)
		r->run = r->events < 0 ? folders_newest(&r->folders) : 1;
	(void)folders_logs(&r->folders, r->run, &why);
	if (why.code != ERROR_NONE) {
		*e = why;
		return error_before(e, "%s: ", r->folder.path);
	}
	r->dirty = true;
	return 0;
}

/* Where the last source of a job is kept. */
static struct source **
latest(struct build *r, const struct fold_job *j)
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
build_latest(const struct build *r, const struct fold_job *j)
{
	return j->order < r->nlatest ? r->latest[j->order] : NULL;
}

static bool
wanted(const struct build *r, const char *job, int attempt)
{
	return (r->only == NULL || strcmp(job, r->only) == 0) &&
	    (r->attempt == 0 || attempt == r->attempt) && attempt > 0;
}

/* Which run of the build an event is of. */
static int
run_of(struct build *r, const struct message *m)
{
	int run = m->run > 0 && m->run <= INT32_MAX ? (int)m->run : 1;

	if (run > r->run)
		r->run = run;
	return run;
}

/* The source that an event is about, made when it is the first of its attempt. */
static struct source *
source_of(struct build *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);
	int64_t attempt = message_integer(m->line, "attempt", 1);
	struct source *s, *last;
	int run = run_of(r, m);

	if (j == NULL || attempt > INT32_MAX || !wanted(r, j->id, (int)attempt))
		return NULL;
	last = *latest(r, j);
	for (s = last; s != NULL; s = s->before) {
		if (s->run == run && s->attempt == attempt)
			return s;
	}
	s = build_add_source(r, run, j->id, (int)attempt);
	s->place = j->order + 1;
	s->before = last;
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
	return *latest(r, j) = s;
}

static void
on_start(struct build *r, const struct message *m)
{
	(void)source_of(r, m);
}

static void
on_executed(struct build *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);
	AUTO_BYTES why = { 0 };
	struct scan_value first;
	struct source *s;

	/* the one job that was asked for has no log when it could not be started: build_nothing says why */
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
	s->bytes = message_integer(m->line, "bytes", -1);
	if (message_member(m->line.p, m->line.n, "first-output", &first, NULL) == 1 &&
	    first.type == SCAN_STRING)
		(void)timestamp_parse(first.raw.p + 1, first.raw.n - 2, &s->first, NULL);
	s->truncated = message_true(m->line, "truncated");
}

/* Attempts of a job that has ended have ended, also when the runner could not say so itself. */
static void
on_end(struct build *r, const struct message *m)
{
	const struct fold_job *j = fold_find(&r->fold, m->job.p, m->job.n);

	if (j != NULL && r->only != NULL && strcmp(j->id, r->only) == 0)
		r->finished = true;
	for (struct source *s = j == NULL ? NULL : *latest(r, j); s != NULL; s = s->before) {
		if (!s->ended)
			s->bytes = message_integer(m->line, "bytes", -1);
		s->ended = s->dirty = true;
	}
}

static void
end_all(struct build *r)
{
	r->ended = true;
	for (size_t i = 0; i < r->n; i++)
		r->sources[i]->ended = r->sources[i]->dirty = true;
}

static void
on_build_pending(struct build *r, const struct message *m)
{
	r->pid = (pid_t)message_integer(m->line, "pid", 0);
}

static void
on_build_start(struct build *r, const struct message *m)
{
	bool newer = m->run > r->run;
	int run = run_of(r, m);
	struct source *s;

	r->pid = (pid_t)message_integer(m->line, "pid", 0);
	if (!r->locks)
		folders_told(&r->folders, run, r->fold.logs);
	if (r->only != NULL || r->attempt > 1 || (r->n > 0 && !newer))
		return;
	s = build_add_source(r, run, NULL, 1);
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
}

static void
on_build_end(struct build *r, const struct message *m)
{
	(void)m;
	end_all(r);
}

static void
on_annotated(struct build *r, const struct message *m)
{
	struct source *s = r->annotated == NULL ? NULL : source_of(r, m);
	struct scan_value v;
	/* builds of before say offset, which at a hub is the hub's own */
	int64_t before = message_integer(m->line, "offset", 0);
	struct build_note n = { .offset = message_integer(m->line, "at", before), .source = s };

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
	void (*take)(struct build *r, const struct message *m);
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
take_line(struct build *r, struct span line)
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

/* Looks at a log that the folder has (job is borrowed); true when it is a new one. */
static bool
take_log(struct build *r, int run, const char *job, int attempt)
{
	struct source *s;

	for (size_t i = 0; i < r->n; i++) {
		s = r->sources[i];
		if (s->run != run || s->attempt != attempt || (s->job == NULL) != (job == NULL) ||
		    (job != NULL && strcmp(s->job, job) != 0))
			continue;
		if (!s->ended)
			(void)source_look(s, r->locks);
		return false;
	}
	s = build_add_source(r, run, job, attempt);
	s->place = r->n;
	if (source_look(s, r->locks))
		return true;
	source_free(s);
	r->n--;
	return false;
}

/* The job's name as the build keeps it. */
static const char *
keep_name(struct build *r, const char *job)
{
	/* they come by name */
	if (r->njobs > 0 && strcmp(r->jobs[r->njobs - 1], job) == 0)
		return r->jobs[r->njobs - 1];
	for (size_t i = 0; i < r->njobs; i++) {
		if (strcmp(r->jobs[i], job) == 0)
			return r->jobs[i];
	}
	r->jobs = xrealloc(r->jobs, r->njobs + 1, sizeof(*r->jobs));
	return r->jobs[r->njobs++] = xstrdup(job);
}

/* Where the jobs' logs of a run are listed. */
struct listing {
	struct build *build;
	int run;
};

static void
take_job(void *arg, const char *name, int attempt)
{
	const struct listing *l = arg;
	struct build *r = l->build;
	const char *job = keep_name(r, name);

	if (r->only != NULL && strcmp(job, r->only) == 0 && attempt > r->last)
		r->last = attempt;
	if (wanted(r, job, attempt))
		(void)take_log(r, l->run, job, attempt);
}

/* Logs without a byte come last: they have just begun. */
static int
by_start(const void *a, const void *b)
{
	const struct source *left = *(struct source *const *)a, *right = *(struct source *const *)b;
	uint64_t l = (uint64_t)left->started - 1, r = (uint64_t)right->started - 1;

	if (l != r)
		return l < r ? -1 : 1;
	return left->attempt != right->attempt ? left->attempt - right->attempt :
	    strcmp(left->name, right->name);
}

/* Those that are no sources yet become some, in the order in which they began. */
static int
list_run(struct build *r, int run, struct error *e)
{
	struct listing l = { r, run };
	size_t before = r->n;

	/* without an index nothing tells when the script began, which was before its jobs */
	if (r->only == NULL && r->attempt <= 1 && take_log(r, run, NULL, 1) && !r->locks)
		before++;
	/* without its index a log of a folder with locks is not there yet, or on its way out */
	if (folders_jobs(&r->folders, run, r->locks, take_job, &l, e) < 0)
		return error_before(e, "%s: ", r->folder.path);
	if (r->n > before)
		qsort(r->sources + before, r->n - before, sizeof(*r->sources), by_start);
	return 0;
}

/* A build of which only the logs are kept: what there is to know is in their indexes, and the locks on
 * these. */
static int
read_folder(struct build *r, struct error *e)
{
	const struct log_folders *own = &r->folders.own;
	size_t n = 0;
	AUTO_FREE int *runs = r->run > 0 ? NULL : folders_runs(&r->folders, false, &n);

	if (own->live < 0 && own->archive < 0)
		return error_set(e, ERROR_NOT_FOUND, "there are no logs of %s", r->folder.name);
	/* who waits takes the run that comes */
	if (r->run > 0 && !r->run_named && r->n == 0)
		r->run = folders_newest(&r->folders);
	if (r->run > 0)
		return list_run(r, r->run, e);
	for (size_t i = 0; i < n; i++) {
		if (list_run(r, runs[i], e) < 0)
			return -1;
	}
	return 0;
}

int
build_read(struct build *r, struct error *e)
{
	enum line_result result;
	struct span line;

	r->dirty = false;
	if (r->events < 0)
		return read_folder(r, e);
	for (;;) {
		ssize_t got = line_read(&r->lines, r->events);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s/events.ndjson", r->folder.path);
		while ((result = line_next(&r->lines, &line)) != LINE_NONE) {
			if (result == LINE_OK)
				take_line(r, line);
		}
		if (got == 0)
			return 0;
	}
}

bool
build_done(const struct build *r)
{
	for (size_t i = 0; i < r->n && r->events < 0; i++) {
		if (!r->sources[i]->ended)
			return false;
	}
	if (r->events < 0)
		return r->n > 0;
	if (r->ended || r->finished)
		return true;
	return r->only != NULL && r->attempt > 0 && r->n > 0 && r->sources[r->n - 1]->ended;
}

size_t
build_first_shown(const struct build *r)
{
	return r->only == NULL || r->n == 0 ? 0 : r->n - 1;
}

static bool
has_failed(struct build *r, const struct source *s)
{
	const struct fold_job *j = s->job == NULL ? NULL : fold_find(&r->fold, s->job, strlen(s->job));

	if (s->job == NULL)
		return r->fold.script_exit > 0 || r->fold.script_signal > 0;
	return j != NULL && status_bad(j->status) && !j->allowed;
}

void
build_keep_failed(struct build *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (has_failed(r, r->sources[i]))
			r->sources[kept++] = r->sources[i];
		else
			source_free(r->sources[i]);
	}
	r->n = kept;
	r->nlatest = 0;
}

/* The job that was meant when there is none of that name. */
static const char *
nearest_job(const struct build *r)
{
	size_t n = r->events < 0 ? r->njobs : r->fold.njobs;
	AUTO_FREE const char **ids = xmalloc((n + 1) * sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		ids[i] = r->events < 0 ? r->jobs[i] : r->fold.jobs[i].id;
	return nearest_word(r->only, ids, n);
}

int
build_nothing(struct build *r, struct error *e)
{
	const struct fold_job *j = fold_find(&r->fold, r->only, strlen(r->only));
	int last = r->last > 0 ? r->last : j != NULL && j->started > 0 ? j->attempt : 0;
	const char *near = j != NULL || last > 0 ? NULL : nearest_job(r);
	AUTO_FREE char *hint = near == NULL ? xstrdup("") : xformat("; did you mean '%s'?", near);
	AUTO_BYTES why = { 0 };

	if (r->attempt > 0 && last > 0)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s has no attempt %d; the last is %d",
		    r->folder.name, r->only, r->attempt, last);
	if (r->events < 0)
		return error_set(e, ERROR_NOT_FOUND, "there is no log %s/%s%s", r->folder.name, r->only,
		    hint);
	if (j == NULL)
		return error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'%s", r->folder.name, r->only, hint);
	fold_reason(&why, j);
	return error_set(e, ERROR_NOT_FOUND, "%s/%s has no log: %s%s%s", r->folder.name, r->only,
	    status_name(j->status), why.len == 0 ? "" : ": ", bytes_string(&why));
}

int
build_watch(const struct build *r)
{
	return r->pid > 0 && state_build_running(&r->folder) ? process_pidfd(r->pid) : -1;
}

bool
build_abandoned(struct build *r)
{
	/* mci-build holds the folder's lock as long as it lives */
	if (r->ended || r->events < 0 || state_build_running(&r->folder))
		return false;
	end_all(r);
	return true;
}

void
build_stop(struct build *r)
{
	for (size_t i = 0; i < r->n; i++) {
		copy_free(r->sources[i]->copy);
		r->sources[i]->copy = NULL;
	}
	r->loop = NULL;
}

void
build_free(struct build *r)
{
	build_stop(r);
	for (size_t i = 0; i < r->n; i++)
		source_free(r->sources[i]);
	free(r->sources);
	copies_close(&r->copies);
	free(r->latest);
	folders_close(&r->folders);
	memory_close(&r->events);
	line_free(&r->lines);
	fold_free(&r->fold);
	for (size_t i = 0; i < r->njobs; i++)
		free(r->jobs[i]);
	free(r->jobs);
	free(r->only);
	state_build_free(&r->folder);
}

int
builds_open(struct builds *r, int argc, char **argv, int64_t attempt, const struct build_where *where,
    struct error *e)
{
	static char *latest[] = { "@", NULL };
	AUTO_FREE char *project = state_project(".");
	struct build_where found = *where;
	bool several = false;

	*r = (struct builds){ 0 };
	if (stored_archive(where->archive, &found.archive, e) < 0)
		return -1;
	if (argc == 0) {
		argv = latest;
		argc = 1;
	}
	/* builds of a script or of specs are those of the folder that they were started in */
	if (project == NULL)
		project = realpath(".", NULL);
	r->all = xmalloc((size_t)argc * sizeof(*r->all));
	while (r->n < (size_t)argc) {
		struct build *run = &r->all[r->n++];

		if (build_open(run, argv[r->n - 1], project, &found, e) < 0)
			return -1;
		if (attempt > 0)
			run->attempt = (int)attempt;
		several = several || strcmp(run->folder.name, r->all[0].folder.name) != 0;
	}
	for (size_t i = 0; i < r->n; i++)
		r->all[i].prefix = several;
	return 0;
}

int
builds_read(struct builds *r, struct error *e)
{
	for (size_t i = 0; i < r->n; i++) {
		struct build *run = &r->all[i];

		if (build_read(run, e) < 0)
			return -1;
		if (run->only != NULL && run->n == 0)
			return build_nothing(run, e);
	}
	return 0;
}

void
builds_close(struct builds *r)
{
	for (size_t i = 0; i < r->n; i++)
		build_free(&r->all[i]);
	free(r->all);
	*r = (struct builds){ 0 };
}
