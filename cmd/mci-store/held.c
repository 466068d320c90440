#include "held.h"

#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "decide.h"
#include "emit.h"
#include "fold.h"
#include "query.h"

/* The columns of build_held. */
enum { ID, STATE, RUN, LEASE, CANCEL, DECIDED, STATUS, ENDED_RUN };

struct held {
	struct decide build;
	bool queued, claimed, ended;
	bool holds;          /* who asks has the lease of the last claim */
	bool said;           /* build/end of the last run has come */
	char status[16];     /* that counts */
	struct bytes cancel; /* why it is to be canceled; len 0: it is not */
};

static void
held_free(struct held *h)
{
	bytes_free(&h->cancel);
}
#define AUTO_HELD __attribute__((cleanup(held_free))) struct held

static int
no_such(const char *build, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "there is no build '%.200s'", build);
}

static int
look(struct held *h, struct transaction *t, struct database *db, struct error *e)
{
	const char *name = bytes_string(&t->name), *state, *status, *lease;
	AUTO_QUERY q = { 0 };
	int got;

	*h = (struct held){ .queued = false };
	query_begin(&q, db, STATEMENT_BUILD_HELD);
	query_text(&q, name);
	got = query_next(&q, e);
	if (got <= 0)
		return got < 0 ? -1 : no_such(name, e);
	h->build =
	    (struct decide){ query_column_integer(&q, ID), query_column_integer(&q, RUN), name };
	state = query_column_text(&q, STATE);
	h->queued = strcmp(state, "queued") == 0;
	h->claimed = strcmp(state, "claimed") == 0;
	h->ended = strcmp(state, "ended") == 0;
	lease = query_column_text(&q, LEASE);
	h->holds = lease != NULL && strcmp(lease, t->lease) == 0 && t->run == h->build.run;
	h->said = !query_column_null(&q, ENDED_RUN) &&
	    query_column_integer(&q, ENDED_RUN) == h->build.run;
	status =
	    query_column_text(&q, h->said || query_column_null(&q, DECIDED) ? STATUS : DECIDED);
	snprintf(h->status, sizeof(h->status), "%s", status != NULL ? status : "queued");
	if (!query_column_null(&q, CANCEL))
		bytes_text(&h->cancel, query_column_text(&q, CANCEL));
	t->build = h->build.id;
	return 0;
}

static int
not_held(const struct held *h, const struct transaction *t, struct error *e)
{
	return error_set(e, ERROR_FENCED, "run %lld of build %.200s is not yours any more",
	    (long long)t->run, h->build.name);
}

/* ---- by who has it */

static int
answer_status(struct transaction *t, const char *status)
{
	emit_open(&t->result);
	emit_text(&t->result, "status", status);
	bytes_char(&t->result, '}');
	t->over = true;
	return 0;
}

static int
end_by_method(struct held *h, struct transaction *t, struct database *db, struct error *e)
{
	const char *status = transaction_text(t, "status");
	int known =
	    status == NULL ? STATUS_ERROR : status_parse((struct span){ status, strlen(status) });

	if (known < 0 || !status_ended((enum status)known) || known == STATUS_SKIPPED)
		return error_set(
		    e, ERROR_INPUT, "status: expected success, failure, error or canceled");
	status = status_name((enum status)known);
	if (decide_end(db, &h->build, status, transaction_text(t, "reason"),
		transaction_text(t, "message"), e) < 0)
		return -1;
	return answer_status(t, status);
}

int
held_end(struct transaction *t, struct database *db, struct error *e)
{
	AUTO_HELD h;

	if (look(&h, t, db, e) < 0)
		return -1;
	if (!h.holds || h.queued)
		return not_held(&h, t, e);
	if (h.ended)
		return answer_status(t, h.status);
	if (decide_room(db, h.build.id, e) < 0)
		return -1;
	if (h.said)
		return decide_over(db, &h.build, e) < 0 ? -1 : answer_status(t, h.status);
	return end_by_method(&h, t, db, e);
}

/* Nobody has it any more. */
static int
let_go(
    struct held *h, struct transaction *t, const char *reason, struct database *db, struct error *e)
{
	t->over = h->said || h->cancel.len > 0;
	if (decide_room(db, h->build.id, e) < 0)
		return -1;
	if (h->said)
		return decide_over(db, &h->build, e);
	if (h->cancel.len > 0)
		return decide_cancel(db, &h->build, bytes_string(&h->cancel), e);
	return decide_requeue(db, &h->build, reason, e);
}

int
held_release(struct transaction *t, struct database *db, struct error *e)
{
	AUTO_HELD h;

	if (look(&h, t, db, e) < 0)
		return -1;
	if (!h.holds)
		return not_held(&h, t, e);
	return h.claimed ? let_go(&h, t, transaction_text(t, "reason"), db, e) : 0;
}

int
held_lose(struct transaction *t, struct database *db, struct error *e)
{
	AUTO_HELD h;

	if (look(&h, t, db, e) < 0)
		return -1;
	return h.holds && h.claimed ? let_go(&h, t, "lease", db, e) : 0;
}

/* ---- by anybody else */

static int
ask_of_agent(
    struct held *h, const char *kind, const char *job, struct database *db, struct error *e)
{
	AUTO_BYTES event = { 0 };
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_ASK_ADD);
	query_integer(&q, h->build.id);
	query_text(&q, kind);
	query_text(&q, job);
	if (query_run(&q, e) < 0)
		return -1;
	change_begin(&event, "build/asked", h->build.name, h->build.run);
	emit_text(&event, kind, job);
	return change_add(&event, db, e);
}

static int
cancel_claimed(struct held *h, const char *reason, struct database *db, struct error *e)
{
	AUTO_BYTES event = { 0 };
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_BUILD_CANCEL);
	query_text(&q, reason);
	query_integer(&q, h->build.id);
	if (query_run(&q, e) < 0)
		return -1;
	change_begin(&event, "build/asked", h->build.name, h->build.run);
	emit_text(&event, "cancel", reason);
	return change_add(&event, db, e);
}

/* The status of the job into text; "" when it is not known. */
static int
job_status(struct held *h, const char *job, char status[16], struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_RESULT_JOB_STATUS);
	query_integer(&q, h->build.id);
	query_text(&q, job);
	got = query_next(&q, e);
	snprintf(status, 16, "%s", got > 0 ? query_column_text(&q, 0) : "");
	return got < 0 ? -1 : 0;
}

static int
check_runs(const struct held *h, struct error *e)
{
	if (h->ended || h->said)
		return error_set(
		    e, ERROR_REFUSED, "build %.200s has ended: %s", h->build.name, h->status);
	if (h->queued && h->build.run == 0)
		return error_set(e, ERROR_REFUSED, "build %.200s has not begun", h->build.name);
	return 0;
}

static int
find_job(struct held *h, const char *job, char status[16], struct database *db, struct error *e)
{
	if (check_runs(h, e) < 0 || job_status(h, job, status, db, e) < 0)
		return -1;
	if (*status == '\0')
		return error_set(
		    e, ERROR_NOT_FOUND, "build %.200s has no job '%.128s'", h->build.name, job);
	return 0;
}

int
held_cancel(struct transaction *t, struct database *db, struct error *e)
{
	const char *job = transaction_text(t, "job"), *reason = transaction_text(t, "reason");
	char status[16];
	AUTO_HELD h;

	if (reason == NULL)
		reason = "request";
	if (strlen(reason) > 1024)
		return error_set(e, ERROR_LIMIT, "reason: at most 1024 bytes");
	if (look(&h, t, db, e) < 0)
		return -1;
	if (job != NULL) {
		if (find_job(&h, job, status, db, e) < 0)
			return -1;
		if (status_ended(
			(enum status)status_parse((struct span){ status, strlen(status) })))
			return error_set(e, ERROR_REFUSED, "job %.128s has ended: %s", job, status);
		return ask_of_agent(&h, "cancel-job", job, db, e);
	}
	if (h.queued && !h.said) {
		t->over = true;
		return decide_cancel(db, &h.build, reason, e);
	}
	return check_runs(&h, e) < 0 ? -1 : cancel_claimed(&h, reason, db, e);
}

int
held_unblock(struct transaction *t, struct database *db, struct error *e)
{
	const char *job = transaction_text(t, "job");
	char status[16];
	AUTO_HELD h;

	if (look(&h, t, db, e) < 0 || find_job(&h, job, status, db, e) < 0)
		return -1;
	if (strcmp(status, "blocked") != 0)
		return error_set(e, ERROR_REFUSED, "job %.128s is not blocked: %s", job, status);
	return ask_of_agent(&h, "unblock", job, db, e);
}
