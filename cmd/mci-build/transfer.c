#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "blobrun.h"
#include "emit.h"
#include "jobfiles.h"
#include "memory.h"
#include "message.h"

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
		mask_text(r->transfer->mask, &r->why, what.data, what.len);
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
	else if (r->status == 0 && filestep_kinds[s->kind].event == NULL)
		;
	else if (r->status == 0 || (absent && s->kind == STEP_CACHE_RESTORE))
		tell(r, r->status == 0);
	else if (absent && s->kind == STEP_ARTIFACT_RESTORE && s->place->optional)
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

/* Starts the process of the step that the run is at; whether it was. */
static bool
step_start(struct transfer_run *r)
{
	const struct filestep *s = step_of(r);
	AUTO_FILEWORDS w = { 0 };
	struct error e;

	r->answer.len = r->said.len = 0;
	if (s->kind == STEP_ARTIFACT_RESTORE && s->from == NO_JOB) {
		if (!s->place->optional)
			fail(r, "no job before this one saves it");
		return false;
	}
	if (s->place != NULL && s->place->npaths > 0 && strncmp(s->place->paths[0], "~/", 2) == 0)
		return false; /* the home folder is the user's own */
	r->asked = filestep_words(&r->transfer->at, r->job, s, &w, &r->key);
	if (r->asked != NULL) {
		filewords_free(&w);
		filestep_hash_words(&r->transfer->at, r->job, r->asked, &w);
	}
	r->process = blobrun_start(r->transfer->loop, w.list, -1, &process_events, r, &e);
	if (r->process != NULL) {
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

static void
place_add(struct transfer_run *r, enum filestep_type kind, const struct spec_place *place)
{
	filesteps_add(&r->steps, &r->n, (struct filestep){ kind, place, NULL, NO_JOB });
}

bool
transfer_before(struct transfer *t, uint32_t job)
{
	const struct jobfiles *f = t->at.graph->jobs[job].files;
	struct transfer_run *r;

	if (f == NULL)
		return false;
	r = run_new(t, job, false);
	if (f->staged)
		place_add(r, STEP_COPY, NULL);
	for (size_t i = 0; i < f->ncaches; i++)
		place_add(r, STEP_CACHE_RESTORE, &f->caches[i]);
	for (size_t i = 0; i < f->nrestores; i++)
		filesteps_artifact(&r->steps, &r->n, &t->at, job, &f->restores[i]);
	return run_begin(r);
}

bool
transfer_after(struct transfer *t, uint32_t job, bool success)
{
	const struct jobfiles *f = t->at.graph->jobs[job].files;
	struct transfer_run *r;

	if (f == NULL)
		return false;
	r = run_new(t, job, true);
	for (size_t i = 0; i < f->nsaves; i++) {
		if (success || f->saves[i].always)
			place_add(r, STEP_ARTIFACT_SAVE, &f->saves[i]);
	}
	for (size_t i = 0; i < f->ncaches; i++) {
		if (success || f->caches[i].always)
			place_add(r, STEP_CACHE_SAVE, &f->caches[i]);
	}
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
