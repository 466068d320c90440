#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "jobfiles.h"
#include "jsontree.h"
#include "memory.h"
#include "message.h"
#include "recall.h"
#include "result.h"

static void
queued(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	const struct past_job *past = recall_state(j);
	struct bytes *line;

	if (past == NULL || past->queued != j->attempt) {
		line = jobend_event(s, "job/queued", j);
		if (j->attempt > 1)
			emit_integer(line, "attempt", j->attempt);
		journal_end(s->journal);
	}
	j->status = STATUS_QUEUED;
	queue_add(&s->ready, s->graph, job);
}

/* Why this job is not to start any more, whatever came before it; NULL when it may. Cleaning up goes on
 * after a failure, but not in a canceled build. */
static const char *
stopped(const struct schedule *s, const struct job *j)
{
	if (s->outcome->canceled)
		return "the build was canceled";
	if (s->outcome->broken)
		return "the build is broken";
	if (s->fail_fast && (s->outcome->failed || s->outcome->errored) && j->when == WHEN_SUCCESS &&
	    j->skip == NULL)
		return "another job failed (--fail-fast)";
	return NULL;
}

/* It waits for a person, or (by -1) does no more. */
static void
blocked_count(struct schedule *s, const struct job *j, int by)
{
	s->nblocked += (uint32_t)by;
	if (!j->allow_failure)
		s->nholding += (uint32_t)by;
}

/* What limits how many jobs like this one run; NULL: nothing does. */
static struct job *
limit_of(const struct schedule *s, const struct job *j)
{
	struct job *group = j->matrix == NO_JOB ? NULL : &s->graph->jobs[j->matrix];

	return group == NULL || group->max == 0 ? NULL : group;
}

/* A job of the matrix no longer runs: the next one may. */
static void
limit_leave(struct schedule *s, const struct job *j)
{
	struct job *group = limit_of(s, j);
	const struct graph *g = s->graph;

	if (group == NULL)
		return;
	group->running--;
	for (uint32_t k = group->needs; k != NO_JOB; k = g->edges[k].next) {
		struct job *next = &g->jobs[g->edges[k].job];

		if (!next->parked || next->status != STATUS_QUEUED)
			continue;
		next->parked = false;
		queue_add(&s->ready, s->graph, g->edges[k].job);
		return;
	}
}

/* Nobody is waited for any more. One that is nothing but a question has its answer. */
static void
let_go(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	bool asked = j->blocked;

	j->blocked = false;
	if (asked && j->empty)
		jobend_unrun(s, job, STATUS_SUCCESS, "unblocked");
	else
		queued(s, job);
}

/* It runs, once a person has let it go when it asks for that. */
static void
may_run(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	const struct past_job *past = recall_state(j);
	struct bytes *line;

	if (!j->blocked || (past != NULL && past->unblocked)) {
		let_go(s, job);
		return;
	}
	j->status = STATUS_BLOCKED;
	blocked_count(s, j, 1);
	if (past == NULL || !past->blocked) {
		line = jobend_event(s, "job/blocked", j);
		if (s->hint != NULL)
			emit_text(line, "reason", s->hint);
		journal_end(s->journal);
	}
	s->events->blocked(s->arg, job);
}

static void
skip(struct schedule *s, uint32_t job, uint32_t because, const char *what)
{
	AUTO_FREE char *reason = xformat("%s %s", s->graph->jobs[because].id, what);

	jobend_unrun(s, job, STATUS_SKIPPED, reason);
}

static void executed(void *arg, struct span id, struct span line);
static void saved(void *arg, uint32_t job, const char *why);

/* Its attempt was over, and nobody has said yet what that means. */
static void
execute_recalled(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job], *group = limit_of(s, j);
	const char *line = j->past->executed;

	if (group != NULL)
		group->running++;
	j->attempt = (int16_t)j->past->attempt;
	j->status = STATUS_RUNNING;
	s->sent++;
	executed(s, (struct span){ j->id, strlen(j->id) }, (struct span){ line, strlen(line) });
}

/* Nothing is waited for any more: it runs, waits for a person, or is skipped. */
static void
go_on(void *arg, uint32_t job)
{
	struct schedule *s = arg;
	struct job *j = &s->graph->jobs[job];
	const char *stop = j->silent ? NULL : stopped(s, j);
	const struct past_job *was;

	if (!j->declared || j->held || j->status != STATUS_PENDING)
		return;
	if (recall_end(j) != NULL) {
		jobend_recalled(s, job);
		return;
	}
	if (recall_state(j) != NULL && j->past->executed != NULL) {
		execute_recalled(s, job);
		return;
	}
	if (stop != NULL) {
		jobend_unrun(s, job, STATUS_CANCELED, stop);
		return;
	}
	was = s->base->n == 0 ? NULL : recall_base(s->graph, j, s->base);
	switch (graph_step(s->graph, job)) {
	case STEP_RUN:
		if (was != NULL)
			jobend_taken(s, job, was);
		else
			may_run(s, job);
		break;
	case STEP_PASS:
		jobend_over(s, job, STATUS_SUCCESS);
		break;
	case STEP_SKIP:
		jobend_unrun(s, job, STATUS_SKIPPED, j->skip);
		break;
	case STEP_BARRED:
		skip(s, job, j->barred, "was not let go");
		break;
	case STEP_FAILED:
		skip(s, job, j->because, "did not succeed");
		break;
	case STEP_NOTHING_FAILED:
		jobend_unrun(s, job, STATUS_SKIPPED, "when: nothing failed");
		break;
	}
}

/* The artifacts that it takes from the store: a run elsewhere needs no more of who saved them. */
static void
takes_add(struct bytes *line, const struct jobfiles *f)
{
	if (f == NULL || f->nrestores == 0)
		return;
	emit_key(line, "takes");
	bytes_char(line, '[');
	for (size_t i = 0; i < f->nrestores; i++) {
		if (i > 0)
			bytes_char(line, ',');
		emit_string(line, f->restores[i].id, strlen(f->restores[i].id));
	}
	bytes_char(line, ']');
}

void
schedule_arrived(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	struct graph *g = s->graph;
	struct bytes *line;

	j->status = STATUS_PENDING;
	if (!j->silent) {
		recall_job(j, s->past);
		s->nshared += !j->own;
	}
	if (!j->silent && (recall_state(j) == NULL || !j->past->pending)) {
		line = jobend_event(s, "job/pending", j);
		if (j->name != NULL)
			emit_text(line, "name", j->name);
		if (j->needs != NO_JOB) {
			emit_key(line, "depends-on");
			bytes_char(line, '[');
			for (uint32_t k = j->needs; k != NO_JOB; k = g->edges[k].next) {
				const char *id = g->jobs[g->edges[k].job].id;
				emit_string(line, id, strlen(id));
				if (g->edges[k].next != NO_JOB)
					bytes_char(line, ',');
			}
			bytes_char(line, ']');
		}
		takes_add(line, j->files);
		if (j->plan != NULL)
			emit_raw(line, "plan", (struct span){ j->plan, strlen(j->plan) });
		journal_end(s->journal);
	}
	free(j->plan);
	j->plan = NULL;
	if (j->waiting == 0)
		go_on(s, job);
}

void
schedule_added(struct schedule *s, struct span spec)
{
	emit_raw(journal_begin(s->journal, "job/added"), "spec", spec);
	journal_end(s->journal);
}

void
schedule_forget(struct schedule *s)
{
	enum status status = s->outcome->canceled ? STATUS_CANCELED : STATUS_ERROR;
	uint32_t n = recall_forget(s->past, s->journal, status);

	s->counts[status] += n;
	s->outcome->errored |= n > 0 && status == STATUS_ERROR;
}

/* Calls one for the job, or for each job that a matrix made; how many of them it was done for. */
static unsigned
each_member(struct schedule *s, uint32_t job,
    bool (*one)(struct schedule *s, uint32_t job, const char *reason), const char *reason)
{
	const struct graph *g = s->graph;
	unsigned n = 0;

	if (!g->jobs[job].group)
		return one(s, job, reason);
	for (uint32_t k = g->jobs[job].needs; k != NO_JOB; k = g->edges[k].next)
		n += one(s, g->edges[k].job, reason);
	return n;
}

static bool
unblock(struct schedule *s, uint32_t job, const char *reason)
{
	struct job *j = &s->graph->jobs[job];

	(void)reason;
	if (j->status != STATUS_BLOCKED)
		return false;
	blocked_count(s, j, -1);
	jobend_event(s, "job/unblocked", j);
	journal_end(s->journal);
	let_go(s, job);
	return true;
}

int
schedule_unblock(struct schedule *s, uint32_t job)
{
	return each_member(s, job, unblock, NULL) > 0 ? 0 : -1;
}

void
schedule_leave_blocked(struct schedule *s)
{
	for (uint32_t i = 0; i < s->graph->n && s->nblocked > 0; i++) {
		if (s->graph->jobs[i].status != STATUS_BLOCKED)
			continue;
		blocked_count(s, &s->graph->jobs[i], -1);
		graph_bar(s->graph, i);
		jobend_unrun(s, i, STATUS_SKIPPED, "blocked");
	}
}

static bool
tries_again(const struct schedule *s, const struct job *j, const struct result *r, enum status status)
{
	if (status != STATUS_FAILURE || j->attempt > j->retries || stopped(s, j) != NULL)
		return false;
	return j->rules == NULL || j->rules->again.n == 0 || value_codes_have(&j->rules->again, r->exit);
}

static void
delay_due(void *arg)
{
	struct job_rules *r = arg;

	r->timer = NULL;
	r->schedule->delayed--;
	queued(r->schedule, r->job);
}

static void
retry(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	int64_t delay = j->rules == NULL ? 0 : j->rules->delay;

	for (int i = 1; i < j->attempt && delay < INT64_C(1) << 40; i++)
		delay *= 2;
	j->attempt++;
	result_forget_sets(j);
	if (delay == 0) {
		queued(s, job);
		return;
	}
	j->status = STATUS_PENDING;
	j->rules->schedule = s;
	j->rules->job = job;
	j->rules->timer = loop_after(s->loop, delay, delay_due, j->rules);
	s->delayed++;
}

/* Takes the queued jobs that are to be ended out of the queue, which shares its links with others. */
static void
ready_remove(struct schedule *s, bool (*leaves)(const struct schedule *s, uint32_t job, uint32_t arg),
    uint32_t arg)
{
	struct queue all = s->ready;

	s->ready.n = 0;
	while (all.n > 0) {
		uint32_t job = queue_take(&all, s->graph);

		if (!leaves(s, job, arg))
			queue_add(&s->ready, s->graph, job);
	}
}

static bool
is_job(const struct schedule *s, uint32_t job, uint32_t other)
{
	(void)s;
	return job == other;
}

static bool
is_stopped(const struct schedule *s, uint32_t job, uint32_t arg)
{
	(void)arg;
	return stopped(s, &s->graph->jobs[job]) != NULL;
}

/* Whether it is a job of this build that has neither been given to mci-job nor ended. */
static bool
waits(const struct job *j)
{
	return j->declared && !j->held && !j->silent &&
	    (j->status == STATUS_PENDING || j->status == STATUS_QUEUED || j->status == STATUS_BLOCKED);
}

void
schedule_drop_waiting(struct schedule *s)
{
	ready_remove(s, is_stopped, 0);
	for (uint32_t i = 0; i < s->graph->n; i++) {
		struct job *j = &s->graph->jobs[i];

		if (!waits(j) || stopped(s, j) == NULL)
			continue;
		if (recall_end(j) != NULL) {
			jobend_recalled(s, i);
			continue;
		}
		if (j->status == STATUS_BLOCKED)
			blocked_count(s, j, -1);
		jobend_unrun(s, i, STATUS_CANCELED, stopped(s, j));
	}
}

void
schedule_cancel_all(struct schedule *s)
{
	schedule_drop_waiting(s);
	/* the last ones first: mci-job, which runs them in order, is not to start one in another's place */
	for (uint32_t i = s->graph->n; i-- > 0;) {
		if (s->graph->jobs[i].status == STATUS_RUNNING && !transfer_cancel(s->transfer, i))
			runner_cancel(s->runner, s->graph->jobs[i].id);
	}
}

/* What an attempt came to. */
static enum status
status_of(const struct job *j, const struct result *r)
{
	return j->rules != NULL && j->rules->skip > 0 && r->exit == j->rules->skip ? STATUS_SKIPPED :
	    result_status(r);
}

static void
executed(void *arg, struct span id, struct span line)
{
	struct schedule *s = arg;
	uint32_t job = graph_find(s->graph, id.p, id.n);
	struct job *j;
	struct result r;
	struct error e;
	enum status status;

	if (job == NO_JOB || s->graph->jobs[job].status != STATUS_RUNNING)
		return;
	j = &s->graph->jobs[job];
	s->sent--;
	limit_leave(s, j);
	if (result_read(&r, line, &e) < 0 || result_keep_outputs(&r, j, &e) < 0) {
		jobend_lost(s, job, "mci-job wrote a broken result");
		return;
	}
	status = status_of(j, &r);
	if (tries_again(s, j, &r, status)) {
		retry(s, job);
		return;
	}
	if (j->files == NULL) {
		jobend_run(s, job, &r, status, NULL);
		return;
	}
	j->files->executed = xmemdup(line.p, line.n);
	if (j->files->content != NULL && !j->files->content->hit)
		j->files->content->warnings = message_integer(line, "warnings", 0);
	s->saving++;
	if (!transfer_after(s->transfer, job, status == STATUS_SUCCESS))
		saved(s, job, NULL);
}

/* What it leaves is kept, so it has ended. */
static void
saved(void *arg, uint32_t job, const char *why)
{
	struct schedule *s = arg;
	struct job *j = &s->graph->jobs[job];
	AUTO_FREE char *line = j->files->executed;
	struct result r;
	struct error e;

	j->files->executed = NULL;
	s->saving--;
	if (result_read(&r, (struct span){ line, strlen(line) }, &e) == 0)
		jobend_run(s, job, &r, status_of(j, &r), why);
}

/* A result that was found takes the place of the job: mci-job prints its log, and it puts out the same. */
static void
replay_take(struct schedule *s, struct job *j)
{
	struct content *c = j->files->content;
	AUTO_BYTES outputs = { 0 };

	if (c == NULL || !c->hit || c->replay == NULL)
		return;
	free(j->line);
	j->line = c->replay;
	j->line_length = (uint32_t)strlen(j->line);
	c->replay = NULL;
	if (c->outputs == NULL)
		return;
	json_decref(j->sets);
	/* this build may have other secrets */
	mask_json(s->outcome->mask, &outputs, c->outputs, strlen(c->outputs));
	j->sets = jsontree_read((struct span){ outputs.data, outputs.len }, NULL);
}

/* What it takes is there, so it may begin. */
static void
restored(void *arg, uint32_t job, const char *why)
{
	struct schedule *s = arg;
	struct job *j = &s->graph->jobs[job];
	const char *stop = stopped(s, j);

	if (why == NULL && stop == NULL && runner_alive(s->runner)) {
		replay_take(s, j);
		runner_send(s->runner, j);
		return;
	}
	s->sent--;
	limit_leave(s, j);
	if (stop != NULL || why == NULL)
		jobend_unrun(s, job, STATUS_CANCELED, stop != NULL ? stop : "mci-job died");
	else
		jobend_unfit(s, job, why);
}

const struct transfer_events schedule_transfer_events = { .restored = restored, .saved = saved };

/* The attempts that run will never be reported. */
static void
gone(void *arg, bool finished)
{
	struct schedule *s = arg;
	const char *why = s->outcome->canceled ? "killed" : "mci-job died";
	struct error e;

	if (finished && s->sent == 0)
		return;
	runner_kill(s->runner);
	for (uint32_t i = 0; i < s->graph->n && s->sent > 0; i++) {
		if (s->graph->jobs[i].status == STATUS_RUNNING && !transfer_has(s->transfer, i)) {
			s->sent--;
			jobend_lost(s, i, why);
		}
	}
	if (s->outcome->canceled)
		return;
	error_set(&e, ERROR_INTERNAL, "%s", why);
	outcome_break(s->outcome, EXIT_BUILD_ERROR, &e);
}

static void
noted(void *arg, struct span id, struct span line)
{
	struct schedule *s = arg;
	uint32_t job = graph_find(s->graph, id.p, id.n);
	const struct jobfiles *f = job == NO_JOB ? NULL : s->graph->jobs[job].files;

	if (f != NULL && f->content != NULL && !f->content->hit)
		content_note(f->content, line);
}

/* Others may ask where it is reached. */
static void
started(void *arg, struct span id, struct span line)
{
	struct schedule *s = arg;
	uint32_t job = graph_find(s->graph, id.p, id.n);
	struct scan_value address, ports;
	struct job *j;

	if (job == NO_JOB)
		return;
	j = &s->graph->jobs[job];
	free(j->address);
	free(j->ports);
	j->address = j->ports = NULL;
	if (message_member(line.p, line.n, "address", &address, NULL) <= 0 ||
	    message_member(line.p, line.n, "ports", &ports, NULL) <= 0)
		return;
	j->address = value_text(&address, NULL);
	if (j->address != NULL)
		j->ports = xmemdup(ports.raw.p, ports.raw.n);
}

const struct runner_events schedule_runner_events = { .started = started, .noted = noted,
    .executed = executed, .gone = gone };

static bool
cancel(struct schedule *s, uint32_t job, const char *reason)
{
	struct job *j = &s->graph->jobs[job];

	if (j->status == STATUS_RUNNING) {
		if (!transfer_cancel(s->transfer, job))
			runner_cancel(s->runner, j->id);
		return true;
	}
	if (!waits(j) || recall_end(j) != NULL)
		return false;
	if (j->status == STATUS_BLOCKED)
		blocked_count(s, j, -1);
	if (j->status == STATUS_QUEUED)
		ready_remove(s, is_job, job);
	jobend_unrun(s, job, STATUS_CANCELED, reason);
	jobend_tell(s, j, STATUS_CANCELED, reason);
	return true;
}

int
schedule_cancel(struct schedule *s, uint32_t job, const char *reason)
{
	return each_member(s, job, cancel, reason) > 0 ? 0 : -1;
}

static void
send_next(struct schedule *s)
{
	uint32_t job = queue_take(&s->ready, s->graph);
	struct job *j = &s->graph->jobs[job], *group = limit_of(s, j);

	if (stopped(s, j) != NULL) {
		jobend_unrun(s, job, STATUS_CANCELED, stopped(s, j));
		return;
	}
	if (group != NULL && group->running == group->max) {
		j->parked = true;
		return;
	}
	if (group != NULL)
		group->running++;
	j->status = STATUS_RUNNING;
	s->sent++;
	if (!transfer_before(s->transfer, job))
		runner_send(s->runner, j);
}

/* Whether the next job works in the build's folder. */
static bool
next_shared(const struct schedule *s)
{
	return !s->graph->jobs[s->ready.first].own;
}

void
schedule_round(struct schedule *s)
{
	if (s->fail_fast && (s->outcome->failed || s->outcome->errored) && !s->dropped) {
		s->dropped = true; /* what comes later is stopped one by one */
		schedule_drop_waiting(s);
	}
	for (;;) {
		if (s->ended.n > 0)
			graph_follow(s->graph, queue_take(&s->ended, s->graph), go_on, s);
		else if (s->ready.n > 0 && s->sent < s->window && (turn_has(s->turn) || !next_shared(s)) &&
		    runner_takes(s->runner))
			send_next(s);
		else
			break;
	}
}

bool
schedule_works(const struct schedule *s)
{
	return s->sent > 0 || s->saving > 0 || s->ready.n > 0 || s->delayed > 0 || s->ended.n > 0;
}

bool
schedule_active(const struct schedule *s)
{
	return s->nblocked > 0 || schedule_works(s);
}

bool
schedule_ready(const struct schedule *s)
{
	return s->ready.n > 0 && next_shared(s);
}
