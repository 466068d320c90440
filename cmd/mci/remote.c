#include "remote.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "call.h"
#include "dial.h"
#include "door.h"
#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "rpc.h"

/* The store answers in milliseconds, but for a disk that is busy. */
#define PATIENCE (30 * SECOND)

bool
remote_is(const struct state_build *b)
{
	return b->path == NULL;
}

/* "Nobody there" says nothing to who never started a server. */
static int
explain(struct error *e)
{
	if (e->code == ERROR_DISCONNECTED)
		error_before(e, "no server ('mci up' starts one): ");
	return -1;
}

int
remote_call(const char *method, struct span params, struct bytes *result, struct error *e)
{
	AUTO_FREE char *address = api_address(e);

	if (address == NULL)
		return -1;
	return call_once(address, method, params, PATIENCE, result, e) < 0 ? explain(e) : 0;
}

/* ---- builds that are asked for */

int
remote_params(struct bytes *params, const struct option_list *list, struct error *e)
{
	if (list->n == 0)
		return 0;
	emit_key(params, "params");
	emit_open(params);
	for (size_t i = 0; i < list->n; i++) {
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(list->items[i], &key, &value, e) < 0)
			return error_before(e, "-p: ");
		emit_text(params, key, value);
	}
	bytes_char(params, '}');
	return 0;
}

int
remote_trigger(struct span params, struct remote_build *a, struct error *e)
{
	AUTO_BYTES result = { 0 };
	struct span object;
	AUTO_BYTES build = { 0 }, skipped = { 0 };

	*a = (struct remote_build){ 0 };
	if (remote_call("build/trigger", params, &result, e) < 0)
		return -1;
	object = (struct span){ result.data, result.len };
	if (door_member(&build, object, "build", NULL) > 0)
		a->build = bytes_give(&build);
	if (door_member(&skipped, object, "skipped", NULL) > 0)
		a->skipped = bytes_give(&skipped);
	return a->build != NULL || a->skipped != NULL ? 0 :
	    error_set(e, ERROR_INPUT, "build/trigger: an answer without a build");
}

void
remote_build_free(struct remote_build *a)
{
	free(a->build);
	free(a->skipped);
	*a = (struct remote_build){ 0 };
}

/* ---- what is there now */

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

static int
take(void *arg, struct span line)
{
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) == 0)
		fold_event(arg, &m, NULL);
	return 0;
}

int
remote_events(const char *build, int (*each)(void *arg, struct span line), void *arg, struct error *e)
{
	AUTO_FREE char *address = api_address(e);
	AUTO_BYTES params = { 0 };

	if (address == NULL)
		return -1;
	params_of(&params, build, 0, false);
	return call_stream(address, "build/events", (struct span){ params.data, params.len }, -1, each, arg,
	    e) < 0 ? explain(e) : 0;
}

int
remote_fold(struct fold *f, const char *build, struct error *e)
{
	return remote_events(build, take, f, e);
}

/* ---- what comes */

struct remote {
	struct loop *loop;
	const char *build;
	bool (*line)(void *arg, struct span line);
	void (*done)(void *arg, const struct error *why);
	void *arg;
	struct dial dial;
	int64_t had;    /* events */
	bool streams;   /* the server has answered on this connection */
	bool told;      /* of an outage */
	bool ended;
	struct loop_timer *soon;
	struct error why;
};

static void
finish(struct remote *r, const struct error *why)
{
	if (r->ended)
		return;
	r->ended = true;
	dial_drop(&r->dial);
	r->done(r->arg, why);
}

/* It is tried again, but for a server that was not there in the first place, or says that there is no such
 * build. */
static void
failed(struct remote *r, const struct error *why)
{
	bool passing = rpc_passing(why) && (r->had > 0 || r->told);

	if (!passing) {
		struct error e = *why;

		explain(&e);
		finish(r, &e);
		return;
	}
	if (!r->told)
		option_complain("mci", why);
	r->told = true;
	dial_drop(&r->dial);
	dial_pause(&r->dial);
}

static void
answer(struct remote *r, const struct message *m)
{
	struct error e;

	if (m->result.n == 0) {
		rpc_reply_error(m, &e);
		failed(r, &e);
		return;
	}
	r->streams = true;
	r->told = false;
	backoff_over(&r->dial.backoff);
}

static void
on_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct remote *r = arg;
	struct message m;

	(void)l;
	(void)fds;
	(void)nfds;
	if (r->ended)
		return;
	if (message_read(&m, line.p, line.n, &r->why) < 0) {
		finish(r, &r->why);
	} else if (!r->streams) {
		answer(r, &m);
	} else if (span_is(m.type, "eof")) {
		finish(r, NULL);
	} else {
		r->had++;
		if (r->line(r->arg, line))
			finish(r, NULL);
	}
}

static void
on_closed(void *arg, struct link *l, const struct error *why)
{
	struct remote *r = arg;
	struct error e;

	(void)l;
	dial_lost(&r->dial);
	error_set(&e, ERROR_DISCONNECTED, "%s: %s", r->dial.address.text,
	    why->code != ERROR_NONE ? why->text : "the connection was lost");
	if (!r->ended)
		failed(r, &e);
}

static void
subscribe(void *arg)
{
	struct remote *r = arg;
	AUTO_BYTES params = { 0 };
	AUTO_BYTES request = { 0 };
	struct error e;

	r->streams = false;
	if (dial_now(&r->dial, &e) < 0) {
		failed(r, &e);
		return;
	}
	params_of(&params, r->build, r->had, true);
	rpc_request(&request, 1, "build/events", (struct span){ params.data, params.len });
	link_send(r->dial.link, request.data, request.len);
}

static void
begin(void *arg)
{
	struct remote *r = arg;

	r->soon = NULL;
	subscribe(r);
}

struct remote *
remote_follow(struct loop *loop, const char *build, bool (*line)(void *arg, struct span line),
    void (*done)(void *arg, const struct error *why), void *arg, struct error *e)
{
	static const struct link_events events = { .line = on_line, .closed = on_closed };
	AUTO_FREE char *address = api_address(e);
	struct remote *r;

	if (address == NULL)
		return NULL;
	r = xmalloc(sizeof(*r));
	*r = (struct remote){ .loop = loop, .build = build, .line = line, .done = done, .arg = arg };
	if (dial_init(&r->dial, loop, address, &events, subscribe, r, e) < 0) {
		free(r);
		return NULL;
	}
	r->soon = loop_after(loop, 0, begin, r);
	return r;
}

void
remote_free(struct remote *r)
{
	if (r == NULL)
		return;
	loop_cancel(r->loop, r->soon);
	dial_close(&r->dial);
	free(r);
}
