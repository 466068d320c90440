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
/* How many streams of a reel are served before the loop looks at others. */
#define BATCH 16
/* What is written within this time goes together: a fast writer wakes its readers not at every write. */
#define GATHER (1 * MILLISECOND)

/* A log that is read. */
struct reel {
	struct streams *streams;
	struct logname name;
	struct depot_files files;
	struct watch *watches[2];
	struct pump_list list;     /* its streams */
	bool again;                /* it grew since the round began */
	struct loop_timer *timer;
	struct reel *next;
};

struct stream {
	struct pump pump;  /* to the link */
	struct streams *streams;
	struct reel *reel; /* NULL while it waits */
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
reel_free(struct reel *reel)
{
	struct reel **at = &reel->streams->reels;

	while (*at != reel)
		at = &(*at)->next;
	*at = reel->next;
	loop_cancel(reel->streams->loop, reel->timer);
	watch_remove(reel->watches[0]);
	watch_remove(reel->watches[1]);
	depot_files_close(&reel->files);
	logname_free(&reel->name);
	free(reel);
}

/* The stream's link is gone or about to go. */
static void
stream_free(struct stream *x)
{
	struct reel *reel = x->reel;

	pump_close(&x->pump);
	x->streams->n--;
	bytes_free(&x->line);
	logname_free(&x->wish.name);
	free(x);
	if (reel != NULL && reel->list.all == NULL && !reel->list.serving)
		reel_free(reel);
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
grew(struct reel *reel)
{
	if (reel->timer == NULL)
		reel->timer = loop_after(reel->streams->loop, GATHER, turn, reel);
	else
		reel->again = true;
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
	struct depot_state state;

	return !ledger_writes(x->streams->ledger, &x->reel->name) &&
	    depot_look(&x->reel->files, &state, NULL) == 0 && !state.written && !state.ended;
}

/* Nothing more is to come. */
static void
finish_line(struct stream *x)
{
	emit_event(&x->line, "eof");
	emit_integer(&x->line, "bytes", x->tail.ended && x->wish.to < 0 ? x->tail.length : x->tail.at);
	if (x->tail.ended || abandoned(x))
		emit_bool(&x->line, "truncated", !x->tail.ended || x->tail.truncated);
	emit_line(&x->line);
	x->over = true;
}

static void
chunk_line(struct stream *x, const struct logpiece *p)
{
	emit_open(&x->line);
	emit_text(&x->line, "type", "log/chunk");
	if (p->time > 0)
		emit_time(&x->line, "time", p->time);
	emit_integer(&x->line, "run", x->reel->name.run);
	emit_integer(&x->line, "attempt", x->reel->name.attempt);
	emit_integer(&x->line, "offset", p->offset);
	if (p->stream != 0)
		emit_integer(&x->line, "stream", p->stream);
	emit_integer(&x->line, "data", (int64_t)p->n);
	emit_line(&x->line);
	x->offset = p->offset;
	x->left = p->n;
}

/* Prepares the next line. */
static enum pump_step
next_line(struct stream *x)
{
	size_t max = CHUNK;
	struct logpiece p;
	int got;

	if (x->wish.to >= 0 && x->wish.to - x->tail.at < (int64_t)max)
		max = x->wish.to > x->tail.at ? (size_t)(x->wish.to - x->tail.at) : 0;
	got = max == 0 ? 0 : logtail_next(&x->tail, max, &p, NULL);
	if (got > 0)
		chunk_line(x, &p);
	else if (got == 0 && (x->tail.ended || max == 0 || abandoned(x)))
		finish_line(x);
	else
		return got < 0 ? PUMP_FAILS : PUMP_WAITS;
	return PUMP_WENT;
}

/* The data behind the line; the kernel copies, but of a packed log. */
static enum pump_step
give_data(struct stream *x)
{
	struct depot_files *f = &x->reel->files;
	struct span piece;
	size_t done;

	if (!f->packed)
		done = pump_file(&x->pump, f->log, x->offset, x->left);
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
	struct reel *reel = arg;
	bool more;

	reel->timer = NULL;
	if (reel->list.turn == NULL) {
		pump_list_begin(&reel->list);
		reel->again = false;
	}
	more = pump_list_go(&reel->list, BATCH);
	if (reel->list.all == NULL)
		reel_free(reel);
	else if (more)
		reel->timer = loop_after(reel->streams->loop, 0, turn, reel);
	else if (reel->again)
		grew(reel);
}

/* Nothing comes to a log that has its end. */
static int
watch(struct reel *reel, struct error *e)
{
	static const char *const suffixes[] = { "log", "idx" };
	struct streams *s = reel->streams;
	struct depot_state state;

	if (depot_look(&reel->files, &state, e) < 0)
		return -1;
	for (int i = 0; i < 2 && !state.ended; i++) {
		AUTO_FREE char *path = depot_path(s->depot, &reel->name, suffixes[i]);

		reel->watches[i] = watch_add(s->watcher, path, changed, reel, e);
		if (reel->watches[i] == NULL)
			return -1;
	}
	return 0;
}

/* The reel of a log: 1, 0 when the log is not there, -1. */
static int
reel_open(struct streams *s, struct logname *n, struct reel **out, struct error *e)
{
	struct reel *reel;
	struct depot_files files;

	if (depot_read(s->depot, n, &files, e) < 0)
		return e->code == ERROR_NOT_FOUND ? 0 : -1;
	for (reel = s->reels; reel != NULL; reel = reel->next) {
		/* not one of that name that was removed */
		if (logname_same(&reel->name, n) && reel->files.mark == files.mark) {
			depot_files_close(&files);
			*out = reel;
			return 1;
		}
	}
	reel = xmalloc(sizeof(*reel));
	*reel = (struct reel){ .streams = s, .files = files, .next = s->reels };
	logname_copy(&reel->name, n);
	s->reels = reel;
	if (watch(reel, e) < 0) {
		reel_free(reel);
		return -1;
	}
	*out = reel;
	return 1;
}

/* Begins at the stream's offset. What is read and not followed ends at the present size. */
static void
attach(struct stream *x, struct reel *reel)
{
	struct depot_state state = { 0 };

	x->reel = reel;
	pump_list_add(&reel->list, &x->pump);
	(void)depot_look(&reel->files, &state, NULL);
	if (!x->wish.follow && (x->wish.to < 0 || x->wish.to > state.size))
		x->wish.to = state.ended ? -1 : state.size;
	logtail_init(&x->tail, reel->files.log, reel->files.index, x->wish.from, x->wish.times);
	if (reel->files.packed)
		x->tail.size = reel->files.pack.size;
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
	struct reel *reel = NULL;
	struct stream *x;
	struct error e = { 0 };
	int there = reel_open(s, &w->name, &reel, &e);

	if (there < 0 || (there == 0 && !w->wait)) {
		request_fail_with(r, &e);
		return;
	}
	if (there == 0) {
		w->name.run = run;
		w->name.attempt = attempt;
	}
	x = stream_new(s, r, w);
	if (x == NULL) {
		if (reel != NULL && reel->list.all == NULL)
			reel_free(reel);
		return;
	}
	if (there == 0) {
		pump_list_add(&s->waiting, &x->pump);
		return;
	}
	attach(x, reel);
	pump_serve(&x->pump);
}

static bool
awaits(const struct stream *x, const struct logname *n)
{
	struct logname mine = x->wish.name;

	if (mine.run == 0)
		mine.run = n->run;
	if (mine.attempt == 0)
		mine.attempt = n->attempt;
	return logname_same(&mine, n);
}

void
streams_opened(struct streams *s, const struct logname *n)
{
	struct pump *next;
	struct error e;

	for (struct pump *p = s->waiting.all; p != NULL; p = next) {
		struct stream *x = p->arg;
		struct reel *reel;

		next = p->next;
		if (!awaits(x, n))
			continue;
		x->wish.name.run = n->run;
		x->wish.name.attempt = n->attempt;
		if (reel_open(s, &x->wish.name, &reel, &e) <= 0) {
			stream_close(x);
			continue;
		}
		attach(x, reel);
		pump_serve(&x->pump);
	}
}

void
streams_look(struct streams *s, const struct logname *n)
{
	for (struct reel *reel = s->reels; reel != NULL; reel = reel->next) {
		if (logname_same(&reel->name, n))
			grew(reel);
	}
}

void
streams_finish(struct streams *s)
{
	struct reel *next_reel;

	while (s->waiting.all != NULL)
		stream_close(s->waiting.all->arg);
	for (struct reel *reel = s->reels; reel != NULL; reel = next_reel) {
		struct pump *next;

		next_reel = reel->next; /* it goes with its last stream */
		for (struct pump *p = reel->list.all; p != NULL; p = next) {
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
	while (s->reels != NULL)
		stream_close(s->reels->list.all->arg);
}
