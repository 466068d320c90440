#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backoff.h"
#include "client.h"
#include "connect.h"
#include "emit.h"
#include "kernel.h"
#include "logtail.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "outage.h"

#define PIECE (256 * 1024)         /* bytes a request */
#define WINDOW 4                   /* requests without reply */
#define GIVE_BACK (16 * 1024 * 1024) /* acknowledged bytes that the file may still hold */

struct spool {
	const struct put *put;
	struct loop *loop;
	struct client *client;    /* NULL until it is tried again */
	struct logfile_writer writer;
	struct logtail tail;      /* of what is to be sent next */
	int log, index;           /* our own, for reading */
	int64_t base;             /* where the spool begins in the server's log */
	int64_t acknowledged;     /* of the spool */
	int64_t given_back;       /* bytes of the file that are a hole now */
	size_t flying;            /* requests without reply */
	bool begun;               /* it was open once, so that a lost link is tried again */
	bool ready;               /* it is open over there */
	bool file;                /* standard input is always ready */
	bool eof, stopped;        /* nothing more comes; stopped: because of a full disk */
	bool closing;
	bool told_end;            /* log/close was sent once, and its reply may have been lost */
	struct backoff backoff;
	struct outage outage;
	struct loop_timer *timer;
	struct bytes buffer;      /* one piece */
	struct error why, *e;     /* why is of a disk that was full */
	int result;
};

static void open_again(void *arg);
static void feed(struct spool *s);

static void
over(struct spool *s, int result)
{
	s->result = result;
	loop_stop(s->loop, 0);
}

/* The server or the way to it is lost, or it cannot store now: everything from the acknowledged offset on is
 * sent again later, and of what is under way nothing more is heard. */
static void
lost(struct spool *s, const struct error *why)
{
	client_close(s->client);
	s->client = NULL;
	s->ready = s->closing = false;
	s->flying = 0;
	outage_told(&s->outage, why);
	s->timer = loop_after(s->loop, backoff_next(&s->backoff), open_again, s);
}

/* What can be tried again, and what cannot. */
static void
failed(struct spool *s, const struct error *why)
{
	if (why->code == ERROR_REFUSED || why->code == ERROR_FENCED || why->code == ERROR_INPUT ||
	    !s->begun) {
		*s->e = *why;
		over(s, -1);
	} else {
		lost(s, why);
	}
}

static int64_t
result_offset(struct span result)
{
	return message_integer(result, "offset", -1);
}

/* It works (again). */
static void
well(struct spool *s)
{
	backoff_over(&s->backoff);
	outage_told(&s->outage, NULL);
}

/* As often as again says and for as long as it takes; params are open for their end. */
static void
ask(struct spool *s, const char *method, struct bytes *params, enum client_again again,
    struct span data, client_done *done)
{
	const struct client_wish wish = { .again = again, .limit = CLIENT_FOREVER, .data = data };

	bytes_char(params, '}');
	client_call(s->client, method, (struct span){ params->data, params->len }, &wish, done, s);
}

/* Gives acknowledged bytes back to the disk; it is only room that is lost when this fails. */
static void
give_back(struct spool *s)
{
	int64_t n = s->acknowledged - s->given_back;

	if (n < GIVE_BACK)
		return;
	(void)fallocate(s->writer.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, s->given_back, n);
	s->given_back = s->acknowledged;
}

static void
stored(void *arg, struct span result, const struct error *e)
{
	struct spool *s = arg;

	if (result.n == 0) {
		failed(s, e);
		return;
	}
	s->flying--;
	s->acknowledged = result_offset(result) - s->base;
	well(s);
	give_back(s);
	feed(s);
}

static void
closed(void *arg, struct span result, const struct error *e)
{
	struct spool *s = arg;

	if (result.n == 0)
		failed(s, e);
	else
		over(s, 0);
}

static bool
cut(const struct spool *s)
{
	return s->writer.dropped > 0 || s->stopped;
}

static void
send_close(struct spool *s, client_done *done)
{
	AUTO_BYTES params = { 0 };

	logname_open(&params, &s->put->name);
	emit_bool(&params, "truncated", cut(s));
	s->closing = s->told_end = true;
	ask(s, "log/close", &params, CLIENT_ONCE, (struct span){ NULL, 0 }, done);
}

static int
send_piece(struct spool *s, const struct logpiece *p)
{
	AUTO_BYTES params = { 0 };
	ssize_t got = kernel.pread(s->log, s->buffer.data, p->n, p->offset);

	if (got != (ssize_t)p->n)
		return error_sys(s->e, "read the spool");
	logname_open(&params, &s->put->name);
	emit_integer(&params, "offset", s->base + p->offset);
	if (p->time > 0)
		emit_time(&params, "time", p->time);
	emit_integer(&params, "data", (int64_t)p->n);
	s->flying++;
	ask(s, "log/append", &params, CLIENT_ONCE, (struct span){ s->buffer.data, p->n }, stored);
	return 0;
}

/* Sends what is there and may be. */
static void
feed(struct spool *s)
{
	struct logpiece p;

	if (!s->ready || s->closing)
		return;
	while (s->flying < WINDOW) {
		int got = logtail_next(&s->tail, PIECE, &p, s->e);

		if (got < 0 || (got > 0 && send_piece(s, &p) < 0)) {
			over(s, -1);
			return;
		}
		if (got == 0)
			break;
	}
	if (s->eof && s->flying == 0)
		send_close(s, closed);
}

static void
begin(struct spool *s, int64_t offset)
{
	s->ready = true;
	s->acknowledged = offset - s->base;
	logtail_init(&s->tail, s->log, s->index, s->acknowledged, true);
	feed(s);
}

static void
opened(void *arg, struct span result, const struct error *e)
{
	struct spool *s = arg;
	int64_t offset = result.n == 0 ? -1 : result_offset(result);

	if (result.n > 0 && !s->begun) {
		s->begun = true;
		s->base = offset;
	}
	if (result.n == 0) {
		failed(s, e);
	} else if (offset < s->base + s->given_back || offset > s->base + s->writer.size) {
		error_set(s->e, ERROR_REFUSED, "%s: has %lld bytes of the log, which is not what it "
		    "acknowledged", s->put->address, (long long)offset);
		over(s, -1);
	} else {
		/* of one with a full disk it is known when it has stored something */
		if (offset == s->base + s->writer.size)
			well(s);
		begin(s, offset);
	}
}

static void
send_open(struct spool *s)
{
	AUTO_BYTES params = { 0 };

	logname_open(&params, &s->put->name);
	emit_bool(&params, "resume", s->begun || s->put->resume);
	ask(s, "log/open", &params, s->begun ? CLIENT_INSIST : CLIENT_ONCE, (struct span){ NULL, 0 },
	    opened);
}

/* Whether it was closed is asked again: then all is well. Else it is gone on with, as before. */
static void
closed_again(void *arg, struct span result, const struct error *e)
{
	struct spool *s = arg;
	struct scan_value v;

	if (result.n > 0 && message_integer(result, "bytes", -1) == s->base + s->writer.size &&
	    message_member(result.p, result.n, "truncated", &v, NULL) == 1 &&
	    v.type == (cut(s) ? SCAN_TRUE : SCAN_FALSE)) {
		well(s);
		over(s, 0);
	} else if (e->code == ERROR_DISCONNECTED) {
		lost(s, e);
	} else {
		s->closing = false;
		send_open(s);
	}
}

/* Each try begins with log/open: over a new connection, to a server that may be another one. */
static void
open_again(void *arg)
{
	struct spool *s = arg;

	s->timer = NULL;
	s->client = client_open(s->loop, s->put->address, NULL, NULL, s->e);
	if (s->client == NULL) {
		over(s, -1);
		return;
	}
	if (s->told_end)
		send_close(s, closed_again);
	else
		send_open(s);
}

/* One read, which does not wait: standard input is shared with others and stays blocking. */
static enum logfile_result
take_input(struct spool *s)
{
	ssize_t got = kernel.read(STDIN_FILENO, s->buffer.data, PIECE);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return LOGFILE_MORE;
	if (got == 0)
		return LOGFILE_EOF;
	if (got < 0) {
		error_sys(&s->why, "read standard input");
		return LOGFILE_ERROR;
	}
	if (logfile_write(&s->writer, s->buffer.data, (size_t)got, 0, &s->why) == 0 || s->put->drop)
		return LOGFILE_MORE;
	return LOGFILE_ERROR;
}

void
spool_stop_reading(void)
{
	AUTO_CLOSE int null = kernel.open(AT_FDCWD, "/dev/null", O_RDONLY, 0);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
}

static void
input_ready(void *arg, uint32_t events)
{
	struct spool *s = arg;
	enum logfile_result got = take_input(s);

	(void)events;
	if (got != LOGFILE_MORE) {
		s->eof = true;
		s->stopped = got == LOGFILE_ERROR;
		if (!s->file)
			loop_forget(s->loop, STDIN_FILENO);
		spool_stop_reading();
		/* so that the times of the last pieces are known */
		(void)logfile_flush(&s->writer, NULL);
	}
	feed(s);
}

static void
input_turn(void *arg)
{
	struct spool *s = arg;

	input_ready(s, 0);
	if (!s->eof)
		loop_after(s->loop, 0, input_turn, s);
}

/* A log and its index without names. */
static int
files_open(struct spool *s, struct error *e)
{
	const char *folder = getenv("TMPDIR");
	int fds[2] = { -1, -1 };

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	for (int i = 0; i < 2; i++) {
		AUTO_FREE char *self = NULL;

		fds[i] = kernel.open(AT_FDCWD, folder, O_TMPFILE | O_RDWR | O_APPEND, 0600);
		if (fds[i] < 0) {
			error_sys(e, "spool in %s", folder);
			memory_close(&fds[0]);
			return -1;
		}
		self = xformat("/proc/self/fd/%d", fds[i]);
		*(i == 0 ? &s->log : &s->index) = kernel.open(AT_FDCWD, self, O_RDONLY, 0);
	}
	return logfile_adopt(&s->writer, fds[0], fds[1], "spool", e);
}

static int
run(struct spool *s, struct error *e)
{
	if (files_open(s, e) < 0)
		return -1;
	s->writer.cap = s->put->cap;
	open_again(s);
	if (loop_watch(s->loop, STDIN_FILENO, EPOLLIN, input_ready, s, NULL) < 0) {
		s->file = true;
		loop_after(s->loop, 0, input_turn, s);
	}
	if (loop_run(s->loop, e) < 0)
		return -1;
	if (s->result == 0 && s->stopped) {
		*e = s->why;
		return -1;
	}
	return s->result;
}

int
spool_run(const struct put *p, struct error *e)
{
	struct spool s = { .put = p, .loop = loop_new(e), .log = -1, .index = -1, .e = e,
		.writer = { .fd = -1, .index = -1 },
		.outage = { .address = p->address, .quiet = p->quiet } };
	int result = -1;

	if (s.loop == NULL)
		return -1;
	bytes_reserve(&s.buffer, PIECE);
	result = run(&s, e);
	loop_cancel(s.loop, s.timer);
	client_close(s.client);
	connect_reap(s.loop);
	logfile_leave(&s.writer);
	memory_close(&s.log);
	memory_close(&s.index);
	bytes_free(&s.buffer);
	loop_free(s.loop);
	return result;
}
