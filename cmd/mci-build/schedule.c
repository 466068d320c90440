#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "progress.h"
#include "prompt.h"
#include "runner.h"
#include "scan.h"

/* What mci-build needs to know of a job/executed line. */
struct result {
	struct span reason;  /* "exit", "signal", "timeout"... */
	int64_t exit;        /* -1: none */
	struct span outputs; /* raw object, n 0: none */
	struct span tail;    /* the members from reason on, without outputs' braces at the end */
};

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
		simple_event(b, "job/blocked", j);
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

static int
result_read(struct result *r, struct span line, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	*r = (struct result){ .exit = -1 };
	if (scan_open(&s, line.p, line.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (span_is(m.key, "reason")) {
			r->reason = (struct span){ m.value.raw.p + 1, m.value.raw.n - 2 };
			r->tail.p = m.from;
		} else if (span_is(m.key, "exit")) {
			if (scan_integer(&m.value, 0, 255, &r->exit, e) < 0)
				return -1;
		} else if (span_is(m.key, "outputs")) {
			r->outputs = m.value.raw;
		}
	}
	if (got < 0 || r->tail.p == NULL)
		return -1;
	r->tail.n = (size_t)(s.p - r->tail.p); /* up to and with the closing brace */
	while (r->tail.n > 0 && r->tail.p[r->tail.n - 1] != '}')
		r->tail.n--;
	r->tail.n--;
	return 0;
}

static enum status
status_of(const struct result *r)
{
	static const struct {
		const char *reason;
		enum status status;
	} rows[] = {
		{ "signal", STATUS_FAILURE },
		{ "timeout", STATUS_FAILURE },
		{ "canceled", STATUS_CANCELED },
		{ "lost", STATUS_ERROR },
		{ "start", STATUS_ERROR },
	};

	if (span_is(r->reason, "exit"))
		return r->exit == 0 ? STATUS_SUCCESS : STATUS_FAILURE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (span_is(r->reason, rows[i].reason))
			return rows[i].status;
	}
	return STATUS_FAILURE; /* limit:NAME */
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

/* outputs that came by call and outputs from the job's file become one object. */
static void
outputs_keep(struct job *j, const struct result *r)
{
	struct bytes all = { 0 };

	free(j->outputs);
	j->outputs = NULL;
	if (r->outputs.n == 0 && j->sets == NULL)
		return;
	bytes_char(&all, '{');
	if (r->outputs.n > 2)
		bytes_add(&all, r->outputs.p + 1, r->outputs.n - 2);
	if (j->sets != NULL) {
		if (all.len > 1)
			bytes_char(&all, ',');
		bytes_text(&all, j->sets);
	}
	bytes_char(&all, '}');
	j->outputs = bytes_give(&all);
}

/* The members of job/executed from reason on, with the outputs as they are now. */
static void
tail_add(struct bytes *line, const struct job *j, const struct result *r)
{
	struct scan s;
	struct scan_member m;
	AUTO_BYTES object = { 0 };

	if (j->sets == NULL) {
		bytes_char(line, ',');
		bytes_add(line, r->tail.p, r->tail.n);
		return;
	}
	bytes_char(&object, '{');
	bytes_add(&object, r->tail.p, r->tail.n);
	bytes_char(&object, '}');
	scan_open(&s, object.data, object.len, NULL);
	while (scan_next(&s, &m, NULL) > 0) {
		if (span_is(m.key, "outputs"))
			continue;
		bytes_char(line, ',');
		bytes_add(line, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
	}
	emit_raw(line, "outputs", (struct span){ j->outputs, strlen(j->outputs) });
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

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(status));
	if (allowed)
		emit_bool(line, "allowed", true);
	tail_add(line, j, r);
	journal_end(&b->journal);
	progress_job_ended(b, j->id, status, allowed);
	b->failed |= status == STATUS_FAILURE && !allowed;
	b->errored |= status == STATUS_ERROR && !allowed;
	ended(b, job, status, status != STATUS_SUCCESS && !allowed);
	if (b->options->fail_fast && (b->failed || b->errored))
		drop_waiting(b, "another job failed (--fail-fast)", true);
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
		schedule_lost(b, job, "mci-job wrote a broken result");
		return;
	}
	outputs_keep(j, &r);
	status = status_of(&r);
	if (tries_again(b, j, &r, status))
		retry(b, job);
	else
		end_run(b, job, &r, status);
}

void
schedule_lost(struct build *b, uint32_t job, const char *why)
{
	struct job *j = &b->graph.jobs[job];
	struct bytes *line = event(b, "job/end", j);

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(STATUS_ERROR));
	emit_text(line, "reason", "lost");
	emit_text(line, "error", why);
	journal_end(&b->journal);
	b->errored = true;
	ended(b, job, STATUS_ERROR, true);
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
		else if (b->ready.n > 0 && b->sent < b->window)
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
