#include "streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "logtail.h"
#include "memory.h"

/* A chunk, and what one stream is given before others get their turn: about half a millisecond. */
#define CHUNK (1024 * 1024)
#define TURN (1024 * 1024)
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
	struct stream *list;       /* its streams */
	struct stream *turn;       /* whose turn it is in this round */
	bool again;                /* it grew since the round began */
	struct loop_timer *timer;
	struct reel *next;
};

struct stream {
	struct streams *streams;
	struct reel *reel; /* NULL while it waits */
	struct link *link;
	int fd;            /* the link's */
	struct stream_wish wish;
	struct logtail tail;
	struct bytes line; /* what is not given of the line before the data */
	int64_t offset;    /* of the data that comes behind the line */
	size_t left;       /* bytes of it */
	bool over;         /* the line is the last */
	bool blocked;      /* the link takes no more: EPOLLOUT is awaited */
	struct stream *next, **at;
};

static void turn(void *arg);

static void
put_in(struct stream **list, struct stream *x)
{
	x->next = *list;
	x->at = list;
	if (x->next != NULL)
		x->next->at = &x->next;
	*list = x;
}

static void
take_out(struct stream *x)
{
	*x->at = x->next;
	if (x->next != NULL)
		x->next->at = x->at;
}

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

	if (reel != NULL && reel->turn == x)
		reel->turn = x->next;
	take_out(x);
	if (x->blocked)
		loop_forget(x->streams->loop, x->fd);
	x->streams->n--;
	bytes_free(&x->line);
	logname_free(&x->wish.name);
	free(x);
	if (reel != NULL && reel->list == NULL)
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
	emit_integer(&x->line, "attempt", x->reel->name.attempt);
	emit_integer(&x->line, "offset", p->offset);
	if (p->stream != 0)
		emit_integer(&x->line, "stream", p->stream);
	emit_integer(&x->line, "data", (int64_t)p->n);
	emit_line(&x->line);
	x->offset = p->offset;
	x->left = p->n;
}

/* Prepares the next line. 1, 0 when there is nothing to say now, -1 when the log cannot be read. */
static int
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
		return got;
	return 1;
}

/* What the link takes of the data now; the kernel copies, but of a packed log. */
static ssize_t
give_data(struct stream *x)
{
	struct depot_files *f = &x->reel->files;
	off_t offset = x->offset;
	struct span piece;

	if (!f->packed)
		return sendfile(x->fd, f->log, &offset, x->left);
	if (logpack_piece(&f->pack, x->offset, &piece, NULL) < 0)
		return 0;
	return kernel.write(x->fd, piece.p, piece.n < x->left ? piece.n : x->left);
}

/* Gives what waits: 1 when all of it went, 0 when the link takes no more, -1 when it is broken. */
static int
give(struct stream *x)
{
	while (x->line.len > 0) {
		ssize_t done = kernel.write(x->fd, x->line.data, x->line.len);

		if (done < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -1;
		bytes_drop(&x->line, (size_t)done);
	}
	while (x->left > 0) {
		ssize_t done = give_data(x);

		if (done <= 0)
			return done < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
		x->offset += done;
		x->left -= (size_t)done;
		x->streams->bytes += (uint64_t)done;
	}
	return 1;
}

static void pump(struct stream *x);

static void
writable(void *arg, uint32_t events)
{
	struct stream *x = arg;

	(void)events;
	pump(x);
}

static void
wait_for_room(struct stream *x, bool blocked)
{
	if (blocked == x->blocked)
		return;
	if (blocked && loop_watch(x->streams->loop, x->fd, EPOLLOUT, writable, x, NULL) < 0) {
		stream_close(x);
		return;
	}
	if (!blocked)
		loop_forget(x->streams->loop, x->fd);
	x->blocked = blocked;
}

/* Gives what there is and what the link takes, up to a turn's worth; x may be gone then. */
static void
pump(struct stream *x)
{
	int64_t begin = x->tail.at;

	for (;;) {
		int got = give(x);

		if (got > 0 && x->over)
			got = -1;
		if (got > 0 && x->tail.at - begin >= TURN) {
			/* there may be more: the link says when it can take it */
			wait_for_room(x, true);
			return;
		}
		if (got > 0 && (got = next_line(x)) == 0) {
			wait_for_room(x, false);
			return;
		}
		if (got < 0) {
			stream_close(x);
			return;
		}
		if (got == 0) {
			wait_for_room(x, true);
			return;
		}
	}
}

/* Serves some of the streams; the others in the next turn. */
static void
turn(void *arg)
{
	struct reel *reel = arg;
	struct streams *s = reel->streams;
	struct stream *x;

	reel->timer = NULL;
	if (reel->turn == NULL) {
		reel->turn = reel->list;
		reel->again = false;
	}
	for (int i = 0; i < BATCH && reel->turn != NULL; i++) {
		x = reel->turn;
		/* the last one that goes takes the reel along */
		if (reel->list == x && x->next == NULL) {
			reel->turn = NULL;
			if (reel->again)
				grew(reel);
			if (!x->blocked)
				pump(x);
			return;
		}
		reel->turn = x->next;
		if (!x->blocked)
			pump(x);
	}
	if (reel->turn != NULL)
		reel->timer = loop_after(s->loop, 0, turn, reel);
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
	logname_set(&reel->name, n->build, n->job, n->attempt, NULL);
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
	put_in(&reel->list, x);
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

	*x = (struct stream){ .streams = s };
	x->link = request_stream(r, (struct span){ NULL, 0 }, lost, x);
	if (x->link == NULL) {
		free(x);
		return NULL;
	}
	x->fd = link_take_over(x->link);
	x->wish = *w;
	w->name = (struct logname){ 0 };
	s->n++;
	return x;
}

void
streams_start(struct streams *s, struct request *r, struct stream_wish *w)
{
	bool any = w->name.attempt == 0;
	struct reel *reel = NULL;
	struct stream *x;
	struct error e = { 0 };
	int there = reel_open(s, &w->name, &reel, &e);

	if (there < 0 || (there == 0 && !w->wait)) {
		request_fail_with(r, &e);
		return;
	}
	if (there == 0 && any)
		w->name.attempt = 0;
	x = stream_new(s, r, w);
	if (x == NULL) {
		if (reel != NULL && reel->list == NULL)
			reel_free(reel);
		return;
	}
	if (there == 0) {
		put_in(&s->waiting, x);
		return;
	}
	attach(x, reel);
	pump(x);
}

static bool
awaits(const struct stream *x, const struct logname *n)
{
	struct logname mine = x->wish.name;

	if (mine.attempt == 0)
		mine.attempt = n->attempt;
	return logname_same(&mine, n);
}

void
streams_opened(struct streams *s, const struct logname *n)
{
	struct stream *x, *next;
	struct error e;

	for (x = s->waiting; x != NULL; x = next) {
		struct reel *reel;

		next = x->next;
		if (!awaits(x, n))
			continue;
		x->wish.name.attempt = n->attempt;
		if (reel_open(s, &x->wish.name, &reel, &e) <= 0) {
			stream_close(x);
			continue;
		}
		take_out(x);
		attach(x, reel);
		pump(x);
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
streams_free(struct streams *s)
{
	while (s->waiting != NULL)
		stream_close(s->waiting);
	while (s->reels != NULL)
		stream_close(s->reels->list);
}
