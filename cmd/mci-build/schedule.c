#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "progress.h"
#include "prompt.h"
#include "result.h"
#include "runner.h"
#include "turn.h"

static void
queue_add(struct build *b, struct job_queue *q, uint32_t job)
{
	b->graph.jobs[job].next = NO_JOB;
	if (q->n++ == 0)
		q->first = job;
	else
		b->graph.jobs[q->last].next = job;
	q->last = job;
}

static uint32_t
queue_take(struct build *b, struct job_queue *q)
{
	uint32_t job = q->first;

	q->first = b->graph.jobs[job].next;
	q->n--;
	return job;
}

static struct bytes *
event(struct build *b, const char *type, const struct job *j)
{
	struct bytes *line = journal_begin(&b->journal, type);

	emit_text(line, "job", j->id);
	return line;
}

static void
simple_event(struct build *b, const char *type, const struct job *j)
{
	event(b, type, j);
	journal_end(&b->journal);
}

/* The job has its last status; whoever waits for it is followed up in schedule_round. */
static void
ended(struct build *b, uint32_t job, enum status status)
{
	struct job *j = &b->graph.jobs[job];

	graph_end(&b->graph, job, status);
	if (!j->silent) {
		b->counts[status]++;
		/* a job that was canceled has not proven what it was to prove */
		b->outcome.failed |= graph_counts(j, status) && status != STATUS_ERROR;
		b->outcome.errored |= graph_counts(j, status) && status == STATUS_ERROR;
	}
	free(j->line);
	j->line = NULL;
	if (j->retry != NULL && j->retry->timer != NULL) {
		loop_cancel(b->loop, j->retry->timer);
		j->retry->timer = NULL;
		b->delayed--;
	}
	queue_add(b, &b->ended, job);
}

/* Opens the job/end of a job; the caller adds why. */
static struct bytes *
end_event(struct build *b, const struct job *j, enum status status)
{
	struct bytes *line = event(b, "job/end", j);

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(status));
	if (j->allow_failure && status_bad(status))
		emit_bool(line, "allowed", true);
	return line;
}

/* Ends a job that never ran. */
static void
end_unrun(struct build *b, uint32_t job, enum status status, const char *reason)
{
	const struct job *j = &b->graph.jobs[job];
	struct bytes *line = end_event(b, j, status);

	emit_text(line, "reason", reason);
	journal_end(&b->journal);
	ended(b, job, status);
}

static void
queued(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line = event(b, "job/queued", j);

	if (j->attempt > 1)
		emit_integer(line, "attempt", j->attempt);
	journal_end(&b->journal);
	j->status = STATUS_QUEUED;
	queue_add(b, &b->ready, job);
}

/* Why this job is not to start any more, whatever came before it; NULL when it may. Cleaning up goes on after
 * a failure, but not in a canceled build. */
static const char *
stopped(const struct build *b, const struct job *j)
{
	if (b->outcome.canceled)
		return "the build was canceled";
	if (b->outcome.broken)
		return "the build is broken";
	if (b->options->fail_fast && (b->outcome.failed || b->outcome.errored) && j->when == WHEN_SUCCESS &&
	    j->skip == NULL)
		return "another job failed (--fail-fast)";
	return NULL;
}

/* It runs, once a person has let it go when it asks for that. */
static void
may_run(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line;

	if (!j->blocked) {
		queued(b, job);
		return;
	}
	j->status = STATUS_BLOCKED;
	b->blocked++;
	line = event(b, "job/blocked", j);
	if (prompt_can_ask(b))
		emit_text(line, "reason", "type y and Enter to run it, n to cancel it");
	journal_end(&b->journal);
	prompt_ask(b, job);
}

static void
skip(struct build *b, uint32_t job, uint32_t because, const char *what)
{
	AUTO_FREE char *reason = xformat("%s %s", b->graph.jobs[because].id, what);

	end_unrun(b, job, STATUS_SKIPPED, reason);
}

/* Nothing is waited for any more: it runs, waits for a person, or is skipped. */
static void
go_on(void *arg, uint32_t job)
{
	struct build *b = arg;
	const struct job *j = &b->graph.jobs[job];
	const char *stop = j->silent ? NULL : stopped(b, j);

	if (!j->declared || j->held || j->status != STATUS_PENDING)
		return;
	if (stop != NULL) {
		end_unrun(b, job, STATUS_CANCELED, stop);
		return;
	}
	switch (graph_step(&b->graph, job)) {
	case STEP_RUN:
		may_run(b, job);
		break;
	case STEP_PASS:
		ended(b, job, STATUS_SUCCESS);
		break;
	case STEP_SKIP:
		end_unrun(b, job, STATUS_SKIPPED, j->skip);
		break;
	case STEP_BARRED:
		skip(b, job, j->barred, "was not let go");
		break;
	case STEP_FAILED:
		skip(b, job, j->because, "did not succeed");
		break;
	case STEP_NOTHING_FAILED:
		end_unrun(b, job, STATUS_SKIPPED, "when: nothing failed");
		break;
	}
}

void
schedule_arrived(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	struct graph *g = &b->graph;
	struct bytes *line;

	j->status = STATUS_PENDING;
	if (!j->silent) {
		line = event(b, "job/pending", j);
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
		journal_end(&b->journal);
	}
	if (j->waiting == 0)
		go_on(b, job);
}

/* Calls one for the job, or for each job that a matrix made; how many of them it was done for. */
static unsigned
each_member(struct build *b, uint32_t job, bool (*one)(struct build *b, uint32_t job, const char *reason),
    const char *reason)
{
	const struct graph *g = &b->graph;
	unsigned n = 0;

	if (!g->jobs[job].group)
		return one(b, job, reason);
	for (uint32_t k = g->jobs[job].needs; k != NO_JOB; k = g->edges[k].next)
		n += one(b, g->edges[k].job, reason);
	return n;
}

static bool
unblock(struct build *b, uint32_t job, const char *reason)
{
	struct job *j = &b->graph.jobs[job];

	(void)reason;
	if (j->status != STATUS_BLOCKED)
		return false;
	j->blocked = false;
	b->blocked--;
	simple_event(b, "job/unblocked", j);
	if (j->empty)
		end_unrun(b, job, STATUS_SUCCESS, "unblocked");
	else
		queued(b, job);
	return true;
}

int
schedule_unblock(struct build *b, uint32_t job)
{
	return each_member(b, job, unblock, NULL) > 0 ? 0 : -1;
}

void
schedule_leave_blocked(struct build *b)
{
	for (uint32_t i = 0; i < b->graph.n && b->blocked > 0; i++) {
		if (b->graph.jobs[i].status != STATUS_BLOCKED)
			continue;
		b->blocked--;
		graph_bar(&b->graph, i);
		end_unrun(b, i, STATUS_SKIPPED, "blocked");
	}
}

static bool
tries_again(const struct build *b, const struct job *j, const struct result *r, enum status status)
{
	if (status != STATUS_FAILURE || j->attempt > j->retries || stopped(b, j) != NULL)
		return false;
	if (j->retry == NULL || j->retry->ncodes == 0)
		return true;
	for (size_t i = 0; i < j->retry->ncodes; i++) {
		if (j->retry->codes[i] == r->exit)
			return true;
	}
	return false;
}

static void
delay_due(void *arg)
{
	struct job_retry *r = arg;

	r->timer = NULL;
	r->build->delayed--;
	queued(r->build, r->job);
}

static void
retry(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	int64_t delay = j->retry == NULL ? 0 : j->retry->delay;

	for (int i = 1; i < j->attempt && delay < INT64_C(1) << 40; i++)
		delay *= 2;
	j->attempt++;
	free(j->sets); /* what an attempt says of itself ends with it */
	j->sets = NULL;
	if (delay == 0) {
		queued(b, job);
		return;
	}
	j->status = STATUS_PENDING;
	j->retry->build = b;
	j->retry->job = job;
	j->retry->timer = loop_after(b->loop, delay, delay_due, j->retry);
	b->delayed++;
}

/* Takes the queued jobs that are to be ended out of the queue, which shares its links with others. */
static void
ready_remove(struct build *b, bool (*leaves)(const struct build *b, uint32_t job, uint32_t arg),
    uint32_t arg)
{
	struct job_queue all = b->ready;

	b->ready.n = 0;
	while (all.n > 0) {
		uint32_t job = queue_take(b, &all);

		if (!leaves(b, job, arg))
			queue_add(b, &b->ready, job);
	}
}

static bool
is_job(const struct build *b, uint32_t job, uint32_t other)
{
	(void)b;
	return job == other;
}

static bool
is_stopped(const struct build *b, uint32_t job, uint32_t arg)
{
	(void)arg;
	return stopped(b, &b->graph.jobs[job]) != NULL;
}

/* Whether it is a job of this build that has neither been given to mci-job nor ended. */
static bool
waits(const struct job *j)
{
	return j->declared && !j->held && !j->silent &&
	    (j->status == STATUS_PENDING || j->status == STATUS_QUEUED || j->status == STATUS_BLOCKED);
}

void
schedule_drop_waiting(struct build *b)
{
	ready_remove(b, is_stopped, 0);
	for (uint32_t i = 0; i < b->graph.n; i++) {
		struct job *j = &b->graph.jobs[i];

		if (!waits(j) || stopped(b, j) == NULL)
			continue;
		b->blocked -= j->status == STATUS_BLOCKED;
		end_unrun(b, i, STATUS_CANCELED, stopped(b, j));
	}
}

void
schedule_cancel_all(struct build *b)
{
	schedule_drop_waiting(b);
	/* the last ones first: mci-job, which runs them in order, is not to start one in another's place */
	for (uint32_t i = b->graph.n; i-- > 0;) {
		if (b->graph.jobs[i].status == STATUS_RUNNING)
			runner_cancel(b, b->graph.jobs[i].id);
	}
}

/* Canceled with its build a job is nobody's news. */
static void
end_tell(struct build *b, const struct job *j, enum status status, const char *reason)
{
	if (graph_counts(j, status) && !(status == STATUS_CANCELED && b->outcome.canceled))
		progress_job_ended(b, j, status, reason);
}

static void
end_run(struct build *b, uint32_t job, const struct result *r, enum status status)
{
	const struct job *j = &b->graph.jobs[job];
	AUTO_BYTES why = { 0 };

	result_write(r, j, end_event(b, j, status));
	journal_end(&b->journal);
	result_reason(r, &why);
	end_tell(b, j, status, bytes_string(&why));
	ended(b, job, status);
}

/* The attempt has no result: it was killed with mci-job, by us when the build is canceled. */
static void
lost(struct build *b, uint32_t job, const char *why)
{
	enum status status = b->outcome.canceled ? STATUS_CANCELED : STATUS_ERROR;
	struct bytes *line = end_event(b, &b->graph.jobs[job], status);

	emit_text(line, "reason", b->outcome.canceled ? "canceled" : "lost");
	emit_text(line, "error", why);
	journal_end(&b->journal);
	end_tell(b, &b->graph.jobs[job], status, why);
	b->outcome.errored = true; /* allowed to fail or not: this is no failure of the job's */
	ended(b, job, status);
}

void
schedule_executed(struct build *b, uint32_t job, struct span line)
{
	struct job *j = &b->graph.jobs[job];
	struct result r;
	struct error e;
	enum status status;

	b->sent--;
	if (result_read(&r, line, &e) < 0) {
		lost(b, job, "mci-job wrote a broken result");
		return;
	}
	result_keep_outputs(&r, j);
	status = result_status(&r);
	if (tries_again(b, j, &r, status))
		retry(b, job);
	else
		end_run(b, job, &r, status);
}

void
schedule_lost_all(struct build *b, const char *why)
{
	for (uint32_t i = 0; i < b->graph.n && b->sent > 0; i++) {
		if (b->graph.jobs[i].status == STATUS_RUNNING) {
			b->sent--;
			lost(b, i, why);
		}
	}
}

static bool
cancel(struct build *b, uint32_t job, const char *reason)
{
	struct job *j = &b->graph.jobs[job];

	if (j->status == STATUS_RUNNING) {
		runner_cancel(b, j->id);
		return true;
	}
	if (!waits(j))
		return false;
	b->blocked -= j->status == STATUS_BLOCKED;
	if (j->status == STATUS_QUEUED)
		ready_remove(b, is_job, job);
	end_unrun(b, job, STATUS_CANCELED, reason);
	end_tell(b, j, STATUS_CANCELED, reason);
	return true;
}

int
schedule_cancel(struct build *b, uint32_t job, const char *reason)
{
	return each_member(b, job, cancel, reason) > 0 ? 0 : -1;
}

static void
send_next(struct build *b)
{
	uint32_t job = queue_take(b, &b->ready);
	struct job *j = &b->graph.jobs[job];

	if (stopped(b, j) != NULL) {
		end_unrun(b, job, STATUS_CANCELED, stopped(b, j));
		return;
	}
	j->status = STATUS_RUNNING;
	b->sent++;
	runner_send(b, j);
}

void
schedule_round(struct build *b)
{
	if (b->options->fail_fast && (b->outcome.failed || b->outcome.errored) && !b->dropped) {
		b->dropped = true; /* what comes later is stopped one by one */
		schedule_drop_waiting(b);
	}
	for (;;) {
		if (b->ended.n > 0)
			graph_follow(&b->graph, queue_take(b, &b->ended), go_on, b);
		else if (b->ready.n > 0 && b->sent < b->window && turn_has(b) && runner_takes(b))
			send_next(b);
		else
			break;
	}
}

bool
schedule_works(const struct build *b)
{
	return b->sent > 0 || b->ready.n > 0 || b->delayed > 0 || b->ended.n > 0;
}

bool
schedule_active(const struct build *b)
{
	return b->blocked > 0 || schedule_works(b);
}

bool
schedule_ready(const struct build *b)
{
	return b->ready.n > 0;
}
