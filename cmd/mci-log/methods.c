#include "methods.h"

#include <string.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "timestamp.h"

/* The log that the parameters name, or the request is answered with an error. */
static int
name_of(struct request *r, struct logname *n)
{
	struct error e;

	if (logname_set(n, request_text(r, "build"), request_integer(r, "run", 0), request_text(r, "job"),
	    request_integer(r, "attempt", 0), &e) == 0)
		return 0;
	request_fail_with(r, &e);
	return -1;
}

static bool
flag(struct request *r, const char *name)
{
	return span_is(request_raw(r, name), "true");
}

static void
reply(struct request *r, struct bytes *result)
{
	bytes_char(result, '}');
	request_reply(r, (struct span){ result->data, result->len });
}

static void
log_open(void *self, struct request *r)
{
	struct log_server *s = self;
	bool files = flag(r, "files") && request_carries_fds(r);
	AUTO_BYTES result = { 0 };
	struct stored f;
	struct logname n;
	struct entry *x;
	struct error e;

	if (request_connection(r) == 0) {
		/* whoever is not there cannot be missed later */
		request_fail(r, "invalid-request", "log/open needs an id");
		return;
	}
	if (name_of(r, &n) < 0)
		return;
	n.run = n.run == 0 ? 1 : n.run;
	n.attempt = n.attempt == 0 ? 1 : n.attempt;
	if (inventory_removes(s->inventory, &n)) {
		request_fail(r, "busy", "that log is being removed");
	} else if ((x = writers_open(&s->writers, &n, flag(r, "resume"), request_connection(r),
	    files ? &f : NULL, &e)) == NULL) {
		request_fail_with(r, &e);
	} else {
		emit_open(&result);
		emit_integer(&result, "offset", writers_size(x));
		bytes_char(&result, '}');
		if (files) {
			request_reply_fds(r, (struct span){ result.data, result.len },
			    (int[2]){ f.log, f.index }, 2);
			stored_close(&f);
		} else {
			request_reply(r, (struct span){ result.data, result.len });
		}
		x->ticket = closing_opened(s->closing, &n);
	}
	logname_free(&n);
}

static void
append_drop(void *append)
{
	writers_append_free(append);
}

static void
log_append(void *self, struct request *r)
{
	struct log_server *s = self;
	const char *time = request_text(r, "time");
	int64_t when = kernel.wall(), stream = request_integer(r, "stream", 0);
	struct append *a;
	struct logname n;
	struct error e;

	if (name_of(r, &n) < 0)
		return;
	if (time != NULL && timestamp_parse(time, strlen(time), &when, NULL) < 0) {
		request_fail(r, "invalid-params", "log/append: parameter time: '%s' is no moment", time);
	} else if ((a = writers_append(&s->writers, &n, request_connection(r),
	    request_integer(r, "offset", 0), &e)) == NULL) {
		request_fail_with(r, &e);
	} else {
		a->when = when;
		a->stream = stream == 1 || stream == 2 ? (uint32_t)stream : 0;
		request_keep(r, a, append_drop);
	}
	logname_free(&n);
}

/* A piece of what log/append brings. */
static void
data_came(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct append *a = request_kept(r);
	AUTO_BYTES result = { 0 };
	struct error e;

	(void)self;
	if (writers_piece(a, piece, &e) < 0) {
		request_fail_with(r, &e);
	} else if (left == 0) {
		emit_open(&result);
		emit_integer(&result, "offset", a->entry->writer.size);
		reply(r, &result);
	}
}

static void
log_close(void *self, struct request *r)
{
	struct log_server *s = self;
	struct logname n;
	struct stored_state state;
	struct stored files;
	struct error e;
	uint64_t ticket;

	if (name_of(r, &n) < 0)
		return;
	ticket = writers_ticket(&s->writers, &n);
	if (writers_close(&s->writers, &n, request_connection(r), flag(r, "truncated"), &state, &e) < 0 ||
	    logdir_read(&s->logdir, &n, &files, &e) < 0)
		request_fail_with(r, &e);
	else
		closing_add(s->closing, r, &n, ticket, &state, &files);
	logname_free(&n);
}

static void
log_get(void *self, struct request *r)
{
	struct log_server *s = self;
	struct logname n;
	struct stored_state state;
	struct error e;
	AUTO_BYTES result = { 0 };

	if (name_of(r, &n) < 0)
		return;
	if (logdir_look(&s->logdir, &n, &state, &e) < 0) {
		request_fail_with(r, &e);
	} else {
		/* one that a writer may come back to is open */
		if (!state.ended && writers_writes(&s->writers, &n)) {
			state.written = true;
			state.truncated = false;
		}
		emit_open(&result);
		emit_integer(&result, "run", n.run);
		emit_integer(&result, "attempt", n.attempt);
		emit_integer(&result, "bytes", state.size);
		if (state.packed > 0)
			emit_integer(&result, "packed", state.packed);
		emit_bool(&result, "open", state.written);
		emit_bool(&result, "truncated", state.truncated);
		reply(r, &result);
	}
	logname_free(&n);
}

static void
log_list(void *self, struct request *r)
{
	struct log_server *s = self;
	struct logname n;

	if (name_of(r, &n) < 0)
		return;
	inventory_list(s->inventory, r, &n);
	logname_free(&n);
}

static void
begin_stream(struct log_server *s, struct request *r, struct stream_wish w)
{
	if (name_of(r, &w.name) < 0)
		return;
	if (w.from < 0)
		request_fail(r, "invalid-params", "from: expected a number from 0");
	else
		streams_start(&s->streams, r, &w);
	logname_free(&w.name);
}

static void
log_read(void *self, struct request *r)
{
	begin_stream(self, r, (struct stream_wish){ .from = request_integer(r, "from", 0),
	    .to = request_integer(r, "to", -1), .times = flag(r, "times"),
	    .packed = flag(r, "packed") });
}

static void
log_follow(void *self, struct request *r)
{
	begin_stream(self, r, (struct stream_wish){ .from = request_integer(r, "from", 0), .to = -1,
	    .times = flag(r, "times"), .follow = true, .wait = flag(r, "wait") });
}

static void
removed(void *arg, const struct logname *n)
{
	struct log_server *s = arg;
	AUTO_BYTES line = { 0 };

	emit_event(&line, "log/removed");
	emit_text(&line, "build", n->build);
	if (n->run > 0)
		emit_integer(&line, "run", n->run);
	if (n->job != NULL)
		emit_text(&line, "job", n->job);
	if (n->job != NULL && n->attempt > 0)
		emit_integer(&line, "attempt", n->attempt);
	emit_line(&line);
	news_post(s->news, (struct span){ line.data, line.len });
}

static void
log_remove(void *self, struct request *r)
{
	struct log_server *s = self;
	struct logname n;

	if (name_of(r, &n) < 0)
		return;
	inventory_remove(s->inventory, r, &n);
	logname_free(&n);
}

static void
status_entry(struct bytes *into, const struct entry *x)
{
	int64_t size = writers_size(x), elapsed = kernel.now() - x->opened;

	if (into->len > 1)
		bytes_char(into, ',');
	emit_open(into);
	logname_emit(into, &x->name);
	emit_integer(into, "bytes", size);
	emit_integer(into, "rate", elapsed > 0 ?
	    (int64_t)((double)(size - x->opened_at) * 1e9 / (double)elapsed) : 0);
	bytes_char(into, '}');
}

static int
log_status(void *self, struct bytes *into, struct error *e)
{
	struct log_server *s = self;
	AUTO_BYTES open = { 0 };

	(void)e;
	bytes_char(&open, '[');
	for (const struct entry *x = s->writers.entries; x != NULL; x = x->next) {
		if (!x->cut)
			status_entry(&open, x);
	}
	bytes_char(&open, ']');
	emit_raw(into, "open", (struct span){ open.data, open.len });
	emit_integer(into, "followers", (int64_t)s->streams.n);
	emit_integer(into, "bytes", (int64_t)s->streams.bytes);
	emit_integer(into, "closed", (int64_t)s->writers.closed);
	return 0;
}

static void
gone(void *self, uint64_t connection)
{
	struct log_server *s = self;

	writers_lost(&s->writers, connection);
}

static const struct service_method methods[] = {
	{ "log/open", log_open },
	{ "log/append", log_append },
	{ "log/close", log_close },
	{ "log/get", log_get },
	{ "log/list", log_list },
	{ "log/read", log_read },
	{ "log/follow", log_follow },
	{ "log/remove", log_remove },
};

static void
finish(void *self)
{
	struct log_server *s = self;

	streams_finish(&s->streams);
}

const struct service log_service = {
	.contract = &contract_log,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.data = data_came,
	.gone = gone,
	.status = log_status,
	.finish = finish,
};

static void
on_opened(void *arg, const struct logname *n, int64_t size)
{
	struct log_server *s = arg;
	AUTO_BYTES line = { 0 };

	emit_event(&line, "log/opened");
	logname_emit(&line, n);
	emit_integer(&line, "at", size);
	emit_line(&line);
	news_post(s->news, (struct span){ line.data, line.len });
	streams_opened(&s->streams, n);
}

static void
on_closed(void *arg, const struct logname *n, const struct stored_state *state)
{
	struct log_server *s = arg;
	AUTO_BYTES line = { 0 };

	emit_event(&line, "log/closed");
	logname_emit(&line, n);
	emit_integer(&line, "bytes", state->size);
	emit_bool(&line, "truncated", state->truncated);
	emit_line(&line);
	news_post(s->news, (struct span){ line.data, line.len });
	streams_look(&s->streams, n);
}

static void
limited(void *arg, const struct error *why)
{
	(void)arg;
	option_complain("mci-log", why);
}

int
log_server_open(struct log_server *s, struct loop *loop, const char *dir, const char *events,
    int64_t patience, struct error *e)
{
	*s = (struct log_server){ .loop = loop };
	if (logdir_open(&s->logdir, dir, true, true, e) < 0)
		return -1;
	s->watcher = watcher_new(loop, limited, NULL);
	s->writers = (struct writers){ .loop = loop, .logdir = &s->logdir, .watcher = s->watcher,
		.patience = patience, .on_opened = on_opened, .on_closed = on_closed, .arg = s };
	s->streams = (struct streams){ .loop = loop, .logdir = &s->logdir, .watcher = s->watcher,
		.writers = &s->writers };
	s->offload = offload_new(loop, e);
	if (s->offload == NULL)
		return -1;
	s->closing = closing_new(s->offload, &s->logdir);
	s->inventory = inventory_new(&(struct inventory_place){
	    s->offload, &s->logdir, &s->writers, removed, s });
	if (events != NULL && (s->news = news_new(loop, "mci-log", events, e)) == NULL)
		return -1;
	return writers_recover(&s->writers, e);
}

void
log_server_close(struct log_server *s)
{
	streams_free(&s->streams);
	offload_free(s->offload);
	inventory_free(s->inventory);
	closing_free(s->closing);
	writers_free(&s->writers);
	news_free(s->news);
	watcher_free(s->watcher);
	logdir_close(&s->logdir);
}
