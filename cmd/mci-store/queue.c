#include "queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builds.h"
#include "changes.h"
#include "claim.h"
#include "duration.h"
#include "emit.h"
#include "held.h"
#include "history.h"
#include "kernel.h"
#include "lease.h"
#include "memory.h"
#include "projection.h"
#include "query.h"
#include "transaction.h"
#include "trigger.h"
#include "verbs.h"

/* Below the store's folder. */
#define FILES "builds"
/* When the end of a lease could not be written, as the hub was away. */
#define LOSE_AGAIN (2 * SECOND)
/* An agent that asked for a build so lately is there. */
#define AGENT_SEEN (60 * SECOND)

struct queue {
	struct loop *loop;
	struct writer *writer;
	struct database *reader;
	struct secrets *secrets;
	char *folder;
	struct changes *changes;
	struct projection *projection;
	struct leases leases;
	struct histories histories;
	struct waiting *waiting;
};

/* ---- what a commit brought */

static void
told(struct transaction *t, const struct error *e)
{
	struct queue *q = t->of;

	if (e->code == ERROR_NONE)
		changes_go(q->changes);
}

static void
told_claimed(struct transaction *t, const struct error *e)
{
	struct queue *q = t->of;

	if (e->code == ERROR_NONE && t->run > 0)
		lease_add(&q->leases, t->build, bytes_string(&t->name), t->run, t->lease, t->agent);
	told(t, e);
}

static void
told_let_go(struct transaction *t, const struct error *e)
{
	struct queue *q = t->of;
	const char *build = bytes_string(&t->name);
	struct lease *l = lease_find(&q->leases, build);

	if (e->code == ERROR_NONE) {
		lease_remove(&q->leases, build, t->run);
		/* before the rows are: its reader is told once more when the event comes */
		histories_grown(&q->histories, build, 0);
	} else if (l != NULL && l->run == t->run && l->lost) {
		l->lost = false;
		lease_wait(l, LOSE_AGAIN);
	}
	told(t, e);
}

static struct transaction *
transaction_of(struct queue *q, struct request *r,
    int (*work)(struct transaction *t, struct database *db, struct error *e),
    void (*after)(struct transaction *t, const struct error *e))
{
	struct transaction *t = transaction_new(r);

	if (t == NULL)
		return NULL;
	t->of = q;
	t->work = work;
	t->after = after;
	return t;
}

/* With what names the build, and the run. */
static struct transaction *
transaction_of_build(struct queue *q, struct request *r,
    int (*work)(struct transaction *t, struct database *db, struct error *e),
    void (*after)(struct transaction *t, const struct error *e))
{
	struct transaction *t = transaction_of(q, r, work, after);
	const char *lease;

	if (t == NULL)
		return NULL;
	bytes_text(&t->name, transaction_text(t, "build"));
	t->run = transaction_integer(t, "run", 0);
	lease = transaction_text(t, "lease");
	snprintf(t->lease, sizeof(t->lease), "%s", lease != NULL ? lease : "");
	return t;
}

/* ---- what waits until all that the hub has is known */

struct waiting {
	struct queue *q;
	struct transaction *t;
	struct waiting *next;
};

static void
waiting_free(struct waiting *w)
{
	struct waiting **at = &w->q->waiting;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	free(w);
}

/* The holder of a lease that was lost has come back meanwhile. */
static bool
was_renewed(const struct waiting *w)
{
	const struct lease *l;

	if (w->t->request != NULL)
		return false;
	l = lease_find(&w->q->leases, bytes_string(&w->t->name));
	return l == NULL || !lease_is(l, w->t->run, w->t->lease) || l->until > kernel.now();
}

static void
settled(void *arg, const struct error *why)
{
	struct waiting *w = arg;
	struct transaction *t = w->t;
	struct queue *q = w->q;
	struct lease *l =
	    t->request != NULL ? NULL : lease_find(&q->leases, bytes_string(&t->name));
	bool renewed = was_renewed(w);

	waiting_free(w);
	if (why == NULL && !renewed) {
		if (l != NULL)
			l->lost = true;
		transaction_give(t, q->writer);
		return;
	}
	if (!renewed && l != NULL)
		lease_wait(l, LOSE_AGAIN);
	transaction_fail(t, why);
}

static void
give_when_settled(struct queue *q, struct transaction *t)
{
	struct waiting *w = xmalloc(sizeof(*w));

	*w = (struct waiting){ .q = q, .t = t, .next = q->waiting };
	q->waiting = w;
	projection_settle(q->projection, settled, w);
}

static void
lease_due(void *arg, struct lease *l)
{
	struct queue *q = arg;
	struct transaction *t = transaction_of(q, NULL, held_lose, told_let_go);

	bytes_text(&t->name, l->build);
	t->run = l->run;
	memcpy(t->lease, l->text, sizeof(t->lease));
	give_when_settled(q, t);
}

/* ---- methods that write */

static void
give(struct queue *q, struct transaction *t)
{
	if (t != NULL)
		transaction_give(t, q->writer);
}

static void
trigger(void *self, struct request *r)
{
	struct queue *q = self;
	struct transaction *t = transaction_of(q, r, trigger_work, told);

	if (t != NULL)
		t->files = q->folder;
	give(q, t);
}

static void
claim(void *self, struct request *r)
{
	struct queue *q = self;
	struct transaction *t = transaction_of(q, r, claim_work, told_claimed);

	if (t != NULL)
		t->secrets = q->secrets;
	give(q, t);
}

static void
cancel(void *self, struct request *r)
{
	struct transaction *t = transaction_of_build(self, r, held_cancel, told);

	give(self, t);
}

static void
unblock(void *self, struct request *r)
{
	give(self, transaction_of_build(self, r, held_unblock, told));
}

/* Ends what the caller has; one that does not have it needs no look at the hub to be told so. */
static void
let_go(struct queue *q, struct transaction *t)
{
	const struct lease *l;

	if (t == NULL)
		return;
	l = lease_find(&q->leases, bytes_string(&t->name));
	if (l == NULL || !lease_is(l, t->run, t->lease))
		transaction_give(t, q->writer);
	else
		give_when_settled(q, t);
}

static void
release(void *self, struct request *r)
{
	let_go(self, transaction_of_build(self, r, held_release, told_let_go));
}

static void
end(void *self, struct request *r)
{
	let_go(self, transaction_of_build(self, r, held_end, told_let_go));
}

/* ---- methods that read */

static void
texts_end(struct bytes *into, bool any)
{
	if (any)
		bytes_char(into, ']');
}

/* The jobs of this kind that somebody asked something of. */
static int
emit_asks(struct bytes *into, struct queue *q, int64_t build, const char *kind, const char *member,
    struct error *e)
{
	AUTO_QUERY asks = { 0 };
	bool any = false;
	int got;

	query_begin(&asks, q->reader, STATEMENT_ASKS);
	query_integer(&asks, build);
	while ((got = query_next(&asks, e)) > 0) {
		const char *job = query_column_text(&asks, 1);

		if (strcmp(query_column_text(&asks, 0), kind) != 0)
			continue;
		if (any) {
			bytes_char(into, ',');
		} else {
			emit_key(into, member);
			bytes_char(into, '[');
		}
		emit_string(into, job, strlen(job));
		any = true;
	}
	texts_end(into, any);
	return got;
}

static int
emit_cancel(struct bytes *into, struct queue *q, const char *build, struct error *e)
{
	AUTO_QUERY held = { 0 };
	int got;

	query_begin(&held, q->reader, STATEMENT_BUILD_HELD);
	query_text(&held, build);
	got = query_next(&held, e);
	if (got > 0 && !query_column_null(&held, 4))
		emit_text(into, "cancel", query_column_text(&held, 4));
	return got;
}

static void
renew(void *self, struct request *r)
{
	struct queue *q = self;
	const char *build = request_text(r, "build");
	struct lease *l = lease_find(&q->leases, build);
	AUTO_BYTES result = { 0 };
	struct error e;

	if (l == NULL || !lease_is(l, request_integer(r, "run", 0), request_text(r, "lease"))) {
		request_fail(r, "fenced", "run %lld of build %.200s is not yours any more",
		    (long long)request_integer(r, "run", 0), build);
		return;
	}
	if (l->lost) {
		request_fail(r, "busy", "the lease of build %.200s has just run out", build);
		return;
	}
	lease_renew(l);
	emit_open(&result);
	emit_integer(&result, "seconds", LEASE_SECONDS);
	if (emit_cancel(&result, q, build, &e) < 0 ||
	    emit_asks(&result, q, l->id, "cancel-job", "cancel-jobs", &e) < 0 ||
	    emit_asks(&result, q, l->id, "unblock", "unblock", &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

static void
get(void *self, struct request *r)
{
	builds_get(((struct queue *)self)->reader, r);
}

static void
list(void *self, struct request *r)
{
	builds_list(((struct queue *)self)->reader, r);
}

static void
latest(void *self, struct request *r)
{
	builds_latest(((struct queue *)self)->reader, r);
}

static void
job(void *self, struct request *r)
{
	builds_job(((struct queue *)self)->reader, r);
}

static void
jobs(void *self, struct request *r)
{
	builds_jobs(((struct queue *)self)->reader, r);
}

static void
events(void *self, struct request *r)
{
	histories_open(&((struct queue *)self)->histories, r);
}

static int
emit_statuses(struct bytes *into, struct queue *q, struct error *e)
{
	AUTO_QUERY counts = { 0 };
	int got;

	emit_key(into, "statuses");
	emit_open(into);
	query_begin(&counts, q->reader, STATEMENT_RESULT_COUNTS);
	while ((got = query_next(&counts, e)) > 0)
		emit_integer(into, query_column_text(&counts, 0), query_column_integer(&counts, 1));
	bytes_char(into, '}');
	return got;
}

static int
status(void *self, struct bytes *into, struct error *e)
{
	struct queue *q = self;
	int64_t now = kernel.wall();
	AUTO_QUERY counts = { 0 };

	query_begin(&counts, q->reader, STATEMENT_QUEUE_COUNTS);
	query_integer(&counts, now - AGENT_SEEN);
	if (query_next(&counts, e) <= 0)
		return -1;
	emit_integer(into, "waiting", query_column_integer(&counts, 0));
	emit_integer(into, "held", query_column_integer(&counts, 1));
	emit_seconds(into, "oldest",
	    query_column_null(&counts, 3) ? 0 : now - query_column_integer(&counts, 3));
	emit_integer(into, "agents", query_column_integer(&counts, 4));
	if (emit_statuses(into, q, e) < 0)
		return -1;
	emit_integer(into, "changes", query_column_integer(&counts, 2));
	projection_status(q->projection, into);
	return 0;
}

static void
finish(void *self)
{
	histories_free(&((struct queue *)self)->histories);
}

static void
artifact(void *self, struct request *r)
{
	builds_artifact(((struct queue *)self)->reader, r);
}

static void
artifacts(void *self, struct request *r)
{
	builds_artifacts(((struct queue *)self)->reader, r);
}

static void
artifacts_search(void *self, struct request *r)
{
	builds_artifacts_search(((struct queue *)self)->reader, r);
}

static const struct service_method methods[] = {
	{ "build/trigger", trigger },
	{ "build/claim", claim },
	{ "build/renew", renew },
	{ "build/release", release },
	{ "build/end", end },
	{ "build/get", get },
	{ "build/list", list },
	{ "build/latest", latest },
	{ "build/cancel", cancel },
	{ "build/events", events },
	{ "job/unblock", unblock },
	{ "job/get", job },
	{ "job/list", jobs },
	{ "artifact/get", artifact },
	{ "artifact/list", artifacts },
	{ "artifact/search", artifacts_search },
};

const struct service queue_service = {
	.contract = &contract_queue,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.status = status,
	.finish = finish,
};

void
queue_rebuild(void *q, struct request *r)
{
	projection_rebuild(((struct queue *)q)->projection, r);
}

/* ---- it begins and ends */

static void
grown(void *arg, const char *build, int64_t size)
{
	struct queue *q = arg;

	histories_grown(&q->histories, build, size);
}

/* Whoever had a build when the store ended has it still. */
static int
renew_all(struct queue *q, struct error *e)
{
	AUTO_QUERY held = { 0 };
	int got;

	query_begin(&held, q->reader, STATEMENT_BUILDS_HELD);
	while ((got = query_next(&held, e)) > 0)
		lease_add(&q->leases, query_column_integer(&held, 0), query_column_text(&held, 1),
		    query_column_integer(&held, 2), query_column_text(&held, 3),
		    query_column_text(&held, 4));
	return got;
}

struct queue *
queue_open(struct loop *loop, struct writer *writer, struct database *reader, struct secrets *secrets,
    const char *folder, const char *hub, struct error *e)
{
	static const struct projection_events events_of = { .grown = grown };
	struct queue *q = xmalloc(sizeof(*q));

	*q = (struct queue){ .loop = loop,
		.writer = writer,
		.reader = reader,
		.secrets = secrets,
		.folder = xformat("%s/" FILES, folder) };
	q->leases = (struct leases){ .loop = loop, .due = lease_due, .arg = q };
	q->histories = (struct histories){ .loop = loop, .reader = reader, .folder = q->folder };
	q->changes = changes_new(loop, writer, reader, hub, e);
	if (q->changes != NULL)
		q->projection =
		    projection_new(loop, writer, reader, q->folder, hub, &events_of, q, e);
	if (q->projection != NULL && renew_all(q, e) == 0) {
		changes_go(q->changes);
		return q;
	}
	queue_stop(q);
	queue_free(q);
	return NULL;
}

void
queue_stop(struct queue *q)
{
	if (q == NULL)
		return;
	histories_free(&q->histories);
	projection_stop(q->projection);
	leases_free(&q->leases);
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	while (q->waiting != NULL) {
		struct error why;
		struct transaction *t = q->waiting->t;

		error_set(&why, ERROR_BUSY, "the store ends");
		waiting_free(q->waiting);
		t->request = NULL;
		transaction_fail(t, &why);
	}
	projection_free(q->projection);
	changes_free(q->changes);
	free(q->folder);
	free(q);
}
