#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "option.h"
#include "process.h"
#include "spec.h"
#include "state.h"
#include "timestamp.h"

/* Whoever wrote the events has named a log server: that may start no program and reach no other machine,
 * unless the user names it too. */
static int
check_address(const struct build *b, struct error *e)
{
	const char *named = getenv("MCI_LOG");
	struct address a;
	bool socket;

	if (named != NULL && strcmp(named, b->fold.log) == 0)
		return 0;
	if (address_parse(&a, b->fold.log, e) < 0)
		return error_before(e, "%s: its log server: ", b->folder.name);
	socket = a.kind == ADDRESS_UNIX;
	address_free(&a);
	return socket ? 0 : error_set(e, ERROR_REFUSED, "%s names the log server '%s', which is no socket: "
	    "set MCI_LOG to it if it is to be asked", b->folder.name, b->fold.log);
}

static int
fetch(void *arg, struct source *s, struct error *e)
{
	struct build *b = arg;

	if (b->server == NULL && check_address(b, e) < 0)
		return -1;
	b->copies.address = b->server != NULL ? b->server : b->fold.log;
	b->copies.build = b->fold.build != NULL ? b->fold.build : b->folder.name;
	b->copies.loop = b->loop;
	b->copies.outage = &b->outage;
	b->outage.address = b->copies.address;
	b->outage.quiet = option_common.quiet;
	return copies_get(&b->copies, s, e);
}

/* Adds a source for the log of a job (borrowed; NULL: the script) and attempt, in a run of the build. */
static struct source *
add_source(struct build *b, int run, const char *job, int attempt)
{
	AUTO_BYTES name = { 0 };

	if (b->prefix) {
		bytes_text(&name, b->folder.name);
		if (run > 1)
			bytes_format(&name, "@%d", run);
		bytes_char(&name, '/');
	}
	bytes_text(&name, job == NULL ? "script" : job);
	if (attempt > 1)
		bytes_format(&name, "@%d", attempt);
	if (b->n == b->size) {
		b->size = b->size == 0 ? 16 : b->size * 2;
		b->sources = xrealloc(b->sources, b->size, sizeof(*b->sources));
	}
	b->sources[b->n] = source_new(bytes_give(&name), run, job, attempt,
	    job == NULL ? &b->folders.own : &folders_logs(&b->folders, run, NULL)->at);
	b->sources[b->n]->build = b->prefix ? b->folder.name : NULL;
	if (b->server != NULL || (b->fold.log != NULL && job != NULL)) {
		b->sources[b->n]->fetch = fetch;
		b->sources[b->n]->fetch_arg = b;
	}
	/* in a damaged log: nothing more comes */
	b->sources[b->n]->ended = b->ended;
	return b->sources[b->n++];
}

/* Where the last source of a job is kept. */
static struct source **
latest(struct build *b, const struct fold_job *j)
{
	size_t old = b->nlatest;

	if (j->order >= old) {
		b->nlatest = (j->order + 1) * 2;
		b->latest = xrealloc(b->latest, b->nlatest, sizeof(*b->latest));
		memset(b->latest + old, 0, (b->nlatest - old) * sizeof(*b->latest));
	}
	return &b->latest[j->order];
}

struct source *
build_latest(const struct build *b, const struct fold_job *j)
{
	return j->order < b->nlatest ? b->latest[j->order] : NULL;
}

static bool
wanted(const struct build *b, const char *job, int attempt)
{
	return (b->only == NULL || strcmp(job, b->only) == 0) &&
	    (b->attempt == 0 || attempt == b->attempt) && attempt > 0;
}

/* Which run of the build an event is of. With a newer one nothing is added to the logs of those before. */
static int
run_of(struct build *b, const struct message *m)
{
	int run = m->run > 0 && m->run <= INT32_MAX ? (int)m->run : 1;

	if (run <= b->run)
		return run;
	b->run = run;
	for (size_t i = 0; i < b->n; i++)
		b->sources[i]->ended = b->sources[i]->dirty = true;
	return run;
}

/* The source that an event is about, made when it is the first of its attempt. */
static struct source *
source_of(struct build *b, const struct message *m)
{
	const struct fold_job *j = fold_find(&b->fold, m->job.p, m->job.n);
	int64_t attempt = message_integer(m->line, "attempt", 1);
	struct source *s, *last;
	int run = run_of(b, m);

	if (j == NULL || attempt > INT32_MAX || !wanted(b, j->id, (int)attempt))
		return NULL;
	last = *latest(b, j);
	for (s = last; s != NULL; s = s->before) {
		if (s->run == run && s->attempt == attempt)
			return s;
	}
	s = add_source(b, run, j->id, (int)attempt);
	s->place = j->order + 1;
	s->before = last;
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
	return *latest(b, j) = s;
}

static void
on_start(struct build *b, const struct message *m)
{
	(void)source_of(b, m);
}

static void
on_executed(struct build *b, const struct message *m)
{
	const struct fold_job *j = fold_find(&b->fold, m->job.p, m->job.n);
	AUTO_BYTES why = { 0 };
	struct scan_value first;
	struct source *s;

	/* the one job that was asked for has no log when it could not be started: build_nothing says why */
	if (b->only != NULL && b->n == 0 && j != NULL && j->reason != NULL && j->bytes == 0 &&
	    strcmp(j->reason, "start") == 0)
		return;
	s = source_of(b, m);
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
on_end(struct build *b, const struct message *m)
{
	int64_t attempt = message_integer(m->line, "attempt", 0);
	const struct fold_job *j = fold_find(&b->fold, m->job.p, m->job.n);

	if (j != NULL && b->only != NULL && strcmp(j->id, b->only) == 0)
		b->finished = true;
	for (struct source *s = j == NULL ? NULL : *latest(b, j); s != NULL; s = s->before) {
		/* an attempt that was cut off with its run said nothing of its length */
		if (!s->ended && (attempt == 0 || s->attempt == attempt))
			s->bytes = message_integer(m->line, "bytes", -1);
		s->ended = s->dirty = true;
	}
}

static void
end_all(struct build *b)
{
	b->ended = true;
	for (size_t i = 0; i < b->n; i++)
		b->sources[i]->ended = b->sources[i]->dirty = true;
}

static void
on_build_pending(struct build *b, const struct message *m)
{
	b->pid = (pid_t)message_integer(m->line, "pid", 0);
}

static void
on_build_start(struct build *b, const struct message *m)
{
	bool newer = m->run > b->run;
	int run = run_of(b, m);
	struct source *s;

	b->pid = (pid_t)message_integer(m->line, "pid", 0);
	if (!b->locks && b->server == NULL)
		folders_told(&b->folders, run, b->fold.logs);
	if (b->only != NULL || b->attempt > 1 || (b->n > 0 && !newer))
		return;
	s = add_source(b, run, NULL, 1);
	timestamp_parse(m->time.p, m->time.n, &s->started, NULL);
}

static void
on_build_end(struct build *b, const struct message *m)
{
	(void)m;
	end_all(b);
}

static void
on_annotated(struct build *b, const struct message *m)
{
	struct source *s = b->annotated == NULL ? NULL : source_of(b, m);
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
	b->annotated(b->arg, &n);
}

static const struct {
	const char *type;
	void (*take)(struct build *b, const struct message *m);
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
take_line(struct build *b, struct span line)
{
	const struct fold_job *j;
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_EVENT ||
	    fold_event(&b->fold, &m, NULL) < 0)
		return;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (span_is(m.type, takers[i].type))
			takers[i].take(b, &m);
	}
	if (b->told == NULL || m.job.n == 0)
		return;
	j = fold_find(&b->fold, m.job.p, m.job.n);
	if (j != NULL && (b->only == NULL || strcmp(j->id, b->only) == 0))
		b->told(b->arg, &m, j);
}

/* Looks at a log that the folder has (job is borrowed); true when it is a new one. */
static bool
take_log(struct build *b, int run, const char *job, int attempt)
{
	struct source *s;

	for (size_t i = 0; i < b->n; i++) {
		s = b->sources[i];
		if (s->run != run || s->attempt != attempt || (s->job == NULL) != (job == NULL) ||
		    (job != NULL && strcmp(s->job, job) != 0))
			continue;
		if (!s->ended)
			(void)source_look(s, b->locks);
		return false;
	}
	s = add_source(b, run, job, attempt);
	s->place = b->n;
	if (source_look(s, b->locks))
		return true;
	source_free(s);
	b->n--;
	return false;
}

/* The job's name as the build keeps it. */
static const char *
keep_name(struct build *b, const char *job)
{
	/* they come by name */
	if (b->njobs > 0 && strcmp(b->jobs[b->njobs - 1], job) == 0)
		return b->jobs[b->njobs - 1];
	for (size_t i = 0; i < b->njobs; i++) {
		if (strcmp(b->jobs[i], job) == 0)
			return b->jobs[i];
	}
	b->jobs = xrealloc(b->jobs, b->njobs + 1, sizeof(*b->jobs));
	return b->jobs[b->njobs++] = xstrdup(job);
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
	struct build *b = l->build;
	const char *job = keep_name(b, name);

	if (b->only != NULL && strcmp(job, b->only) == 0 && attempt > b->last)
		b->last = attempt;
	if (wanted(b, job, attempt))
		(void)take_log(b, l->run, job, attempt);
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
list_run(struct build *b, int run, struct error *e)
{
	struct listing l = { b, run };
	size_t before = b->n;

	/* without an index nothing tells when the script began, which was before its jobs */
	if (b->only == NULL && b->attempt <= 1 && take_log(b, run, NULL, 1) && !b->locks)
		before++;
	/* without its index a log of a folder with locks is not there yet, or on its way out */
	if (folders_jobs(&b->folders, run, b->locks, take_job, &l, e) < 0)
		return error_before(e, "%s: ", b->folder.path);
	if (b->n > before)
		qsort(b->sources + before, b->n - before, sizeof(*b->sources), by_start);
	return 0;
}

/* A build of which only the logs are kept: what there is to know is in their indexes, and the locks on
 * these. */
static int
read_folder(struct build *b, struct error *e)
{
	const struct log_folders *own = &b->folders.own;
	size_t n = 0;
	AUTO_FREE int *runs = b->run > 0 ? NULL : folders_runs(&b->folders, false, &n);

	if (own->live < 0 && own->archive < 0)
		return error_set(e, ERROR_NOT_FOUND, "there are no logs of %s", b->folder.name);
	/* who waits takes the run that comes */
	if (b->run > 0 && !b->run_named && b->n == 0)
		b->run = folders_newest(&b->folders);
	if (b->run > 0)
		return list_run(b, b->run, e);
	for (size_t i = 0; i < n; i++) {
		if (list_run(b, runs[i], e) < 0)
			return -1;
	}
	return 0;
}

static int
take_event(void *arg, struct span line)
{
	struct build *b = arg;

	b->had++;
	take_line(b, line);
	return 0;
}

static bool
stream_line(void *arg, struct span line)
{
	struct build *b = arg;

	b->dirty = true;
	take_line(b, line);
	return false;
}

static void
stream_done(void *arg, const struct error *why)
{
	struct build *b = arg;

	b->dirty = true;
	if (why != NULL)
		b->why = *why;
	else if (!b->ended)
		end_all(b);
}

static void
stream_outage(void *arg, const struct error *why)
{
	struct build *b = arg;

	outage_told(&b->silence, why);
}

/* What is there now; what comes is taken as it does. */
static int
read_server(struct build *b, struct error *e)
{
	static const struct buildstream_events events = { stream_line, stream_done, stream_outage };
	const char *asked = b->ours ? NULL : b->server;

	if (b->why.code != ERROR_NONE) {
		*e = b->why;
		return -1;
	}
	if (b->had >= 0)
		return 0;
	b->had = 0;
	if (buildstream_read(asked, b->folder.name, take_event, b, e) < 0)
		return -1;
	if (b->loop == NULL || b->ended)
		return 0;
	b->outage.address = b->server;
	b->outage.quiet = option_common.quiet;
	b->silence.whole = &b->outage;
	b->stream = buildstream_follow(b->loop, asked, b->folder.name, b->had, &events, b, e);
	return b->stream == NULL ? -1 : 0;
}

int
build_read(struct build *b, struct error *e)
{
	enum line_result result;
	struct span line;

	b->dirty = false;
	if (b->server != NULL)
		return read_server(b, e);
	if (b->events < 0)
		return read_folder(b, e);
	for (;;) {
		ssize_t got = line_read(&b->lines, b->events);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s/events.ndjson", b->folder.path);
		while ((result = line_next(&b->lines, &line)) != LINE_NONE) {
			if (result == LINE_OK)
				take_line(b, line);
		}
		if (got == 0)
			return 0;
	}
}

bool
build_tells(const struct build *b)
{
	return b->events >= 0 || b->server != NULL;
}

bool
build_done(const struct build *b)
{
	for (size_t i = 0; i < b->n && !build_tells(b); i++) {
		if (!b->sources[i]->ended)
			return false;
	}
	if (!build_tells(b))
		return b->n > 0;
	if (b->ended || b->finished)
		return true;
	return b->only != NULL && b->attempt > 0 && b->n > 0 && b->sources[b->n - 1]->ended;
}

size_t
build_first_shown(const struct build *b)
{
	return b->only == NULL || b->n == 0 ? 0 : b->n - 1;
}

static bool
has_failed(struct build *b, const struct source *s)
{
	const struct fold_job *j = s->job == NULL ? NULL : fold_find(&b->fold, s->job, strlen(s->job));

	if (s->job == NULL)
		return b->fold.script_exit > 0 || b->fold.script_signal > 0;
	return j != NULL && status_bad(j->status) && !j->allowed;
}

/* What there is to say of one that failed without a word: nothing else would be seen of it. */
static void
say_silent(struct build *b, struct source *s)
{
	const struct fold_job *j = s->job == NULL ? NULL : fold_find(&b->fold, s->job, strlen(s->job));
	AUTO_BYTES why = { 0 };

	if (j == NULL || s->why != NULL || s->bytes != 0)
		return;
	if (s->attempt == j->attempt)
		fold_reason(&why, j);
	bytes_text(&why, why.len > 0 ? ", and it printed nothing" : "it printed nothing");
	s->why = bytes_give(&why);
}

void
build_keep_failed(struct build *b)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (has_failed(b, b->sources[i])) {
			say_silent(b, b->sources[i]);
			b->sources[kept++] = b->sources[i];
		} else {
			source_free(b->sources[i]);
		}
	}
	b->n = kept;
	b->nlatest = 0;
}

/* The job that was meant when there is none of that name. */
static const char *
nearest_job(const struct build *b)
{
	size_t n = !build_tells(b) ? b->njobs : b->fold.njobs;
	AUTO_FREE const char **ids = xmalloc((n + 1) * sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		ids[i] = !build_tells(b) ? b->jobs[i] : b->fold.jobs[i].id;
	return nearest_word(b->only, ids, n);
}

int
build_nothing(struct build *b, struct error *e)
{
	const struct fold_job *j = fold_find(&b->fold, b->only, strlen(b->only));
	int last = b->last > 0 ? b->last : j != NULL && j->started > 0 ? j->attempt : 0;
	const char *near = j != NULL || last > 0 ? NULL : nearest_job(b);
	AUTO_FREE char *hint = near == NULL ? xstrdup("") : xformat("; did you mean '%s'?", near);
	AUTO_BYTES why = { 0 };

	if (b->attempt > 0 && last > 0)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s has no attempt %d; the last is %d",
		    b->folder.name, b->only, b->attempt, last);
	if (!build_tells(b))
		return error_set(e, ERROR_NOT_FOUND, "there is no log %s/%s%s", b->folder.name, b->only,
		    hint);
	if (j == NULL)
		return error_set(e, ERROR_NOT_FOUND, "%s has no job '%s'%s", b->folder.name, b->only, hint);
	if (j->cached)
		return error_set(e, ERROR_NOT_FOUND, "%s/%s has no log: its result was taken over "
		    "from a build before, which has it", b->folder.name, b->only);
	fold_reason(&why, j);
	return error_set(e, ERROR_NOT_FOUND, "%s/%s has no log: %s%s%s", b->folder.name, b->only,
	    status_name(j->status), why.len == 0 ? "" : ": ", bytes_string(&why));
}

int
build_watch(const struct build *b)
{
	return b->pid > 0 && state_build_running(&b->folder) ? process_pidfd(b->pid) : -1;
}

bool
build_abandoned(struct build *b)
{
	/* mci-build holds the folder's lock as long as it lives */
	if (b->ended || b->events < 0 || state_build_running(&b->folder))
		return false;
	end_all(b);
	return true;
}

void
build_stop(struct build *b)
{
	buildstream_free(b->stream);
	b->stream = NULL;
	for (size_t i = 0; i < b->n; i++) {
		copy_free(b->sources[i]->copy);
		b->sources[i]->copy = NULL;
	}
	b->loop = NULL;
}

void
build_free(struct build *b)
{
	build_stop(b);
	for (size_t i = 0; i < b->n; i++)
		source_free(b->sources[i]);
	free(b->sources);
	copies_close(&b->copies);
	free(b->latest);
	folders_close(&b->folders);
	memory_close(&b->events);
	line_free(&b->lines);
	fold_free(&b->fold);
	for (size_t i = 0; i < b->njobs; i++)
		free(b->jobs[i]);
	free(b->jobs);
	free(b->only);
	free(b->server);
	state_build_free(&b->folder);
}

int
builds_read(struct builds *builds, struct error *e)
{
	for (size_t i = 0; i < builds->n; i++) {
		struct build *b = &builds->all[i];

		if (build_read(b, e) < 0)
			return -1;
		if (b->only != NULL && b->n == 0)
			return build_nothing(b, e);
	}
	return 0;
}

void
builds_close(struct builds *builds)
{
	for (size_t i = 0; i < builds->n; i++)
		build_free(&builds->all[i]);
	free(builds->all);
	*builds = (struct builds){ 0 };
}
