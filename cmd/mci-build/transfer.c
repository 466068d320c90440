#include "transfer.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blobrun.h"
#include "emit.h"
#include "jobfiles.h"
#include "jsontree.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "resultstep.h"

/* What goes to, or from, one job: one step after another. */
struct transfer_run {
	struct transfer_run *next;
	struct transfer *transfer;
	uint32_t job;
	bool after;          /* the attempt is over */
	struct filestep *steps;
	size_t n, at;
	struct blobrun *process; /* of the step; NULL: it has ended, or none was started */
	int status;
	char *asked;         /* it is to say the digest of these files, for a key */
	struct bytes answer; /* its last line in JSON */
	struct bytes said;   /* its last other line */
	struct bytes why;    /* what could not be done */
	char *key;           /* of the step's cache */
	bool canceled;
	bool spoiled;        /* the result cannot be kept */
};

static void run_go_on(struct transfer_run *r);

static struct job *
job_of(const struct transfer_run *r)
{
	return &r->transfer->at.graph->jobs[r->job];
}

static const struct filestep *
step_of(const struct transfer_run *r)
{
	return &r->steps[r->at];
}

/* ---- what became of a step */

static void
run_free(struct transfer_run *r)
{
	struct transfer_run **at = &r->transfer->runs;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	blobrun_free(r->process);
	free(r->steps);
	free(r->asked);
	free(r->key);
	bytes_free(&r->answer);
	bytes_free(&r->said);
	bytes_free(&r->why);
	free(r);
}

/* Keeps the first reason. */
static void
fail(struct transfer_run *r, const char *text)
{
	const struct filestep *s = step_of(r);
	const struct filestep_kind *kind = &filestep_kinds[s->kind];
	AUTO_BYTES what = { 0 };

	if (s->place != NULL)
		bytes_format(&what, "%s %s: %s", kind->noun, s->place->id, text);
	else
		bytes_format(&what, "%s: %s", kind->noun, text);
	if (!kind->needed && !r->canceled)
		outcome_note(r->transfer->outcome, "%s: %s", job_of(r)->id, bytes_string(&what));
	else if (r->why.len == 0)
		mask_text(r->transfer->at.mask, &r->why, what.data, what.len);
}

/* Says what was kept, or came back; hit: it was there. */
static void
tell(struct transfer_run *r, bool found)
{
	static const char *const members[] = { "name", "digest", "files", "bytes" };
	const struct filestep *s = step_of(r);
	struct bytes *line = journal_begin(r->transfer->journal, filestep_kinds[s->kind].event);
	const struct job *j = job_of(r);
	struct scan_value v;

	emit_text(line, "job", j->id);
	emit_integer(line, "attempt", j->attempt);
	emit_text(line, filestep_kinds[s->kind].noun, s->place->id);
	if (s->kind == STEP_ARTIFACT_RESTORE)
		emit_text(line, "from", r->transfer->at.graph->jobs[s->from].id);
	if (r->key != NULL)
		emit_text(line, "key", r->key);
	if (s->kind == STEP_CACHE_RESTORE)
		emit_bool(line, "hit", found && message_true((struct span){ r->answer.data, r->answer.len },
		    "hit"));
	for (size_t i = 0; found && i < sizeof(members) / sizeof(members[0]); i++) {
		if (message_member(r->answer.data, r->answer.len, members[i], &v, NULL) > 0)
			emit_raw(line, members[i], v.raw);
	}
	journal_end(r->transfer->journal);
}

/* Keeps the digest that was asked for. */
static void
hashed(struct transfer_run *r)
{
	struct jobfiles *f = job_of(r)->files;
	struct scan_value v;
	char *digest;

	if (r->status == 0 && message_member(r->answer.data, r->answer.len, "digest", &v, NULL) > 0 &&
	    (digest = value_text(&v, NULL)) != NULL) {
		f->hashes = xrealloc(f->hashes, f->nhashes + 1, sizeof(*f->hashes));
		f->hashes[f->nhashes++] = (struct spec_pair){ r->asked, digest };
		r->asked = NULL;
		return;
	}
	fail(r, r->said.len > 0 ? bytes_string(&r->said) : "its key could not be made");
	free(r->asked);
	r->asked = NULL;
	r->at++;
}

/* ---- results of other runs */

static void
place_add(struct transfer_run *r, enum filestep_type kind, const struct spec_place *place)
{
	filesteps_add(&r->steps, &r->n, (struct filestep){ kind, place, NULL, NO_JOB });
}

/* What a job takes before it runs. */
static void
takes_add(struct transfer_run *r, const struct jobfiles *f, bool artifacts, bool caches)
{
	for (size_t i = 0; i < f->ncaches && caches && !f->in_place; i++)
		place_add(r, STEP_CACHE_RESTORE, &f->caches[i]);
	for (size_t i = 0; i < f->nrestores && artifacts; i++)
		filesteps_artifact(&r->steps, &r->n, &r->transfer->at, r->job, &f->restores[i]);
}

/* An event about the result of the job; the caller adds members and ends it. */
static struct bytes *
result_event(struct transfer_run *r, const char *type)
{
	struct bytes *line = journal_begin(r->transfer->journal, type);
	const struct job *j = job_of(r);

	emit_text(line, "job", j->id);
	emit_text(line, "key", j->files->content->key);
	if (j->files->content->unsealed)
		emit_bool(line, "unsealed", true);
	return line;
}

/* There is none: it runs. */
static void
result_missed(struct transfer_run *r)
{
	struct job *j = job_of(r);
	struct content *c = j->files->content;
	struct bytes *line = result_event(r, "result/missed");

	c->hit = false;
	if (r->transfer->no_cache)
		emit_bool(line, "forced", true);
	if (c->changed != NULL)
		emit_raw(line, "changed", (struct span){ c->changed, strlen(c->changed) });
	journal_end(r->transfer->journal);
	takes_add(r, j->files, false, true);
}

/* Of a result that is there its files come next. */
static void
result_found(struct transfer_run *r)
{
	struct jobfiles *f = job_of(r)->files;
	AUTO_FREE char *path = resultstep_path(&r->transfer->at, job_of(r), "found/result.json");
	AUTO_FREE char *notes = resultstep_path(&r->transfer->at, job_of(r), "found/notes.ndjson");
	struct error e;

	if (content_take(f->content, path, notes, &e) < 0) {
		outcome_note(r->transfer->outcome, "%s: %s", job_of(r)->id, e.text);
		result_missed(r);
		return;
	}
	f->content->hit = true;
	for (size_t i = 0; i < f->nsaves; i++)
		place_add(r, STEP_RESULT_RESTORE, &f->saves[i]);
}

/* A part of it is not there any more, and what came of the others is not what the job is to begin with. */
static void
result_broken(struct transfer_run *r)
{
	struct jobfiles *f = job_of(r)->files;

	r->n = r->at + 1;
	place_add(r, STEP_REMOVE, NULL);
	place_add(r, STEP_INPUTS, NULL);
	takes_add(r, f, true, false);
	result_missed(r);
}

/* All of it is there. */
static void
result_settle(struct transfer_run *r)
{
	struct job *j = job_of(r);
	struct content *c = j->files->content;
	struct bytes *line;

	c->replay = resultstep_replay(&r->transfer->at, j);
	line = result_event(r, "result/found");
	emit_text(line, "origin", c->origin);
	journal_end(r->transfer->journal);
}

static void
key_take(struct transfer_run *r)
{
	struct content *c = job_of(r)->files->content;
	struct scan_value v;

	if (message_member(r->answer.data, r->answer.len, "digest", &v, NULL) > 0)
		c->key = value_text(&v, NULL);
	if (message_member(r->answer.data, r->answer.len, "changed", &v, NULL) > 0)
		c->changed = xmemdup(v.raw.p, v.raw.n);
	if (c->key == NULL)
		fail(r, "its key could not be made");
	else if (r->transfer->no_cache)
		result_missed(r);
	else
		place_add(r, STEP_FIND, NULL);
}

/* Nobody has made what secrets are digested with: it is made, and looked for again, as another may have. */
static void
seal_make(struct transfer_run *r)
{
	AUTO_FREE char *path = resultstep_path(&r->transfer->at, job_of(r), "seal/key");
	struct error e;

	r->n = r->at + 1;
	if (content_seal(path, &e) < 0) {
		fail(r, e.text);
		return;
	}
	place_add(r, STEP_SEAL_SAVE, NULL);
	place_add(r, STEP_SEAL_FIND, NULL);
	place_add(r, STEP_KEY, NULL);
}

static void
result_saved(struct transfer_run *r)
{
	result_event(r, "result/saved");
	journal_end(r->transfer->journal);
}

/* A step of a result has ended; absent: the store does not have it. */
static void
result_step_over(struct transfer_run *r, bool absent)
{
	const struct filestep *s = step_of(r);
	bool done = r->status == 0;

	if (s->kind == STEP_KEY && done)
		key_take(r);
	else if (s->kind == STEP_SEAL_FIND && absent)
		seal_make(r);
	else if (s->kind == STEP_FIND)
		(done ? result_found : result_missed)(r);
	else if (s->kind == STEP_RESULT_RESTORE && !done)
		result_broken(r);
	else if (s->kind == STEP_RESULT_SAVE && done)
		result_saved(r);
	else if (!done && s->kind != STEP_LAST)
		fail(r, r->said.len > 0 ? bytes_string(&r->said) : "its process was killed");
	r->spoiled |= !done;
	if (!r->after && r->at + 1 == r->n && job_of(r)->files->content->hit)
		result_settle(r);
}

static void
step_over(struct transfer_run *r)
{
	const struct filestep *s = step_of(r);
	bool restores = !r->after, absent = restores && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 1;

	if (r->asked != NULL && !r->canceled) {
		hashed(r);
		return;
	}
	if (r->canceled)
		fail(r, "canceled");
	else if (filestep_kinds[s->kind].result)
		result_step_over(r, absent);
	else if (r->status == 0 && filestep_kinds[s->kind].event == NULL)
		;
	else if (r->status == 0 || (absent && s->kind == STEP_CACHE_RESTORE))
		tell(r, r->status == 0);
	else if (absent && s->kind == STEP_ARTIFACT_RESTORE &&
	    (s->place->optional || job_of(r)->files->in_place))
		;
	else if (absent && s->kind == STEP_ARTIFACT_RESTORE)
		fail(r, "the store does not have it");
	else if (r->said.len > 0)
		fail(r, bytes_string(&r->said));
	else
		fail(r, "mci-blob was killed");
	r->at++;
}

static void
line_came(void *arg, struct span line)
{
	struct transfer_run *r = arg;

	r->answer.len = 0;
	bytes_add(&r->answer, line.p, line.n);
}

static void
step_done(void *arg, int status, struct span said)
{
	struct transfer_run *r = arg;

	r->process = NULL;
	r->status = status;
	r->said.len = 0;
	bytes_add(&r->said, said.p, said.n);
	r->transfer->active--;
	step_over(r);
	run_go_on(r);
}

static const struct blobrun_events process_events = { .line = line_came, .done = step_done };

/* ---- the steps of a run */

/* Secrets are in no argument, and in no file that has a name. */
static int
facts_open(const struct transfer_run *r, struct error *e)
{
	const struct bytes *facts = &job_of(r)->files->content->facts;
	int fd = memfd_create("facts", MFD_CLOEXEC);

	if (fd >= 0 && kernel_write_all(fd, facts->data, facts->len) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return error_sys(e, "facts");
}

/* Starts the process of a step; result/log is written by us where the program only prints it. */
static int
process_start(struct transfer_run *r, const struct filewords *w, struct error *e)
{
	const struct filestep *s = step_of(r);
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int out = -1;

	if (s->kind == STEP_KEY && (in = facts_open(r, e)) < 0)
		return -1;
	if (s->kind == STEP_RESULT_LOG && r->transfer->at.log != NULL) {
		AUTO_FREE char *path = resultstep_path(&r->transfer->at, job_of(r), "keep/log");

		out = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		if (out < 0)
			return error_sys(e, "%s", path);
	}
	r->process = blobrun_start(r->transfer->loop, &(struct blobrun_spec){ w->list, in, out,
	    r->transfer->at.workspace->folder.lock, r->transfer->at.mask }, &process_events, r, e);
	return r->process == NULL ? -1 : 0;
}

/* What a step needs before its process starts: whether it is to be started. */
static bool
step_prepare(struct transfer_run *r)
{
	const struct filestep *s = step_of(r);
	struct job *j = job_of(r);
	struct error e;

	if (s->kind == STEP_ARTIFACT_RESTORE && s->from == NO_JOB) {
		if (!s->place->optional && !j->files->in_place)
			fail(r, "no job before this one saves it");
		return false;
	}
	if (s->place != NULL && s->place->npaths > 0 && strncmp(s->place->paths[0], "~/", 2) == 0)
		return false; /* the home folder is the user's own */
	if (s->kind == STEP_INPUTS && j->files->content->key == NULL &&
	    resultstep_folders(&r->transfer->at, j, &e) < 0) {
		fail(r, e.text);
		return false;
	}
	return !(r->spoiled && r->after && filestep_kinds[s->kind].result && s->kind != STEP_BRING);
}

/* Starts the process of the step that the run is at; whether it was. */
static bool
step_start(struct transfer_run *r)
{
	const struct filestep *s = step_of(r);
	AUTO_FILEWORDS w = { 0 };
	struct error e;

	r->answer.len = r->said.len = 0;
	if (!step_prepare(r))
		return false;
	if (filestep_kinds[s->kind].result)
		resultstep_words(&r->transfer->at, r->job, s, &w);
	else
		r->asked = filestep_words(&r->transfer->at, r->job, s, &w, &r->key);
	if (r->asked != NULL) {
		filewords_free(&w);
		filestep_hash_words(&r->transfer->at, r->job, r->asked, &w);
	}
	if (process_start(r, &w, &e) == 0) {
		r->transfer->active++;
		return true;
	}
	fail(r, e.text);
	free(r->asked);
	r->asked = NULL;
	return false;
}

/* A run that waits for its first, or next, process begins it. */
static void
next_begin(struct transfer *t)
{
	for (struct transfer_run *r = t->runs; r != NULL && t->active < t->limit; r = r->next) {
		if (r->process == NULL) {
			run_go_on(r);
			return;
		}
	}
}

static void
run_end(struct transfer_run *r)
{
	struct transfer *t = r->transfer;
	uint32_t job = r->job;
	bool after = r->after;
	AUTO_FREE char *why = r->why.len == 0 ? NULL : xstrdup(bytes_string(&r->why));

	run_free(r);
	if (after)
		t->events->saved(t->arg, job, why);
	else
		t->events->restored(t->arg, job, why);
	next_begin(t);
}

static void
run_go_on(struct transfer_run *r)
{
	while (r->at < r->n && !r->canceled && (r->after || r->why.len == 0)) {
		if (r->transfer->active >= r->transfer->limit)
			return; /* until another has ended */
		if (step_start(r))
			return;
		r->at++;
	}
	run_end(r);
}

static struct transfer_run *
run_new(struct transfer *t, uint32_t job, bool after)
{
	struct transfer_run *r = xmalloc(sizeof(*r));

	*r = (struct transfer_run){ .transfer = t, .job = job, .after = after };
	return r;
}

/* The last in the list: who came first goes on first. */
static bool
run_begin(struct transfer_run *r)
{
	struct transfer_run **at = &r->transfer->runs;

	if (r->n == 0) {
		free(r);
		return false;
	}
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	run_go_on(r);
	return true;
}

bool
transfer_before(struct transfer *t, uint32_t job)
{
	const struct jobfiles *f = t->at.graph->jobs[job].files;
	struct transfer_run *r;

	if (f == NULL)
		return false;
	r = run_new(t, job, false);
	if (f->content != NULL) {
		place_add(r, STEP_INPUTS, NULL);
		takes_add(r, f, true, false);
		place_add(r, STEP_LAST, NULL);
		if (f->content->secret)
			place_add(r, STEP_SEAL_FIND, NULL);
		place_add(r, STEP_KEY, NULL);
	} else {
		if (f->staged)
			place_add(r, STEP_COPY, NULL);
		takes_add(r, f, true, true);
	}
	return run_begin(r);
}

/* The result of a real run, for others like it. */
static void
result_add(struct transfer_run *r, struct job *j)
{
	const struct jobfiles *f = j->files;
	AUTO_FREE char *path = resultstep_path(&r->transfer->at, j, "keep/result.json");
	AUTO_FREE char *notes = resultstep_path(&r->transfer->at, j, "keep/notes.ndjson");
	AUTO_BYTES outputs = { 0 };
	struct error e;

	if (f->content->key == NULL)
		return;
	if (f->content->acted) {
		outcome_note(r->transfer->outcome, "%s: its result is not kept: it has added jobs, or kept "
		    "files by hand", j->id);
		return;
	}
	if (j->outputs != NULL)
		jsontree_write(&outputs, j->outputs);
	if (content_keep(f->content, path, notes, r->transfer->at.workspace->identity.name, j->id,
	    (struct span){ outputs.data, outputs.len }, &e) < 0) {
		outcome_note(r->transfer->outcome, "%s: %s", j->id, e.text);
		return;
	}
	place_add(r, STEP_RESULT_LOG, NULL);
	for (size_t i = 0; i < f->nsaves; i++)
		place_add(r, STEP_RESULT_KEEP, &f->saves[i]);
	place_add(r, STEP_RESULT_SAVE, NULL);
}

bool
transfer_after(struct transfer *t, uint32_t job, bool success)
{
	struct job *j = &t->at.graph->jobs[job];
	const struct jobfiles *f = j->files;
	struct transfer_run *r;

	if (f == NULL)
		return false;
	r = run_new(t, job, true);
	for (size_t i = 0; i < f->nsaves; i++) {
		if (success || f->saves[i].always)
			place_add(r, STEP_ARTIFACT_SAVE, &f->saves[i]);
	}
	for (size_t i = 0; i < f->ncaches && !f->in_place; i++) {
		if ((success || f->caches[i].always) && (f->content == NULL || !f->content->hit))
			place_add(r, STEP_CACHE_SAVE, &f->caches[i]);
	}
	for (size_t i = 0; i < f->nsaves && f->content != NULL && f->in_place; i++) {
		if (success || f->saves[i].always)
			place_add(r, STEP_BRING, &f->saves[i]);
	}
	if (f->content != NULL && success && !f->content->hit)
		result_add(r, j);
	if (f->content != NULL && f->content->key != NULL && success)
		place_add(r, STEP_LIST_SAVE, NULL);
	if (f->staged)
		place_add(r, STEP_REMOVE, NULL);
	return run_begin(r);
}

static struct transfer_run *
run_of(const struct transfer *t, uint32_t job)
{
	struct transfer_run *r = t->runs;

	while (r != NULL && r->job != job)
		r = r->next;
	return r;
}

bool
transfer_has(const struct transfer *t, uint32_t job)
{
	return run_of(t, job) != NULL;
}

bool
transfer_cancel(struct transfer *t, uint32_t job)
{
	struct transfer_run *r = run_of(t, job);

	if (r == NULL)
		return false;
	r->canceled = true;
	if (r->process != NULL) {
		blobrun_stop(r->process);
		return true;
	}
	fail(r, "canceled");
	run_end(r);
	return true;
}

void
transfer_close(struct transfer *t)
{
	while (t->runs != NULL)
		run_free(t->runs);
}
