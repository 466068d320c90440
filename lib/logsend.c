#include "logsend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backoff.h"
#include "emit.h"
#include "kernel.h"
#include "logtail.h"
#include "memory.h"
#include "message.h"

#define PIECE (256 * 1024) /* bytes a request */
#define WINDOW 4           /* requests without reply */

struct logsend {
	struct loop *loop;
	struct logsend_wish wish;
	const struct logsend_events *events;
	void *arg;
	char *name;
	struct logtail tail;      /* of what is to be sent next */
	int64_t base;             /* where our log begins in the server's */
	int64_t calls[WINDOW];    /* that are under way; 0: none */
	bool begun;               /* it was open once */
	bool ready;               /* it is open over there */
	bool finished, truncated; /* nothing more comes */
	bool told_end;            /* log/close was sent once, and its reply may have been lost */
	bool away;                /* an outage was told */
	struct backoff backoff;
	struct loop_timer *timer;
	struct bytes buffer;      /* one piece */
};

static void begin(void *arg);

static void
over(struct logsend *s, const struct error *why)
{
	s->ready = false;
	s->events->over(s->arg, why);
}

static void
outage(struct logsend *s, const struct error *why)
{
	if (s->away == (why != NULL))
		return;
	s->away = why != NULL;
	if (s->events->outage != NULL)
		s->events->outage(s->arg, why);
}

/* Of what is under way nothing more is heard. */
static void
forget(struct logsend *s)
{
	for (size_t i = 0; i < WINDOW; i++) {
		client_cancel(s->wish.client, s->calls[i]);
		s->calls[i] = 0;
	}
}

/* What can be tried again is: everything from the acknowledged offset on. */
static void
failed(struct logsend *s, const struct error *why)
{
	bool again = (s->begun || s->wish.patient) && why->code != ERROR_REFUSED &&
	    why->code != ERROR_FENCED && why->code != ERROR_INPUT;

	forget(s);
	if (!again) {
		over(s, why);
		return;
	}
	s->ready = false;
	outage(s, why);
	if (s->timer == NULL)
		s->timer = loop_after(s->loop, backoff_next(&s->backoff), begin, s);
}

static void
well(struct logsend *s)
{
	backoff_over(&s->backoff);
	outage(s, NULL);
}

/* ---- requests */

static void
name_open(const struct logsend *s, struct bytes *params)
{
	bytes_char(params, '{');
	bytes_text(params, s->name);
}

/* In the first place that is free; params are open for their end. */
static void
ask(struct logsend *s, const char *method, struct bytes *params, struct span data, client_done *done)
{
	const struct client_wish wish = { .again = CLIENT_ONCE, .limit = CLIENT_FOREVER, .data = data };
	size_t i = 0;

	while (i + 1 < WINDOW && s->calls[i] != 0)
		i++;
	bytes_char(params, '}');
	s->calls[i] = client_call(s->wish.client, method, (struct span){ params->data, params->len }, &wish,
	    done, s);
}

/* They are answered in their order. */
static void
answered(struct logsend *s)
{
	memmove(s->calls, s->calls + 1, sizeof(s->calls) - sizeof(s->calls[0]));
	s->calls[WINDOW - 1] = 0;
}

static void
closed(void *arg, struct span result, const struct error *e)
{
	struct logsend *s = arg;

	answered(s);
	if (result.n == 0)
		failed(s, e);
	else
		over(s, &(struct error){ 0 });
}

static void
send_close(struct logsend *s, client_done *done)
{
	AUTO_BYTES params = { 0 };

	name_open(s, &params);
	emit_bool(&params, "truncated", s->truncated);
	s->told_end = true;
	s->ready = false;
	ask(s, "log/close", &params, (struct span){ NULL, 0 }, done);
}

static void feed(struct logsend *s);

static void
stored(void *arg, struct span result, const struct error *e)
{
	struct logsend *s = arg;

	answered(s);
	if (result.n == 0) {
		failed(s, e);
		return;
	}
	well(s);
	if (s->events->stored != NULL)
		s->events->stored(s->arg, message_integer(result, "offset", 0) - s->base);
	feed(s);
}

static int
send_piece(struct logsend *s, const struct logpiece *p, struct error *e)
{
	AUTO_BYTES params = { 0 };
	ssize_t got;

	bytes_reserve(&s->buffer, PIECE);
	got = kernel.pread(s->wish.log, s->buffer.data, p->n, p->offset);
	if (got != (ssize_t)p->n)
		return error_sys(e, "read the log");
	name_open(s, &params);
	emit_integer(&params, "offset", s->base + p->offset);
	if (p->time > 0)
		emit_time(&params, "time", p->time);
	if (p->stream > 0)
		emit_integer(&params, "stream", p->stream);
	emit_integer(&params, "data", (int64_t)p->n);
	ask(s, "log/append", &params, (struct span){ s->buffer.data, p->n }, stored);
	return 0;
}

/* Sends what is there and may be. */
static void
feed(struct logsend *s)
{
	struct logpiece p;
	struct error e;

	while (s->ready && s->calls[WINDOW - 1] == 0) {
		int got = logtail_next(&s->tail, PIECE, &p, &e);

		if (got < 0 || (got > 0 && send_piece(s, &p, &e) < 0)) {
			forget(s);
			over(s, &e);
			return;
		}
		if (got == 0)
			break;
	}
	if (s->ready && s->finished && s->calls[0] == 0)
		send_close(s, closed);
}

static int64_t
size_of(const struct logsend *s)
{
	struct stat st;

	return fstat(s->wish.log, &st) < 0 ? 0 : st.st_size;
}

static void
opened(void *arg, struct span result, const struct error *e)
{
	struct logsend *s = arg;
	int64_t offset = result.n == 0 ? -1 : message_integer(result, "offset", -1);
	struct error strange;

	answered(s);
	if (result.n == 0) {
		failed(s, e);
		return;
	}
	if (!s->begun)
		s->base = offset;
	if (offset < s->base || offset > s->base + size_of(s)) {
		error_set(&strange, ERROR_REFUSED, "the log server has %lld bytes of the log, which is not "
		    "what it acknowledged", (long long)offset);
		over(s, &strange);
		return;
	}
	/* of one with a full disk it is known when it has stored something */
	if (offset == s->base + size_of(s))
		well(s);
	s->ready = true;
	logtail_init(&s->tail, s->wish.log, s->wish.index, offset - s->base, true);
	if (!s->begun && s->events->opened != NULL)
		s->events->opened(s->arg);
	s->begun = true;
	feed(s);
}

static void
send_open(struct logsend *s)
{
	AUTO_BYTES params = { 0 };

	name_open(s, &params);
	emit_bool(&params, "resume", s->begun || s->wish.resume);
	ask(s, "log/open", &params, (struct span){ NULL, 0 }, opened);
}

/* Whether it was closed is asked again: then all is well. Else it is gone on with, as before. */
static void
closed_again(void *arg, struct span result, const struct error *e)
{
	struct logsend *s = arg;

	answered(s);
	if (result.n > 0 && message_integer(result, "bytes", -1) == s->base + size_of(s) &&
	    message_true(result, "truncated") == s->truncated) {
		well(s);
		over(s, &(struct error){ 0 });
	} else if (e->code == ERROR_DISCONNECTED) {
		failed(s, e);
	} else {
		send_open(s);
	}
}

/* Each try begins with log/open: over a new connection, to a server that may be another one. */
static void
begin(void *arg)
{
	struct logsend *s = arg;

	s->timer = NULL;
	if (s->told_end)
		send_close(s, closed_again);
	else
		send_open(s);
}

struct logsend *
logsend_new(struct loop *loop, const struct logsend_wish *w, const struct logsend_events *events, void *arg)
{
	struct logsend *s = xmalloc(sizeof(*s));

	*s = (struct logsend){ .loop = loop, .wish = *w, .events = events, .arg = arg,
		.name = xmemdup(w->name.p, w->name.n) };
	s->timer = loop_after(loop, 0, begin, s);
	return s;
}

void
logsend_feed(struct logsend *s)
{
	feed(s);
}

void
logsend_finish(struct logsend *s, bool truncated)
{
	s->finished = true;
	s->truncated = truncated;
	feed(s);
}

void
logsend_free(struct logsend *s)
{
	if (s == NULL)
		return;
	forget(s);
	loop_cancel(s->loop, s->timer);
	bytes_free(&s->buffer);
	free(s->name);
	free(s);
}
