#include "remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bytes.h"
#include "call.h"
#include "connect.h"
#include "logdir.h"
#include "dial.h"
#include "emit.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "output.h"
#include "rpc.h"
#include "scan.h"
#include "standard.h"
#include "timestamp.h"

void
outage_told(struct outage *o, const struct error *why)
{
	struct outage *whole = o->whole != NULL ? o->whole : o;
	bool lost = why != NULL;

	if (o->lasts == lost)
		return;
	o->lasts = lost;
	whole->parts += lost ? 1 : -1;
	if (whole->quiet)
		return;
	if (lost && whole->parts == 1)
		fprintf(stderr, "mci-log: %s: lost (%s); trying again\n", whole->address, why->text);
	if (!lost && whole->parts == 0)
		fprintf(stderr, "mci-log: %s: there again\n", whole->address);
}

/* Nobody waits for it any more. */
static void
outage_forget(struct outage *o)
{
	if (o->lasts && o->whole != NULL)
		o->whole->parts--;
	o->lasts = false;
}

static void
told(void *arg, const struct error *why)
{
	outage_told(arg, why);
}

const struct client_events outage_events = { .outage = told };

struct remote {
	struct remote_wish wish;
	struct dial dial;
	const struct remote_events *events;
	void *arg;
	struct outage outage;
	int run, attempt;         /* those that are read, also when others begin meanwhile */
	int64_t at;               /* the next byte that is wanted */
	bool begun;               /* the stream was there once, or is waited for */
	int64_t when;             /* of the chunk that comes */
	uint32_t stream;
};

static int open_link(struct remote *r, struct error *e);

static void
over(struct remote *r, const struct remote_end *end, const struct error *e)
{
	dial_drop(&r->dial);
	r->events->over(r->arg, end, e);
}

static void
fail(struct remote *r, const struct error *e)
{
	over(r, &(struct remote_end){ 0 }, e);
}

/* It was there once, and is tried again. */
static void
put_off(struct remote *r, const struct error *why)
{
	outage_told(&r->outage, why);
	dial_pause(&r->dial);
}

static void
again(void *arg)
{
	struct remote *r = arg;
	struct error e;

	if (open_link(r, &e) < 0)
		put_off(r, &e);
}

static void
reply_came(struct remote *r, const struct message *m)
{
	struct error e;

	if (m->kind == MESSAGE_REPLY && m->error.n == 0) {
		r->begun = true;
		backoff_over(&r->dial.backoff);
		outage_told(&r->outage, NULL);
		return;
	}
	rpc_reply_error(m, &e);
	if (r->begun && rpc_passing(&e)) {
		dial_drop(&r->dial);
		put_off(r, &e);
	} else {
		fail(r, &e);
	}
}

/* What a chunk says of its bytes. The server must go on where we are. */
static void
chunk_came(struct remote *r, struct link *l, const struct message *m)
{
	struct error e;

	if (message_integer(m->line, "offset", -1) != r->at) {
		error_set(&e, ERROR_INPUT, "%s: sent bytes that were not asked for", r->wish.address);
		fail(r, &e);
		return;
	}
	r->run = (int)message_integer(m->line, "run", r->run);
	r->attempt = (int)message_integer(m->line, "attempt", r->attempt);
	r->when = 0;
	if (m->time.n > 0)
		(void)timestamp_parse(m->time.p, m->time.n, &r->when, NULL);
	r->stream = (uint32_t)message_integer(m->line, "stream", 0);
	link_data(l, (uint64_t)message_integer(m->line, "data", 0));
}

static void
line_came(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct remote *r = arg;
	struct message m;
	struct error e = { 0 };

	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (message_read(&m, line.p, line.n, &e) < 0) {
		error_before(&e, "%s: ", r->wish.address);
		fail(r, &e);
	} else if (m.kind == MESSAGE_REPLY) {
		reply_came(r, &m);
	} else if (span_is(m.type, "log/chunk")) {
		chunk_came(r, l, &m);
	} else if (span_is(m.type, "eof")) {
		over(r, &(struct remote_end){ message_integer(m.line, "bytes", 0),
		    message_true(m.line, "truncated") }, &e);
	}
}

static void
data_came(void *arg, struct link *l, struct span piece, uint64_t left)
{
	struct remote *r = arg;
	struct error e = { 0 };

	(void)l;
	(void)left;
	r->at += (int64_t)piece.n;
	if (r->events->bytes(r->arg, piece, r->when, r->stream, &e) < 0)
		fail(r, &e);
}

static void
closed(void *arg, struct link *l, const struct error *why)
{
	struct remote *r = arg;
	struct error e = *why;

	(void)l;
	dial_lost(&r->dial);
	if (e.code == ERROR_NONE)
		error_set(&e, ERROR_DISCONNECTED, "the other end closed the connection");
	if (r->begun) {
		put_off(r, &e);
		return;
	}
	e.code = ERROR_DISCONNECTED;
	error_before(&e, "%s: ", r->wish.address);
	fail(r, &e);
}

static const struct link_events events = { .line = line_came, .data = data_came, .closed = closed };

static int
open_link(struct remote *r, struct error *e)
{
	const struct remote_wish *w = &r->wish;
	struct logname name = *w->name;
	AUTO_BYTES params = { 0 }, line = { 0 };

	name.run = r->run;
	name.attempt = r->attempt;
	if (dial_now(&r->dial, e) < 0)
		return -1;
	logname_open(&params, &name);
	emit_integer(&params, "from", r->at);
	if (w->times)
		emit_bool(&params, "times", true);
	if (w->follow)
		emit_bool(&params, "wait", true);
	else if (w->to >= 0)
		emit_integer(&params, "to", w->to);
	bytes_char(&params, '}');
	rpc_request(&line, 1, w->follow ? "log/follow" : "log/read",
	    (struct span){ params.data, params.len });
	link_send(r->dial.link, line.data, line.len);
	return 0;
}

struct remote *
remote_open(struct loop *loop, const struct remote_wish *w, const struct remote_events *said,
    void *arg, struct error *e)
{
	struct remote *r = xmalloc(sizeof(*r));

	*r = (struct remote){ .wish = *w, .events = said, .arg = arg, .at = w->from,
		.run = w->name->run, .attempt = w->name->attempt, .begun = w->patient,
		.outage = { .address = w->address, .quiet = w->quiet, .whole = w->whole } };
	if (dial_init(&r->dial, loop, w->address, &events, again, r, e) == 0) {
		if (open_link(r, e) == 0)
			return r;
		if (w->patient && rpc_passing(e)) {
			put_off(r, e);
			return r;
		}
		dial_close(&r->dial);
	}
	free(r);
	return NULL;
}

void
remote_close(struct remote *r)
{
	if (r == NULL)
		return;
	outage_forget(&r->outage);
	dial_close(&r->dial);
	free(r);
}

/* A remote on a loop of its own. */
struct alone {
	struct loop *loop;
	remote_bytes *bytes;
	void *arg;
	struct remote_end end;
	struct error e;
};

static int
alone_bytes(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct alone *a = arg;

	return a->bytes(a->arg, piece, when, stream, e);
}

static void
alone_over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct alone *a = arg;

	a->end = *end;
	a->e = *e;
	loop_stop(a->loop, 0);
}

/* Until it is over. watch: ends with whoever reads standard output (SIGPIPE). 0 or -1. */
static int
run(const struct remote_wish *w, bool watch, remote_bytes *bytes, void *arg, struct remote_end *end,
    struct error *e)
{
	static const struct remote_events said = { alone_bytes, alone_over };
	struct alone a = { .loop = loop_new(e), .bytes = bytes, .arg = arg };
	struct remote *r = a.loop == NULL ? NULL : remote_open(a.loop, w, &said, &a, e);
	int result = r == NULL ? -1 : 0;

	if (a.loop == NULL)
		return -1;
	if (result == 0 && watch)
		output_watch(a.loop);
	if (result == 0)
		result = loop_run(a.loop, e);
	remote_close(r);
	connect_reap(a.loop);
	loop_free(a.loop);
	*end = a.end;
	if (result == 0 && a.e.code == ERROR_NONE)
		return 0;
	if (result == 0)
		*e = a.e;
	return -1;
}

#define NICE 10

static int
show_bytes(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct output *out = arg;

	(void)when;
	(void)stream;
	if (out->terminal) {
		output_text(out, piece);
		return output_flush(out, e);
	}
	return standard_write(STDOUT_FILENO, piece.p, piece.n) == 0 ? 0 :
	    error_sys(e, "write standard output");
}

int
remote_show(const struct remote_wish *w, struct output *out, struct error *e)
{
	struct remote_end end;

	/* reading what a job prints must not slow the job */
	if (w->follow)
		setpriority(PRIO_PROCESS, 0, NICE);
	if (run(w, true, show_bytes, out, &end, e) < 0)
		return -1;
	if (end.truncated)
		output_note(out, "%s%s%s: the log is truncated: %lld bytes were kept", w->name->build,
		    w->name->job == NULL ? "" : "/", w->name->job == NULL ? "" : w->name->job,
		    (long long)end.bytes);
	return 0;
}

struct copy {
	struct logname name;
	const char *address;
	struct outage *outage;        /* of the server there; or NULL */
	struct logfile_writer writer; /* fd -1: closed */
	struct remote *remote;        /* NULL: nothing more is asked for */
	struct source *source;        /* grows with it; or NULL */
	struct error why;             /* that nothing more comes */
};

static int
copies_open(struct copies *c, struct error *e)
{
	const char *parent = getenv("TMPDIR");

	if (c->scratch.path != NULL)
		return 0;
	c->folders = (struct folders)FOLDERS_NONE;
	parent = parent == NULL || *parent == '\0' ? "/tmp" : parent;
	return scratch_make(&c->scratch, parent, "mci-log", NULL, e) < 0 ? -1 :
	    logdir_open(&c->logdir, c->scratch.path, false, false, e);
}

static int
copy_bytes(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct copy *x = arg;

	if (x->source != NULL)
		x->source->dirty = true;
	return logfile_write_at(&x->writer, when > 0 ? when : kernel.wall(), piece.p, piece.n, stream, e);
}

static void
copy_over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct copy *x = arg;

	x->why = *e;
	x->writer.dropped = end->truncated;
	remote_close(x->remote);
	x->remote = NULL;
	if (x->source != NULL)
		x->source->dirty = true;
}

/* For what is behind the bytes that are there. Who follows waits for the server. */
static struct remote_wish
rest_of(const struct copy *x, bool follow)
{
	return (struct remote_wish){ .address = x->address, .name = &x->name, .from = x->writer.size,
		.to = -1, .times = true, .follow = follow, .patient = x->source != NULL,
		.quiet = option_common.quiet, .whole = x->outage };
}

/* What is stored now, behind what is there already. */
static int
copy_more(struct copy *x, struct remote_end *end, struct error *e)
{
	const struct remote_wish w = rest_of(x, false);

	return run(&w, x->source != NULL, copy_bytes, x, end, e);
}

static struct copy *
copy_new(struct copies *c, const struct logname *n, struct error *e)
{
	struct copy *x = xmalloc(sizeof(*x));
	struct stored files;

	*x = (struct copy){ .address = c->address, .outage = c->outage, .writer = { .fd = -1, .index = -1 } };
	logname_copy(&x->name, n);
	if (logdir_write(&c->logdir, &x->name, false, &files, e) == 0 &&
	    logfile_adopt(&x->writer, files.log, files.index, n->build, e) == 0)
		return x;
	copy_free(x);
	return NULL;
}

void
copy_free(struct copy *x)
{
	if (x == NULL)
		return;
	remote_close(x->remote);
	if (x->writer.fd >= 0)
		logfile_leave(&x->writer);
	logname_free(&x->name);
	free(x);
}

/* Waits for the rest of what is stored now, unless all is there. 0, or -1 also when it failed earlier. Frees
 * it. */
static int
copy_finish(struct copy *x, bool whole, struct error *e)
{
	struct remote_end end;
	int result = 0;

	if (whole && x->why.code != ERROR_NONE) {
		*e = x->why;
		result = -1;
	} else if (!whole) {
		remote_close(x->remote);
		x->remote = NULL;
		result = copy_more(x, &end, e);
		x->writer.dropped = result == 0 && end.truncated;
	}
	if (result == 0)
		result = logfile_close(&x->writer, e);
	copy_free(x);
	return result;
}

/* Fetches the log of that name and attempt. */
static int
copies_log(struct copies *c, const struct logname *n, struct error *e)
{
	struct copy *x = copy_new(c, n, e);

	return x == NULL ? -1 : copy_finish(x, false, e);
}

/* What is there now, or as it comes. */
static int
fetch_source(struct copies *c, struct source *s, const struct logname *n, struct error *e)
{
	static const struct remote_events copying = { copy_bytes, copy_over };
	struct remote_end end;
	struct remote_wish w;

	if (c->loop == NULL || s->ended) {
		s->fetched = true;
		return copies_log(c, n, e);
	}
	s->copy = copy_new(c, n, e);
	if (s->copy == NULL)
		return -1;
	s->copy->source = s;
	/* what is asked for from the end on begins in what is there by now */
	if (copy_more(s->copy, &end, e) == 0 || e->code == ERROR_NOT_FOUND) {
		w = rest_of(s->copy, true);
		s->copy->remote = remote_open(c->loop, &w, &copying, s->copy, e);
	}
	if (s->copy->remote != NULL)
		return 0;
	copy_free(s->copy);
	s->copy = NULL;
	return -1;
}

/* The source is looked for where it was fetched to; the folder is there with the first log. */
static int
look_there(struct copies *c, struct source *s, struct error *e)
{
	struct error why;

	if (c->folders.own.live < 0)
		c->folders = logdir_build(&c->logdir, c->build);
	if (s->job == NULL && c->folders.own.live >= 0) {
		s->folders = &c->folders.own;
		return 0;
	}
	s->folders = &folders_logs(&c->folders, s->run, &why)->at;
	if (why.code == ERROR_NONE)
		return 0;
	*e = why;
	return -1;
}

int
copies_get(struct copies *c, struct source *s, struct error *e)
{
	struct logname n = { 0 };
	int result = 0;

	if (s->copy != NULL && s->ended) {
		result = copy_finish(s->copy, s->copy->remote == NULL, e);
		s->copy = NULL;
		s->fetched = true;
		/* it never began */
		if (result < 0 && e->code == ERROR_NOT_FOUND)
			result = 0;
	} else if (s->copy == NULL && source_open(s, e) == 0) {
		result = logname_set(&n, c->build, s->run, s->job, s->attempt, e);
		if (result == 0 && (result = copies_open(c, e)) == 0)
			result = fetch_source(c, s, &n, e);
		logname_free(&n);
		/* it may have been removed there: the rest says what is missing */
		if (result == 0 || e->code == ERROR_NOT_FOUND)
			result = look_there(c, s, e);
	}
	return result < 0 ? error_before(e, "%s is kept by the log server %s: ", s->name, c->address) : 0;
}

static int
ask(const char *address, const char *method, const struct logname *n, struct bytes *result,
    struct error *e)
{
	AUTO_BYTES params = { 0 };

	bytes_char(&params, '{');
	logname_emit(&params, n);
	bytes_char(&params, '}');
	return call_once(address, method, (struct span){ params.data, params.len }, -1, result, e);
}

/* One entry of log/list. */
static int
fetch_entry(struct copies *c, const char *build, int64_t run, struct span entry, struct error *e)
{
	AUTO_BYTES job = { 0 };
	struct scan_value v;
	struct logname n;
	bool named = message_member(entry.p, entry.n, "job", &v, NULL) == 1 &&
	    scan_text(&v, &job, NULL) == 0;
	int result = logname_set(&n, build, run, named ? bytes_string(&job) : NULL,
	    message_integer(entry, "attempt", 1), e);

	if (result == 0)
		result = copies_log(c, &n, e);
	logname_free(&n);
	return result;
}

static int
fetch_build(struct copies *c, const struct logname *n, struct error *e)
{
	struct logname build = { .build = n->build, .run = n->run };
	AUTO_BYTES reply = { 0 };
	struct scan_value logs;
	struct scan s;
	struct scan_member entry;
	int64_t run;

	if (ask(c->address, "log/list", &build, &reply, e) < 0)
		return -1;
	if (message_member(reply.data, reply.len, "logs", &logs, e) != 1 ||
	    scan_open(&s, logs.raw.p, logs.raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "%s: log/list: a reply without logs", c->address);
	run = message_integer((struct span){ reply.data, reply.len }, "run", 1);
	while (scan_next(&s, &entry, e) > 0) {
		if (fetch_entry(c, n->build, run, entry.value.raw, e) < 0)
			return -1;
	}
	return 0;
}

int
copies_fetch(struct copies *c, const char *text, int64_t attempt, struct error *e)
{
	AUTO_BYTES reply = { 0 };
	struct logname n;
	int result = logname_parse(&n, text, e);

	if (result == 0 && attempt > 0)
		n.attempt = (int)attempt;
	if (result == 0)
		result = copies_open(c, e);
	if (result == 0 && n.job == NULL) {
		result = fetch_build(c, &n, e);
	} else if (result == 0 && (result = ask(c->address, "log/get", &n, &reply, e)) == 0) {
		struct span got = { reply.data, reply.len };

		n.run = (int)message_integer(got, "run", 1);
		n.attempt = (int)message_integer(got, "attempt", 1);
		result = copies_log(c, &n, e);
	}
	logname_free(&n);
	return result;
}

void
copies_close(struct copies *c)
{
	if (c->scratch.path != NULL) {
		folders_close(&c->folders);
		logdir_close(&c->logdir);
	}
	scratch_remove(&c->scratch);
}
