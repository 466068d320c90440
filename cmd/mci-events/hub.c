#include "hub.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "startup.h"

/* What was taken in is appended at once when it is so large. */
#define BATCH (256 * 1024)
/* A log that nobody waits for is synced after that time. */
#define SYNC_LATE SECOND
/* A log that only readers of what is on the disk wait for: what comes within that time goes together. */
#define SYNC_GATHER (5 * MILLISECOND)
/* After a failed append nothing is tried for so long: a full disk costs no time. */
#define RETRY (100 * MILLISECOND)

static void
answer(struct request *r, uint64_t offset, int64_t repeats)
{
	AUTO_BYTES result = { 0 };

	emit_open(&result);
	emit_integer(&result, "offset", (int64_t)offset);
	emit_integer(&result, "repeats", repeats);
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

/* Answers those at the front whose events are at most at this offset. */
static void
answer_to(struct queue *q, uint64_t offset)
{
	while (q->first != NULL && q->first->offset <= offset) {
		struct waiting *w = q->first;

		q->first = w->next;
		if (q->first == NULL)
			q->last = &q->first;
		answer(w->request, w->offset, w->repeats);
		free(w);
	}
}

/* Fails those whose events are behind this offset. */
static void
fail_behind(struct queue *q, uint64_t offset, const struct error *e)
{
	struct waiting **at = &q->first, *w;

	while (*at != NULL && (*at)->offset <= offset)
		at = &(*at)->next;
	w = *at;
	*at = NULL;
	q->last = at;
	while (w != NULL) {
		struct waiting *next = w->next;

		request_fail_with(w->request, e);
		free(w);
		w = next;
	}
}

/* The disk may have lost what it was given, and cannot be asked: nothing more is accepted. */
static void
sync_failed(struct hub *h, int sys)
{
	struct error e;

	errno = sys;
	error_sys(&e, "sync %s", h->journal.path);
	fail_behind(&h->disk, h->journal.synced, &e);
	h->broken = true;
	h->settings.tell(e.text);
	loop_stop(h->loop, error_status(&e));
}

static void
sync_now(struct hub *h)
{
	if (h->broken || h->syncing)
		return;
	loop_cancel(h->loop, h->late);
	h->late = NULL;
	h->gathering = false;
	h->syncing = journal_sync_start(&h->journal, &h->sync);
	if (h->syncing)
		offload_give(h->offload, &h->sync_job);
}

static void
sync_late(void *arg)
{
	struct hub *h = arg;

	h->late = NULL;
	sync_now(h);
}

/* Something is not on the disk: at once when an answer waits for it. */
static void
sync_soon(struct hub *h)
{
	bool read = h->audience.synced > 0;

	if (h->disk.first != NULL) {
		sync_now(h);
	} else if (!h->syncing && (h->late == NULL || (read && !h->gathering))) {
		loop_cancel(h->loop, h->late);
		h->gathering = read;
		h->late = loop_after(h->loop, read ? SYNC_GATHER : SYNC_LATE, sync_late, h);
	}
}

static void retain(struct hub *h);

static void
expire(void *arg)
{
	struct hub *h = arg;

	h->expiry = NULL;
	retain(h);
}

static void
retain(struct hub *h)
{
	int64_t at;

	if (journal_retain(&h->journal, h->settings.keep_size) > 0)
		audience_retained(&h->audience);
	at = journal_expires(&h->journal);
	loop_cancel(h->loop, h->expiry);
	/* a little later, so that it has come to pass by the other clock too */
	h->expiry = at < 0 ? NULL : loop_after(h->loop, at - kernel.wall() + MILLISECOND, expire, h);
}

static void
sync_batch(void *arg)
{
	struct hub *h = arg;

	names_sync_batch(&h->sync);
}

static void
synced(void *arg)
{
	struct hub *h = arg;

	h->syncing = false;
	if (h->sync.sys != 0) {
		sync_failed(h, h->sync.sys);
		return;
	}
	journal_sync_done(&h->journal);
	answer_to(&h->disk, h->journal.synced);
	audience_synced(&h->audience);
	/* what came too fast to be taken away when its file was full */
	retain(h);
	/* what was appended meanwhile */
	if (h->journal.synced < journal_tail(&h->journal))
		sync_soon(h);
}

/* The batch could not be written: it never was. */
static void
append_failed(struct hub *h, const struct error *e)
{
	if (h->retry == 0)
		h->settings.tell(e->text);
	h->retry = kernel.now() + RETRY;
	h->refusal = *e;
	intake_undo(&h->intake, (struct intake_mark){ 0 });
	fail_behind(&h->appended, journal_tail(&h->journal), e);
	fail_behind(&h->disk, journal_tail(&h->journal), e);
}

void
hub_flush(struct hub *h)
{
	struct intake *in = &h->intake;
	size_t segments = h->journal.segments;
	struct tail tail;
	struct error e;

	if (in->count == 0)
		return;
	if (journal_append(&h->journal, in->lines.data, in->lines.len, in->count, in->received, &e) < 0) {
		append_failed(h, &e);
		return;
	}
	h->retry = 0;
	tail = (struct tail){ h->journal.active, h->journal.active->size - (int64_t)in->lines.len,
		in->lines.data, in->lines.len };
	audience_deliver(&h->audience, &tail);
	answer_to(&h->appended, journal_tail(&h->journal));
	meter_add(&h->meter, kernel.now(), in->count);
	h->published += in->count;
	intake_done(in);
	sync_soon(h);
	if (h->journal.segments != segments)
		retain(h);
}

static void
round_over(void *arg)
{
	hub_flush(arg);
}

int
hub_accepts(const struct hub *h, struct error *e)
{
	if (h->broken)
		return error_set(e, ERROR_SYSTEM, "the hub is stopping: its disk fails");
	if (h->retry == 0 || kernel.now() >= h->retry)
		return 0;
	*e = h->refusal;
	return -1;
}

void
hub_took(struct hub *h)
{
	if (h->intake.lines.len >= BATCH)
		hub_flush(h);
}

void
hub_answer(struct hub *h, struct request *r, enum hub_level level, int64_t repeats)
{
	bool appended = h->intake.count == 0;
	uint64_t offset = h->intake.next - 1;
	struct queue *q = level == HUB_DISK ? &h->disk : &h->appended;
	struct waiting *w;

	if (level == HUB_NONE || (appended && (level == HUB_OS || offset <= h->journal.synced))) {
		answer(r, offset, repeats);
		return;
	}
	request_forget(r);
	w = xmalloc(sizeof(*w));
	*w = (struct waiting){ .request = r, .offset = offset, .repeats = repeats };
	*q->last = w;
	q->last = &w->next;
	/* repeats alone: no append comes that would see to it */
	if (appended)
		sync_soon(h);
}

/* What was acknowledged is not there any more: a crash took it. What came in its place is new. */
static void
clamp_durables(struct hub *h)
{
	for (size_t i = 0; i < h->durables.n; i++) {
		struct durable *d = h->durables.list[i];

		d->offset = epochs_clamp(&h->journal.epochs, d->epoch, d->offset);
		if (d->offset > journal_tail(&h->journal))
			d->offset = journal_tail(&h->journal);
		d->epoch = epochs_now(&h->journal.epochs);
	}
}

static void
tell_recovery(const struct hub *h)
{
	char text[160];

	if (h->journal.epoch_due)
		h->settings.tell("there is no room: events are refused until there is");
	if (h->journal.cut < 0 || epochs_now(&h->journal.epochs) == 1)
		return;
	snprintf(text, sizeof(text), "recovered: %" PRId64 " bytes of a torn end were cut, the log goes on "
	    "behind offset %" PRIu64 " in epoch %" PRIu64, h->journal.cut, journal_tail(&h->journal),
	    epochs_now(&h->journal.epochs));
	h->settings.tell(text);
}

struct hub *
hub_open(struct loop *loop, const struct hub_settings *settings, struct error *e)
{
	struct hub *h = xmalloc(sizeof(*h));

	*h = (struct hub){ .loop = loop, .settings = *settings };
	h->disk.last = &h->disk.first;
	h->appended.last = &h->appended.first;
	h->durables.dir = -1;
	if (startup_open(&h->journal, settings->folder, settings->segment_size, e) < 0) {
		free(h);
		return NULL;
	}
	h->journal.keep_age = settings->keep_age;
	h->audience = (struct audience){ .loop = loop, .journal = &h->journal, .tell = settings->tell };
	h->intake = (struct intake){ .builds = &h->journal.builds, .next = journal_tail(&h->journal) + 1 };
	h->sync_job = (struct offload_job){ .work = sync_batch, .done = synced, .arg = h };
	h->offload = offload_new(loop, e);
	h->journal.offload = h->offload;
	if (h->offload == NULL || durables_open(&h->durables, h->journal.dir, h->offload, e) < 0) {
		h->broken = true;
		hub_close(h);
		return NULL;
	}
	clamp_durables(h);
	tell_recovery(h);
	retain(h);
	loop_on_idle(loop, round_over, h);
	return h;
}

void
hub_finish(struct hub *h)
{
	hub_flush(h);
	audience_end(&h->audience);
}

/* Those who wait have been given up. */
static void
queue_free(struct queue *q)
{
	while (q->first != NULL) {
		struct waiting *w = q->first;

		q->first = w->next;
		free(w);
	}
}

void
hub_close(struct hub *h)
{
	if (h == NULL)
		return;
	loop_on_idle(h->loop, NULL, NULL);
	loop_cancel(h->loop, h->late);
	loop_cancel(h->loop, h->expiry);
	offload_free(h->offload);
	durables_close(&h->durables);
	queue_free(&h->appended);
	queue_free(&h->disk);
	intake_free(&h->intake);
	journal_close(&h->journal, !h->broken);
	free(h);
}
