#include "streams.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "logtail.h"
#include "memory.h"

/* The most data behind one line. */
#define CHUNK PUMP_TURN
/* How many streams of a shared are served before the loop looks at others. */
#define BATCH 16
/* What is written within this time goes together: a fast writer wakes its readers not at every write. */
#define GATHER (1 * MILLISECOND)

/* A log that is read. */
struct shared_log {
	struct streams *streams;
	struct logname name;
	struct stored files;
	struct watch *watches[2];
	struct pump_list list;     /* its streams */
	bool again;                /* it grew since the round began */
	struct loop_timer *timer;
	struct shared_log *next;
};

struct stream {
	struct pump pump;  /* to the link */
	struct streams *streams;
	struct shared_log *shared; /* NULL while it waits */
	struct link *link;
	struct stream_wish wish;
	struct logtail tail;
	struct bytes line; /* what is not given of the line before the data */
	int64_t offset;    /* of the data that comes behind the line */
	size_t left;       /* bytes of it */
	bool over;         /* the line is the last */
};

static void turn(void *arg);

static void
shared_free(struct shared_log *shared)
{
	struct shared_log **at = &shared->streams->shared;

	while (*at != shared)
		at = &(*at)->next;
	*at = shared->next;
	loop_cancel(shared->streams->loop, shared->timer);
	watch_remove(shared->watches[0]);
	watch_remove(shared->watches[1]);
	stored_close(&shared->files);
	logname_free(&shared->name);
	free(shared);
}

/* The stream's link is gone or about to go. */
static void
stream_free(struct stream *x)
{
	struct shared_log *shared = x->shared;

	pump_close(&x->pump);
	x->streams->n--;
	bytes_free(&x->line);
	logname_free(&x->wish.name);
	free(x);
	if (shared != NULL && shared->list.all == NULL && !shared->list.serving)
		shared_free(shared);
}

static void
lost(void *arg, struct link *l)
{
	(void)l;
	stream_free(arg);
}

static void
stream_close(struct stream *x)
{
	struct link *l = x->link;

	stream_free(x);
	link_close(l);
}

static void
grew(struct shared_log *shared)
{
	if (shared->timer == NULL)
		shared->timer = loop_after(shared->streams->loop, GATHER, turn, shared);
	else
		shared->again = true;
}

static void
changed(void *arg, const char *name)
{
	(void)name;
	grew(arg);
}

/* The log has no end and nobody is to write it: its writer was killed. */
static bool
abandoned(const struct stream *x)
{
	struct stored_state state;

	return !writers_writes(x->streams->writers, &x->shared->name) &&
	    stored_look(&x->shared->files, &state, NULL) == 0 && !state.written && !state.ended;
}

/* Prepares the next line: what comes behind it, or that nothing more is to come. */
static enum pump_step
next_line(struct stream *x)
{
	size_t max = CHUNK;
	struct logpiece p;
	bool gone;
	int got;

	if (x->wish.to >= 0 && x->wish.to - x->tail.at < (int64_t)max)
		max = x->wish.to > x->tail.at ? (size_t)(x->wish.to - x->tail.at) : 0;
	got = max == 0 ? 0 : logtail_next(&x->tail, max, &p, NULL);
	if (got > 0) {
		emit_open(&x->line);
		emit_text(&x->line, "type", "log/chunk");
		if (p.time > 0)
			emit_time(&x->line, "time", p.time);
		emit_integer(&x->line, "run", x->shared->name.run);
		emit_integer(&x->line, "attempt", x->shared->name.attempt);
		emit_integer(&x->line, "offset", p.offset);
		if (p.stream != 0)
			emit_integer(&x->line, "stream", p.stream);
		emit_integer(&x->line, "data", (int64_t)p.n);
		emit_line(&x->line);
		x->offset = p.offset;
		x->left = p.n;
		return PUMP_WENT;
	}
	gone = !x->tail.ended && abandoned(x);
	if (got < 0 || (!x->tail.ended && max > 0 && !gone))
		return got < 0 ? PUMP_FAILS : PUMP_WAITS;
	emit_event(&x->line, "eof");
	emit_integer(&x->line, "bytes", x->tail.ended && x->wish.to < 0 ? x->tail.length : x->tail.at);
	if (x->tail.ended || gone)
		emit_bool(&x->line, "truncated", gone || x->tail.truncated);
	emit_line(&x->line);
	x->over = true;
	return PUMP_WENT;
}

/* The data behind the line; the kernel copies, but of a packed log that is unpacked. */
static enum pump_step
give_data(struct stream *x)
{
	struct stored *f = &x->shared->files;
	struct span piece;
	size_t done;

	if (!f->packed || x->wish.packed)
		done = pump_file(&x->pump, x->tail.log, x->offset, x->left);
	else if (logpack_piece(&f->pack, x->offset, &piece, NULL) < 0 || piece.n == 0)
		return PUMP_FAILS;
	else
		done = pump_bytes(&x->pump, piece.p, piece.n < x->left ? piece.n : x->left);
	x->offset += (int64_t)done;
	x->left -= done;
	x->streams->bytes += done;
	return PUMP_WENT;
}

static enum pump_step
step(void *arg)
{
	struct stream *x = arg;

	if (x->line.len > 0)
		bytes_drop(&x->line, pump_bytes(&x->pump, x->line.data, x->line.len));
	else if (x->left > 0)
		return give_data(x);
	else if (x->over)
		return PUMP_ENDS;
	else
		return next_line(x);
	return PUMP_WENT;
}

static void
over(void *arg, enum pump_end end, int sys)
{
	(void)end;
	(void)sys;
	stream_close(arg);
}

static const struct pump_source source = { .step = step, .over = over };

/* Serves some of the streams; the others in the next turn. */
static void
turn(void *arg)
{
	struct shared_log *shared = arg;
	bool more;

	shared->timer = NULL;
	if (shared->list.turn == NULL) {
		pump_list_begin(&shared->list);
		shared->again = false;
	}
	more = pump_list_go(&shared->list, BATCH);
	if (shared->list.all == NULL)
		shared_free(shared);
	else if (more)
		shared->timer = loop_after(shared->streams->loop, 0, turn, shared);
	else if (shared->again)
		grew(shared);
}

/* Nothing comes to a log that has its end. */
static int
watch(struct shared_log *shared, struct error *e)
{
	static const char *const suffixes[] = { "log", "idx" };
	struct streams *s = shared->streams;
	struct stored_state state;

	if (stored_look(&shared->files, &state, e) < 0)
		return -1;
	for (int i = 0; i < 2 && !state.ended; i++) {
		AUTO_FREE char *path = logdir_path(s->logdir, &shared->name, suffixes[i]);

		shared->watches[i] = watch_add(s->watcher, path, changed, shared, e);
		if (shared->watches[i] == NULL)
			return -1;
	}
	return 0;
}

/* The shared of a log: 1, 0 when the log is not there, -1. */
static int
shared_open(struct streams *s, struct logname *n, struct shared_log **out, struct error *e)
{
	struct shared_log *shared;
	struct stored files;

	if (logdir_read(s->logdir, n, &files, e) < 0)
		return e->code == ERROR_NOT_FOUND ? 0 : -1;
	for (shared = s->shared; shared != NULL; shared = shared->next) {
		/* not one of that name that was removed */
		if (logname_same(&shared->name, n) && stored_inode(&shared->files) == stored_inode(&files)) {
			stored_close(&files);
			*out = shared;
			return 1;
		}
	}
	shared = xmalloc(sizeof(*shared));
	*shared = (struct shared_log){ .streams = s, .files = files, .next = s->shared };
	logname_copy(&shared->name, n);
	s->shared = shared;
	if (watch(shared, e) < 0) {
		shared_free(shared);
		return -1;
	}
	*out = shared;
	return 1;
}

/* Begins at the stream's offset. What is read and not followed ends at the present size. */
static void
attach(struct stream *x, struct shared_log *shared)
{
	struct stored_state state = { 0 };

	x->shared = shared;
	pump_list_add(&shared->list, &x->pump);
	(void)stored_look(&shared->files, &state, NULL);
	if (x->wish.packed) {
		/* what lies compressed has its end */
		logtail_init(&x->tail, shared->files.pack.fd, shared->files.index, x->wish.from, false);
		x->tail.size = x->tail.length = state.packed;
		x->tail.ended = true;
		x->tail.truncated = state.truncated;
		return;
	}
	if (!x->wish.follow && (x->wish.to < 0 || x->wish.to > state.size))
		x->wish.to = state.ended ? -1 : state.size;
	logtail_init(&x->tail, shared->files.log, shared->files.index, x->wish.from, x->wish.times);
	if (shared->files.packed)
		x->tail.size = shared->files.pack.size;
}

/* Answers; NULL when the connection cannot be taken over. */
static struct stream *
stream_new(struct streams *s, struct request *r, struct stream_wish *w)
{
	struct stream *x = xmalloc(sizeof(*x));
	int fd;

	*x = (struct stream){ .streams = s };
	x->link = request_stream(r, (struct span){ NULL, 0 }, lost, x);
	fd = x->link == NULL ? -1 : link_take_over(x->link);
	if (fd < 0 || pump_open(&x->pump, s->loop, fd, 0, &source, x, NULL) < 0) {
		link_close(x->link);
		free(x);
		return NULL;
	}
	x->wish = *w;
	w->name = (struct logname){ 0 };
	s->n++;
	return x;
}

void
streams_start(struct streams *s, struct request *r, struct stream_wish *w)
{
	const int run = w->name.run, attempt = w->name.attempt;
	struct shared_log *shared = NULL;
	struct stream *x;
	struct error e = { 0 };
	int there = shared_open(s, &w->name, &shared, &e);

	if (there < 0 || (there == 0 && !w->wait)) {
		request_fail_with(r, &e);
		return;
	}
	if (there > 0 && w->packed && !shared->files.packed) {
		if (shared->list.all == NULL)
			shared_free(shared);
		request_fail(r, "not-found", "that log is not compressed");
		return;
	}
	if (there == 0) {
		w->name.run = run;
		w->name.attempt = attempt;
	}
	x = stream_new(s, r, w);
	if (x == NULL) {
		if (shared != NULL && shared->list.all == NULL)
			shared_free(shared);
		return;
	}
	if (there == 0) {
		pump_list_add(&s->waiting, &x->pump);
		return;
	}
	attach(x, shared);
	pump_serve(&x->pump);
}

void
streams_opened(struct streams *s, const struct logname *n)
{
	struct pump *next;
	struct error e;

	for (struct pump *p = s->waiting.all; p != NULL; p = next) {
		struct stream *x = p->arg;
		struct shared_log *shared;
		struct logname mine = x->wish.name;

		next = p->next;
		mine.run = mine.run == 0 ? n->run : mine.run;
		mine.attempt = mine.attempt == 0 ? n->attempt : mine.attempt;
		if (!logname_same(&mine, n))
			continue;
		x->wish.name = mine;
		if (shared_open(s, &x->wish.name, &shared, &e) <= 0) {
			stream_close(x);
			continue;
		}
		attach(x, shared);
		pump_serve(&x->pump);
	}
}

void
streams_look(struct streams *s, const struct logname *n)
{
	for (struct shared_log *shared = s->shared; shared != NULL; shared = shared->next) {
		if (logname_same(&shared->name, n))
			grew(shared);
	}
}

void
streams_finish(struct streams *s)
{
	struct shared_log *next_shared;

	while (s->waiting.all != NULL)
		stream_close(s->waiting.all->arg);
	for (struct shared_log *shared = s->shared; shared != NULL; shared = next_shared) {
		struct pump *next;

		next_shared = shared->next; /* it goes with its last stream */
		for (struct pump *p = shared->list.all; p != NULL; p = next) {
			struct stream *x = p->arg;

			next = p->next;
			if (x->wish.follow)
				stream_close(x);
		}
	}
}

void
streams_free(struct streams *s)
{
	while (s->waiting.all != NULL)
		stream_close(s->waiting.all->arg);
	while (s->shared != NULL)
		stream_close(s->shared->list.all->arg);
}
