#include "projection.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client.h"
#include "duration.h"
#include "emit.h"
#include "follow.h"
#include "memory.h"
#include "message.h"
#include "openlogs.h"
#include "option.h"
#include "query.h"
#include "results.h"
#include "verbs.h"

#define PLACE "events"
/* What is read ahead while a batch is under way. */
#define AHEAD ((size_t)4 * 1024 * 1024)
/* How long after the first change files go to the disk. By then the kernel has written what is older
 * than 30 s by itself (dirty_expire_centisecs, proc_sys_vm(5)), and a sync has little to do, however
 * many files there are. A crash in between costs as much reading from the hub again. */
#define SYNC_AFTER (40 * SECOND)
/* So many files that are not there are brought there at once, and what comes waits for that. */
#define SYNC_AT 100000
/* When a batch failed (the disk is full). */
#define RETRY_AFTER SECOND
#define SETTLE_LIMIT (5 * SECOND)

/* Whose file grew in a batch. */
struct grown {
	char *build;
	int64_t size;
};

struct settle {
	struct projection *p;
	int64_t upto; /* offset; -1: not known yet */
	struct loop_timer *timer;
	void (*then)(void *arg, const struct error *why);
	void *arg;
	struct settle *next;
};

struct projection {
	struct loop *loop;
	struct writer *writer;
	char *address; /* of the hub */
	struct follow *follow;
	struct client *hub;
	const struct projection_events *told;
	void *arg;
	bool stopped;

	/* the loop's */
	struct bytes ahead;
	struct follow_place came; /* behind the last of them */
	bool away;
	struct settle *settles;

	/* the thread's, while something is given to it */
	struct openlogs logs;
	bool forget; /* what is open is not relied on */
	struct bytes batch;
	struct follow_place upto;
	struct grown *grown;
	size_t ngrown, grown_size;
	size_t unsynced; /* files, behind a batch */
	struct {
		bool more, failed;
		size_t unsynced;
		struct error why;
	} synced;

	/* batches */
	bool busy;
	bool failing; /* the last one, and it was said */
	struct write write;
	struct loop_timer *retry;
	struct follow_place applied;
	uint64_t events;

	/* files to the disk, and then the place */
	bool placing; /* from the first file on */
	bool round;   /* the first files were synced, and others are due */
	size_t dirty; /* files, as was known last */
	struct follow_place syncing, kept;
	struct offload_job sync;
	struct write place;
	struct loop_timer *sync_due;
};

/* ---- on the thread: a batch */

static int
take_line(struct projection *p, struct database *db, struct span line, struct error *e)
{
	struct openlog *l;
	struct message m;
	int got;

	/* the hub has checked it */
	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_EVENT || m.build.n == 0)
		return 0;
	got = openlogs_get(&p->logs, db, m.build, &l, e);
	if (got > 0)
		openlog_take(l, &m, (struct span){ line.p, line.n + 1 });
	return got;
}

static void
note_grown(struct projection *p, const struct openlog *l)
{
	if (p->ngrown == p->grown_size) {
		p->grown_size = p->grown_size == 0 ? 16 : p->grown_size * 2;
		p->grown = xrealloc(p->grown, p->grown_size, sizeof(*p->grown));
	}
	p->grown[p->ngrown++] = (struct grown){ xstrdup(l->name), l->log.file.size };
}

static void
grown_clear(struct projection *p)
{
	for (size_t i = 0; i < p->ngrown; i++)
		free(p->grown[i].build);
	p->ngrown = 0;
}

static int
write_batch(struct projection *p, struct database *db, struct error *e)
{
	struct span lines = { p->batch.data, p->batch.len }, line;
	int64_t offset;

	while (follow_line(&lines, &line, &offset)) {
		if (take_line(p, db, line, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->logs.n; i++) {
		struct openlog *l = p->logs.logs[i];

		if (!l->touched)
			continue;
		if (openlog_write(l, db, e) < 0)
			return -1;
		note_grown(p, l);
	}
	return 0;
}

static int
batch_work(void *arg, struct database *db, struct error *e)
{
	struct projection *p = arg;

	if (p->forget)
		openlogs_clear(&p->logs);
	p->forget = false;
	grown_clear(p);
	if (write_batch(p, db, e) < 0)
		return -1;
	openlogs_trim(&p->logs);
	p->unsynced = openlogs_unsynced(&p->logs);
	return 0;
}

/* ---- on the loop: batches one after the other */

static void sync_soon(struct projection *p);

static void
start(struct projection *p)
{
	struct bytes empty = p->batch;

	if (p->busy || p->stopped || p->ahead.len == 0 || (p->placing && p->dirty > SYNC_AT))
		return;
	empty.len = 0;
	p->batch = p->ahead;
	p->ahead = empty;
	p->upto = p->came;
	p->busy = true;
	follow_pause(p->follow, false);
	writer_give(p->writer, &p->write);
}

static void
settled(struct settle *s, const struct error *why)
{
	struct settle **at = &s->p->settles;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	loop_cancel(s->p->loop, s->timer);
	s->then(s->arg, why);
	free(s);
}

static void
settle_all(struct projection *p)
{
	struct settle *s = p->settles;

	while (s != NULL) {
		struct settle *next = s->next;

		if (s->upto >= 0 && s->upto < p->applied.offset)
			settled(s, NULL);
		s = next;
	}
}

static void
again(void *arg)
{
	struct projection *p = arg;

	p->retry = NULL;
	writer_give(p->writer, &p->write);
}

static void
batch_done(void *arg, const struct error *e)
{
	struct projection *p = arg;

	if (e->code != ERROR_NONE) {
		/* what is open may be ahead of the rows, or not take anything more */
		p->forget = true;
		if (!p->failing)
			fprintf(stderr, PROGRAM ": events of builds wait: %s\n", e->text);
		p->failing = true;
		if (!p->stopped)
			p->retry = loop_after(p->loop, RETRY_AFTER, again, p);
		return;
	}
	if (p->failing)
		fprintf(stderr, PROGRAM ": events of builds are kept again\n");
	p->busy = p->failing = false;
	p->applied = p->upto;
	p->dirty = p->unsynced;
	if (p->ahead.len == 0) {
		bytes_free(&p->batch);
		bytes_free(&p->ahead);
	}
	for (size_t i = 0; i < p->ngrown; i++)
		p->told->grown(p->arg, p->grown[i].build, p->grown[i].size);
	settle_all(p);
	sync_soon(p);
	start(p);
}

static void
lines(void *arg, struct span lines, int64_t n, int64_t last)
{
	struct projection *p = arg;

	p->events += (uint64_t)n;
	bytes_add(&p->ahead, lines.p, lines.n);
	p->came = (struct follow_place){ follow_place(p->follow).epoch, last + 1 };
	start(p);
	if (p->ahead.len >= AHEAD)
		follow_pause(p->follow, true);
}

static void
state(void *arg, const struct error *why)
{
	struct projection *p = arg;

	if (why != NULL)
		fprintf(stderr, PROGRAM ": the hub is away: %s\n", why->text);
	else if (p->away)
		fprintf(stderr, PROGRAM ": the hub is back\n");
	p->away = why != NULL;
}

static void
gap(void *arg, const struct follow_gap *gap)
{
	struct projection *p = arg;

	fprintf(stderr,
	    PROGRAM ": events %" PRId64 " to %" PRId64
		    " of the hub %s: what they said of builds is "
		    "not known here\n",
	    gap->from, gap->to, gap->kind == FOLLOW_LOST ? "are lost" : "are not kept any more");
	if (!p->busy && p->ahead.len == 0)
		p->applied = follow_place(p->follow);
}

static void
ended(void *arg, const struct error *why)
{
	(void)arg;
	fprintf(stderr, PROGRAM ": no more comes from the hub: %s\n", why->text);
}

/* ---- to the disk: files, and then the place */

static int
place_work(void *arg, struct database *db, struct error *e)
{
	struct projection *p = arg;
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_PLACE_SET);
	query_text(&q, PLACE);
	query_integer(&q, p->syncing.epoch);
	query_integer(&q, p->syncing.offset);
	return query_run(&q, e);
}

static void
place_done(void *arg, const struct error *e)
{
	struct projection *p = arg;

	p->placing = false;
	if (e->code == ERROR_NONE)
		p->kept = p->syncing;
	sync_soon(p);
}

static void
sync_work(void *arg)
{
	struct projection *p = arg;
	int got;

	if (!p->round)
		openlogs_round(&p->logs);
	got = openlogs_sync(&p->logs, &p->synced.why);
	p->synced.failed = got < 0;
	p->synced.more = got > 0;
	if (got == 0) {
		openlogs_rest(&p->logs);
		malloc_trim(0); /* what a burst took is the system's again */
	}
	p->synced.unsynced = openlogs_unsynced(&p->logs);
}

static void
sync_done(void *arg)
{
	struct projection *p = arg;

	p->round = p->synced.more;
	p->dirty = p->synced.unsynced;
	if (p->synced.failed) {
		/* the disk may lack what is read back */
		option_complain(PROGRAM, &p->synced.why);
		loop_stop(p->loop, 125);
		return;
	}
	if (p->stopped)
		return;
	if (p->round)
		offload_give(writer_offload(p->writer), &p->sync);
	else
		writer_give(p->writer, &p->place);
	start(p);
}

static void
sync_start(void *arg)
{
	struct projection *p = arg;

	p->sync_due = NULL;
	p->placing = true;
	p->round = false;
	p->syncing = p->applied;
	offload_give(writer_offload(p->writer), &p->sync);
}

static void
sync_soon(struct projection *p)
{
	if (p->placing || p->stopped || p->applied.offset == p->kept.offset)
		return;
	if (p->dirty > SYNC_AT) {
		loop_cancel(p->loop, p->sync_due);
		sync_start(p);
	} else if (p->sync_due == NULL) {
		p->sync_due = loop_after(p->loop, SYNC_AFTER, sync_start, p);
	}
}

/* ---- what the hub has said up to now */

static void
late(void *arg)
{
	struct settle *s = arg;
	struct error why;

	s->timer = NULL;
	error_set(&why, ERROR_BUSY, "what the hub says of the build is not here yet: try again");
	if (s->upto >= 0)
		settled(s, &why);
	/* else its call is as late */
}

static void
tail_known(void *arg, struct span result, const struct error *e)
{
	struct settle *s = arg;

	if (e->code != ERROR_NONE) {
		struct error why;

		error_set(&why, ERROR_BUSY,
		    "whether the build has ended cannot be told while the hub is away: "
		    "%s",
		    e->text);
		settled(s, &why);
		return;
	}
	s->upto = message_integer(result, "tail", 0);
	if (s->upto < s->p->applied.offset || s->upto == 0)
		settled(s, NULL);
	else if (s->timer == NULL)
		late(s);
}

void
projection_settle(struct projection *p, void (*then)(void *arg, const struct error *why), void *arg)
{
	static const struct client_wish wish = { .again = CLIENT_AGAIN, .limit = SETTLE_LIMIT };
	struct settle *s = xmalloc(sizeof(*s));

	*s = (struct settle){ .p = p, .upto = -1, .then = then, .arg = arg, .next = p->settles };
	p->settles = s;
	s->timer = loop_after(p->loop, SETTLE_LIMIT, late, s);
	client_call(p->hub, "event/status", (struct span){ NULL, 0 }, &wish, tail_known, s);
}

/* ---- all anew */

struct rebuild {
	struct projection *p;
	struct request *request;
	int64_t last; /* build */
	int64_t builds, events, part;
	struct write write;
};

static int
rebuild_one(struct rebuild *r, struct database *db, int64_t build, int64_t repo, const char *name,
    struct error *e)
{
	struct openlogs *logs = &r->p->logs;
	struct openlog *open =
	    r->p->forget ? NULL : openlogs_find(logs, (struct span){ name, strlen(name) });
	struct buildlog read;
	const struct buildlog *log = open != NULL ? &open->log : &read;
	int result = 0;

	if (open == NULL && buildlog_read(&read, logs->folder, name, e) < 0)
		return -1;
	if (results_forget(db, build, e) < 0 ||
	    (log->events > 0 && results_write(db, build, repo, &log->fold, NULL, e) < 0))
		result = -1;
	r->events += log->events;
	r->part++;
	r->last = build;
	if (open == NULL)
		buildlog_close(&read);
	return result;
}

static int
rebuild_work(void *arg, struct database *db, struct error *e)
{
	struct rebuild *r = arg;
	AUTO_QUERY q = { 0 };
	int got;

	r->part = 0;
	query_begin(&q, db, STATEMENT_BUILDS_FROM);
	query_integer(&q, r->last);
	while ((got = query_next(&q, e)) > 0) {
		if (rebuild_one(r, db, query_column_integer(&q, 0), query_column_integer(&q, 1),
			query_column_text(&q, 2), e) < 0)
			return -1;
	}
	return got;
}

static void
rebuild_done(void *arg, const struct error *e)
{
	struct rebuild *r = arg;
	AUTO_BYTES result = { 0 };

	r->builds += r->part;
	if (e->code == ERROR_NONE && r->part > 0 && !r->p->stopped) {
		writer_give(r->p->writer, &r->write);
		return;
	}
	if (e->code != ERROR_NONE) {
		request_fail_with(r->request, e);
	} else {
		emit_open(&result);
		emit_integer(&result, "builds", r->builds);
		emit_integer(&result, "events", r->events);
		bytes_char(&result, '}');
		request_reply(r->request, (struct span){ result.data, result.len });
	}
	free(r);
}

void
projection_rebuild(struct projection *p, struct request *request)
{
	struct rebuild *r = xmalloc(sizeof(*r));

	*r = (struct rebuild){ .p = p, .request = request };
	r->write = (struct write){
		.work = rebuild_work, .done = rebuild_done, .arg = r, .derived = true
	};
	writer_give(p->writer, &r->write);
}

/* ---- it begins and ends */

void
projection_status(const struct projection *p, struct bytes *into)
{
	emit_integer(into, "next", p->applied.offset);
	emit_integer(into, "events", (int64_t)p->events);
	emit_bool(into, "hub", !p->away);
}

/* A database that came from elsewhere has none of the files: all that the hub keeps is read again. */
static int
read_place(struct projection *p, struct database *reader, struct error *e)
{
	struct stat st;
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, reader, STATEMENT_PLACE_GET);
	query_text(&q, PLACE);
	got = query_next(&q, e);
	if (got > 0 && stat(p->logs.folder, &st) == 0)
		p->kept = (struct follow_place){ query_column_integer(&q, 0),
			query_column_integer(&q, 1) };
	p->applied = p->came = p->kept;
	return got;
}

static int
connect_hub(struct projection *p, struct error *e)
{
	static const struct follow_events events = {
		.lines = lines, .state = state, .gap = gap, .ended = ended
	};
	struct follow_request request = { .address = p->address,
		.place = p->kept,
		.from = { "\"start\"", 7 },
		.synced = true,
		.patient = true };

	p->hub = client_open(p->loop, p->address, NULL, p, e);
	if (p->hub == NULL)
		return -1;
	p->follow = follow_open(p->loop, &request, &events, p, e);
	return p->follow == NULL ? -1 : 0;
}

struct projection *
projection_new(struct loop *loop, struct writer *writer, struct database *reader,
    const char *folder, const char *hub, const struct projection_events *events, void *arg,
    struct error *e)
{
	struct projection *p = xmalloc(sizeof(*p));

	*p = (struct projection){ .loop = loop, .writer = writer, .told = events, .arg = arg };
	p->write = (struct write){ .work = batch_work, .done = batch_done, .arg = p, .derived = true };
	p->place = (struct write){ .work = place_work, .done = place_done, .arg = p };
	p->sync = (struct offload_job){ .work = sync_work, .done = sync_done, .arg = p };
	p->address = xstrdup(hub);
	openlogs_begin(&p->logs, folder);
	if (read_place(p, reader, e) >= 0 && connect_hub(p, e) == 0)
		return p;
	projection_stop(p);
	projection_free(p);
	return NULL;
}

void
projection_stop(struct projection *p)
{
	if (p == NULL)
		return;
	p->stopped = true;
	follow_free(p->follow);
	p->follow = NULL;
	client_close(p->hub);
	p->hub = NULL;
	loop_cancel(p->loop, p->retry);
	loop_cancel(p->loop, p->sync_due);
}

void
projection_free(struct projection *p)
{
	struct settle *s, *next;

	if (p == NULL)
		return;
	for (s = p->settles; s != NULL; s = next) {
		next = s->next;
		loop_cancel(p->loop, s->timer);
		free(s);
	}
	openlogs_free(&p->logs);
	grown_clear(p);
	free(p->grown);
	bytes_free(&p->ahead);
	bytes_free(&p->batch);
	free(p->address);
	free(p);
}
