#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "progress.h"
#include "prompt.h"
#include "result.h"
#include "runner.h"

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
ended(struct build *b, uint32_t job, enum status status, bool bad)
{
	struct job *j = &b->graph.jobs[job];

	j->status = (uint8_t)status;
	j->bad = bad;
	if (!j->group)
		b->counts[status]++;
	free(j->line);
	j->line = NULL;
	if (j->retry != NULL && j->retry->timer != NULL) {
		loop_cancel(b->loop, j->retry->timer);
		j->retry->timer = NULL;
		b->delayed--;
	}
	queue_add(b, &b->ended, job);
}

void
schedule_end_unrun(struct build *b, uint32_t job, enum status status, const char *reason, bool bad)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line;

	if (!j->group) {
		line = event(b, "job/end", j);
		emit_integer(line, "attempt", j->attempt);
		emit_text(line, "status", status_name(status));
		emit_text(line, "reason", reason);
		journal_end(&b->journal);
	}
	ended(b, job, status, bad);
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

/* Nothing is waited for any more: it runs, waits for a person, or is skipped. */
static void
go_on(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	bool went_wrong = j->because != NO_JOB;
	struct bytes *line;

	if (j->group) {
		ended(b, job, went_wrong ? STATUS_SKIPPED : STATUS_SUCCESS, went_wrong);
	} else if (b->canceled || b->broken) {
		schedule_end_unrun(b, job, STATUS_CANCELED,
		    b->canceled ? "the build was canceled" : "the build is broken", true);
	} else if (j->when == WHEN_SUCCESS && went_wrong) {
		AUTO_FREE char *reason = xformat("%s did not succeed", b->graph.jobs[j->because].id);
		schedule_end_unrun(b, job, STATUS_SKIPPED, reason, true);
	} else if (j->when == WHEN_FAILURE && !went_wrong) {
		schedule_end_unrun(b, job, STATUS_SKIPPED, "when: nothing failed", false);
	} else if (j->blocked) {
		j->status = STATUS_BLOCKED;
		b->blocked++;
		line = event(b, "job/blocked", j);
		if (prompt_can_ask(b))
			emit_text(line, "reason", "type y to run it, n to cancel it");
		journal_end(&b->journal);
		prompt_ask(b, job);
	} else {
		queued(b, job);
	}
}

void
schedule_arrived(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];
	struct graph *g = &b->graph;
	struct bytes *line;

	j->status = STATUS_PENDING;
	if (!j->group) {
		line = event(b, "job/pending", j);
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

int
schedule_unblock(struct build *b, uint32_t job)
{
	struct job *j = &b->graph.jobs[job];

	if (j->status != STATUS_BLOCKED)
		return -1;
	b->blocked--;
	simple_event(b, "job/unblocked", j);
	if (j->empty)
		schedule_end_unrun(b, job, STATUS_SUCCESS, "unblocked", false);
	else
		queued(b, job);
	return 0;
}

static bool
tries_again(const struct build *b, const struct job *j, const struct result *r, enum status status)
{
	if (status != STATUS_FAILURE || j->attempt > j->retries || b->canceled || b->broken)
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
ready_remove(struct build *b, bool (*leaves)(const struct job *j, uint32_t job, void *arg), void *arg)
{
	struct job_queue all = b->ready;

	b->ready.n = 0;
	while (all.n > 0) {
		uint32_t job = queue_take(b, &all);

		if (!leaves(&b->graph.jobs[job], job, arg))
			queue_add(b, &b->ready, job);
	}
}

static bool
is_job(const struct job *j, uint32_t job, void *arg)
{
	(void)j;
	return job == *(uint32_t *)arg;
}

/* Cleaning up goes on after a failure, but not in a canceled build. */
static bool
is_dropped(const struct job *j, uint32_t job, void *arg)
{
	(void)job;
	return !*(bool *)arg || j->when == WHEN_SUCCESS;
}

static void
drop_waiting(struct build *b, const char *reason, bool only_normal)
{
	ready_remove(b, is_dropped, &only_normal);
	for (uint32_t i = 0; i < b->graph.n; i++) {
		struct job *j = &b->graph.jobs[i];
		bool waits = j->status == STATUS_PENDING || j->status == STATUS_QUEUED ||
		    j->status == STATUS_BLOCKED;

		if (!j->declared || j->held || j->group || !waits || !is_dropped(j, i, &only_normal))
			continue;
		if (j->status == STATUS_BLOCKED)
			b->blocked--;
		schedule_end_unrun(b, i, STATUS_CANCELED, reason, true);
	}
}

static void
end_run(struct build *b, uint32_t job, const struct result *r, enum status status)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line = event(b, "job/end", j);
	bool allowed = j->allow_failure && (status == STATUS_FAILURE || status == STATUS_ERROR);
	AUTO_BYTES why = { 0 };

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(status));
	if (allowed)
		emit_bool(line, "allowed", true);
	result_write(r, j, line);
	journal_end(&b->journal);
	result_reason(r, &why);
	if (!allowed)
		progress_job_ended(b, j, status, bytes_string(&why));
	b->failed |= status == STATUS_FAILURE && !allowed;
	b->errored |= status == STATUS_ERROR && !allowed;
	ended(b, job, status, status != STATUS_SUCCESS && !allowed);
	if (b->options->fail_fast && (b->failed || b->errored))
		drop_waiting(b, "another job failed (--fail-fast)", true);
}

/* The attempt has no result: it was killed with mci-job, by us when the build is canceled. */
static void
lost(struct build *b, uint32_t job, const char *why)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line = event(b, "job/end", j);
	enum status status = b->canceled ? STATUS_CANCELED : STATUS_ERROR;

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(status));
	emit_text(line, "reason", b->canceled ? "canceled" : "lost");
	emit_text(line, "error", why);
	journal_end(&b->journal);
	progress_job_ended(b, j, status, why);
	b->errored = true;
	ended(b, job, status, true);
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

void
schedule_cancel(struct build *b, uint32_t job, const char *reason)
{
	struct job *j = &b->graph.jobs[job];

	if (j->status == STATUS_RUNNING)
		runner_cancel(b, j->id);
	if (j->status > STATUS_QUEUED && j->status != STATUS_BLOCKED)
		return;
	if (!j->declared || j->held || j->group)
		return;
	if (j->status == STATUS_BLOCKED)
		b->blocked--;
	if (j->status == STATUS_QUEUED)
		ready_remove(b, is_job, &job);
	schedule_end_unrun(b, job, STATUS_CANCELED, reason, true);
}

void
schedule_drop_waiting(struct build *b, const char *reason)
{
	drop_waiting(b, reason, false);
}

static void
follow_up(struct build *b, uint32_t job)
{
	struct graph *g = &b->graph;
	bool bad = g->jobs[job].bad;

	g->jobs[job].followed = true;
	for (uint32_t k = g->jobs[job].needed; k != NO_JOB; k = g->edges[k].next) {
		struct job *d = &g->jobs[g->edges[k].job];

		d->waiting--;
		if (bad && d->because == NO_JOB)
			d->because = job;
		if (d->waiting == 0 && d->declared && !d->held && d->status == STATUS_PENDING)
			go_on(b, g->edges[k].job);
	}
}

static void
send_next(struct build *b)
{
	uint32_t job = queue_take(b, &b->ready);
	struct job *j = &b->graph.jobs[job];

	if (b->broken || b->canceled) {
		schedule_end_unrun(b, job, STATUS_CANCELED, "the build is broken", true);
		return;
	}
	j->status = STATUS_RUNNING;
	b->sent++;
	runner_send(b, j);
}

void
schedule_round(struct build *b)
{
	for (;;) {
		if (b->ended.n > 0)
			follow_up(b, queue_take(b, &b->ended));
		else if (b->ready.n > 0 && b->sent < b->window && runner_takes(b))
			send_next(b);
		else
			break;
	}
}

bool
schedule_active(const struct build *b)
{
	return b->sent > 0 || b->ready.n > 0 || b->delayed > 0 || b->blocked > 0 || b->ended.n > 0;
}
