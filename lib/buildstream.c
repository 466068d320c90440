#include "buildstream.h"

#include <stdlib.h>

#include "api.h"
#include "call.h"
#include "dial.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "rpc.h"

static char *
address_of(const char *address, struct error *e)
{
	return address != NULL ? xstrdup(address) : api_address(e);
}

static void
params_of(struct bytes *params, const char *build, int64_t from, bool follow)
{
	emit_open(params);
	emit_text(params, "build", build);
	if (from > 0)
		emit_integer(params, "from", from);
	if (!follow)
		emit_bool(params, "follow", false);
	bytes_char(params, '}');
}

int
buildstream_read(const char *address, const char *build, int (*each)(void *arg, struct span line),
    void *arg, struct error *e)
{
	AUTO_FREE char *asked = address_of(address, e);
	AUTO_BYTES params = { 0 };
	int result;

	if (asked == NULL)
		return -1;
	params_of(&params, build, 0, false);
	result = call_stream(asked, "build/events", (struct span){ params.data, params.len }, -1, each, arg,
	    e);
	return result < 0 && address == NULL ? api_missing(e) : result;
}

struct buildstream {
	struct loop *loop;
	char *build;
	const struct buildstream_events *events;
	void *arg;
	struct dial dial;
	bool ours;     /* of this user's server */
	bool follow;   /* to the build's end */
	int64_t had;   /* lines */
	bool streams;  /* the server has answered on this connection */
	bool told;     /* of an outage */
	bool ended;
	struct loop_timer *soon;
};

static void
finish(struct buildstream *s, const struct error *why)
{
	if (s->ended)
		return;
	s->ended = true;
	dial_drop(&s->dial);
	s->events->done(s->arg, why);
}

static void
tell(struct buildstream *s, const struct error *why)
{
	bool lost = why != NULL;

	if (s->told != lost && s->events->outage != NULL)
		s->events->outage(s->arg, why);
	s->told = lost;
}

/* It is tried again, but for a server that was not there in the first place, or says that there is no such
 * build. */
static void
failed(struct buildstream *s, const struct error *why)
{
	bool passing = rpc_passing(why) && (s->had > 0 || s->told);
	struct error e = *why;

	if (passing) {
		tell(s, why);
		dial_drop(&s->dial);
		dial_pause(&s->dial);
		return;
	}
	if (s->ours)
		api_missing(&e);
	finish(s, &e);
}

static void
answer(struct buildstream *s, const struct message *m)
{
	struct error e;

	if (m->result.n == 0) {
		rpc_reply_error(m, &e);
		failed(s, &e);
		return;
	}
	s->streams = true;
	tell(s, NULL);
	backoff_over(&s->dial.backoff);
}

static void
on_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct buildstream *s = arg;
	struct message m;
	struct error e;

	(void)l;
	(void)fds;
	(void)nfds;
	if (s->ended)
		return;
	if (message_read(&m, line.p, line.n, &e) < 0) {
		finish(s, &e);
	} else if (!s->streams) {
		answer(s, &m);
	} else if (span_is(m.type, "eof")) {
		finish(s, NULL);
	} else {
		s->had++;
		if (s->events->line(s->arg, line))
			finish(s, NULL);
	}
}

static void
on_closed(void *arg, struct link *l, const struct error *why)
{
	struct buildstream *s = arg;
	struct error e;

	(void)l;
	dial_lost(&s->dial);
	error_set(&e, ERROR_DISCONNECTED, "%s",
	    why->code != ERROR_NONE ? why->text : "the other end closed the connection");
	if (s->had == 0 && !s->told)
		error_before(&e, "%s: ", s->dial.address.text);
	if (!s->ended)
		failed(s, &e);
}

static void
subscribe(void *arg)
{
	struct buildstream *s = arg;
	AUTO_BYTES params = { 0 };
	AUTO_BYTES request = { 0 };
	struct error e;

	s->streams = false;
	if (dial_now(&s->dial, &e) < 0) {
		failed(s, &e);
		return;
	}
	params_of(&params, s->build, s->had, s->follow);
	rpc_request(&request, 1, "build/events", (struct span){ params.data, params.len });
	link_send(s->dial.link, request.data, request.len);
}

static void
begin(void *arg)
{
	struct buildstream *s = arg;

	s->soon = NULL;
	subscribe(s);
}

static struct buildstream *
open_stream(struct loop *loop, const char *address, const char *build, int64_t from, bool follow,
    const struct buildstream_events *events, void *arg, struct error *e)
{
	static const struct link_events said = { .line = on_line, .closed = on_closed };
	AUTO_FREE char *asked = address_of(address, e);
	struct buildstream *s;

	if (asked == NULL)
		return NULL;
	s = xmalloc(sizeof(*s));
	*s = (struct buildstream){ .loop = loop, .events = events, .arg = arg, .ours = address == NULL,
		.had = from, .follow = follow };
	if (dial_init(&s->dial, loop, asked, &said, subscribe, s, e) < 0) {
		free(s);
		return NULL;
	}
	s->build = xstrdup(build);
	s->soon = loop_after(loop, 0, begin, s);
	return s;
}

struct buildstream *
buildstream_follow(struct loop *loop, const char *address, const char *build, int64_t from,
    const struct buildstream_events *events, void *arg, struct error *e)
{
	return open_stream(loop, address, build, from, true, events, arg, e);
}

struct buildstream *
buildstream_replay(struct loop *loop, const char *address, const char *build,
    const struct buildstream_events *events, void *arg, struct error *e)
{
	return open_stream(loop, address, build, 0, false, events, arg, e);
}

void
buildstream_free(struct buildstream *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->loop, s->soon);
	dial_close(&s->dial);
	free(s->build);
	free(s);
}
