#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "address.h"
#include "connect.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "pump.h"
#include "rpc.h"

/* Taken from the service at once. */
#define PIECE (256 * 1024)
/* A new connection takes so much at once, even of a service that does not read: nobody else waits. */
#define REQUEST_LIMIT (64 * 1024)

struct stream {
	struct loop *loop;
	struct request *request; /* NULL once it is answered */
	struct link *link;       /* ours, once it is */
	int from;                /* the service's */
	struct bytes buffer;     /* read, and not given yet */
	size_t given;
	bool waits, over;        /* nothing was there to read; nothing will be */
	struct pump pump;        /* to our link */
};

static void
stream_free(struct stream *s)
{
	pump_close(&s->pump);
	if (s->waits)
		loop_forget(s->loop, s->from);
	memory_close(&s->from);
	bytes_free(&s->buffer);
	free(s);
}

/* ---- once both are joined */

static void
left(void *arg, struct link *l)
{
	(void)l;
	stream_free(arg);
}

static void readable(void *arg, uint32_t events);

static void
await(struct stream *s)
{
	if (!s->waits && loop_watch(s->loop, s->from, EPOLLIN, readable, s, NULL) == 0)
		s->waits = true;
}

/* More of it, in the buffer. */
static void
take(struct stream *s)
{
	ssize_t n = kernel.read(s->from, bytes_reserve(&s->buffer, PIECE), PIECE);

	if (n > 0)
		s->buffer.len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		s->over = true;
}

static enum pump_step
step(void *arg)
{
	struct stream *s = arg;

	if (s->given == s->buffer.len) {
		s->buffer.len = s->given = 0;
		take(s);
	}
	if (s->buffer.len == 0 && s->over)
		return PUMP_ENDS;
	if (s->buffer.len == 0) {
		await(s);
		return PUMP_WAITS;
	}
	s->given += pump_bytes(&s->pump, s->buffer.data + s->given, s->buffer.len - s->given);
	return PUMP_WENT;
}

/* Our connection ends: the link's owner tells of it no more. */
static void
over(void *arg, enum pump_end end, int sys)
{
	struct stream *s = arg;
	struct link *l = s->link;

	(void)end;
	(void)sys;
	stream_free(s);
	link_close(l);
}

/* Joins them: what the service said first was its reply, n bytes with the newline. */
static void
join(struct stream *s, struct span result, size_t n)
{
	static const struct pump_source source = { .step = step, .over = over };

	struct request *r = s->request;

	s->given = n;
	s->request = NULL;
	s->link = request_stream(r, result, left, s);
	if (s->link == NULL ||
	    pump_open(&s->pump, s->loop, link_take_over(s->link), 0, &source, s, NULL) < 0) {
		if (s->link != NULL)
			link_close(s->link);
		stream_free(s);
		return;
	}
	pump_wake(&s->pump);
}

/* ---- up to the reply */

static void
refuse(struct stream *s, const struct error *why)
{
	request_fail_with(s->request, why);
}

/* The caller of a request that is not answered is gone, or it was answered with an error. */
static void
dropped(void *state)
{
	struct stream *s = state;

	if (s->request != NULL)
		stream_free(s);
}

static void
reply(struct stream *s, size_t n)
{
	struct message m;
	struct error e;

	if (message_read(&m, s->buffer.data, n, &e) < 0)
		refuse(s, &e);
	else if (m.result.n == 0)
		refuse(s, rpc_reply_error(&m, &e) < 0 ? &e : NULL);
	else
		join(s, m.result, n + 1);
}

static void
readable(void *arg, uint32_t events)
{
	struct stream *s = arg;
	char *end;
	struct error e;

	(void)events;
	if (s->request == NULL) {
		loop_forget(s->loop, s->from);
		s->waits = false;
		pump_serve(&s->pump);
		return;
	}
	take(s);
	end = s->buffer.len == 0 ? NULL : memchr(s->buffer.data, '\n', s->buffer.len);
	if (end != NULL || s->over || s->buffer.len > LINE_LIMIT) {
		loop_forget(s->loop, s->from);
		s->waits = false;
	}
	if (end != NULL) {
		reply(s, (size_t)(end - s->buffer.data));
	} else if (!s->waits) {
		error_set(&e, ERROR_DISCONNECTED, "the service left before it answered");
		refuse(s, &e);
	}
}

static int
ask(struct stream *s, const char *address, struct error *e)
{
	struct address a;
	AUTO_BYTES line = { 0 };
	int to, result;

	rpc_request(&line, 1, request_row(s->request)->name, request_params(s->request));
	if (line.len > REQUEST_LIMIT)
		return error_set(e, ERROR_LIMIT, "a request for a stream has at most %d bytes",
		    REQUEST_LIMIT);
	if (address_parse(&a, address, e) < 0)
		return -1;
	result = connect_descriptors(&a, &s->from, &to, e);
	address_free(&a);
	if (result < 0)
		return -1;
	return kernel_write_all(to, line.data, line.len) < 0 ? error_sys(e, "%s", address) : 0;
}

void
stream_open(struct loop *loop, const char *address, struct request *r)
{
	struct stream *s = xmalloc(sizeof(*s));
	struct error e;

	*s = (struct stream){ .loop = loop, .request = r, .from = -1 };
	if (ask(s, address, &e) < 0) {
		s->request = NULL;
		stream_free(s);
		request_fail_with(r, &e);
		return;
	}
	request_keep(r, s, dropped);
	await(s);
}
