#include "logservice.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "client.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "logindex.h"
#include "logsend.h"
#include "memory.h"
#include "scratch.h"

/* A server answers within a millisecond; one that does not in this time is as good as gone. */
#define PATIENCE (5 * SECOND)
/* How often the files of a log that is sent are looked at. */
#define LOOK (100 * MILLISECOND)

struct logservice {
	struct loop *loop;
	const char *address, *build;
	int run;
	bool insists;
	struct client *client; /* NULL until a log is opened */
	bool files;            /* the server hands them over */
	struct sent *sent;
};

/* A log whose files are nobody's but ours, and which is sent (logsend.h). */
struct sent {
	struct logservice *service;
	struct logservice_call *call; /* what is waited for, or NULL */
	struct logsend *send;
	char *job;           /* NULL: the script's */
	int attempt;
	int log, index;      /* for reading */
	int files[2];        /* for whoever writes; -1 once they were handed over */
	struct loop_timer *look;
	bool over;           /* before anybody waited for it: why */
	struct error why;
	struct sent *next;
};

struct logservice_call {
	struct logservice *service;
	int64_t call;      /* 0 of a log that is sent */
	struct sent *sent; /* NULL of one whose files the server gives */
	char *log; /* for messages */
	logservice_opened *opened;
	logservice_closed *closed;
	void *arg;
};

struct logservice *
logservice_new(struct loop *loop, const char *address, const char *build, int run, bool insists)
{
	struct logservice *s = xmalloc(sizeof(*s));

	*s = (struct logservice){ .loop = loop, .address = address, .build = build, .run = run,
		.insists = insists };
	return s;
}

static int
no_files(const struct logservice *s, struct error *e)
{
	return error_set(e, ERROR_REFUSED, "%s: gives no files: expected a Unix socket of mci-log serve",
	    s->address);
}

/* Files come over Unix sockets alone. */
static int
reach(struct logservice *s, struct error *e)
{
	struct address a;

	if (s->client != NULL)
		return 0;
	if (address_parse(&a, s->address, e) < 0)
		return -1;
	s->files = a.kind == ADDRESS_UNIX;
	address_free(&a);
	s->client = client_open(s->loop, s->address, NULL, NULL, e);
	return s->client == NULL ? -1 : 0;
}

static void
call_free(struct logservice_call *c)
{
	free(c->log);
	free(c);
}

static void
opened(void *arg, struct span result, const struct error *e)
{
	struct logservice_call *c = arg;
	int fds[2] = { -1, -1 };
	struct error why = *e;

	(void)result;
	if (why.code == ERROR_NONE && client_fds(c->service->client, fds, 2) < 2) {
		memory_close(&fds[0]);
		no_files(c->service, &why);
	}
	if (why.code != ERROR_NONE)
		error_before(&why, "open the log of %s: ", c->log);
	c->opened(c->arg, fds, &why);
	call_free(c);
}

static void
closed(void *arg, struct span result, const struct error *e)
{
	struct logservice_call *c = arg;
	struct error why = *e;

	(void)result;
	if (why.code != ERROR_NONE)
		error_before(&why, "close the log of %s: ", c->log);
	c->closed(c->arg, &why);
	call_free(c);
}

static struct logservice_call *
call_new(struct logservice *s, const char *job)
{
	struct logservice_call *c = xmalloc(sizeof(*c));

	*c = (struct logservice_call){ .service = s, .log = xstrdup(job != NULL ? job : "the script") };
	return c;
}

/* {"build":...,"attempt":N */
static void
name_open(const struct logservice *s, struct bytes *params, const char *job, int attempt)
{
	emit_open(params);
	emit_text(params, "build", s->build);
	emit_integer(params, "run", s->run);
	if (job != NULL)
		emit_text(params, "job", job);
	if (job != NULL)
		emit_integer(params, "attempt", attempt);
}

static struct logservice_call *
call(struct logservice *s, const char *method, const char *job, int attempt, const char *more,
    client_done *done)
{
	/* what is asked may be asked again: opening goes on with what was opened, and nobody heard of it */
	const struct client_wish wish = { .again = s->insists ? CLIENT_INSIST : CLIENT_ONCE,
		.limit = s->insists ? CLIENT_FOREVER : PATIENCE };
	struct logservice_call *c = call_new(s, job);
	AUTO_BYTES params = { 0 };

	name_open(s, &params, job, attempt);
	bytes_text(&params, more);
	bytes_char(&params, '}');
	c->call = client_call(s->client, method, (struct span){ params.data, params.len }, &wish, done, c);
	return c;
}

/* ---- logs that are sent */

static void
sent_free(struct sent *x)
{
	struct sent **at = &x->service->sent;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	loop_cancel(x->service->loop, x->look);
	logsend_free(x->send);
	for (int i = 0; i < 2; i++)
		memory_close(&x->files[i]);
	memory_close(&x->log);
	memory_close(&x->index);
	free(x->job);
	free(x);
}

/* Nothing tells when the files grow. */
static void
sent_look(void *arg)
{
	struct sent *x = arg;

	x->look = loop_after(x->service->loop, LOOK, sent_look, x);
	logsend_feed(x->send);
}

static void
sent_opened(void *arg)
{
	struct sent *x = arg;
	struct logservice_call *c = x->call;
	int fds[2] = { x->files[0], x->files[1] };

	x->files[0] = x->files[1] = -1;
	x->call = NULL;
	x->look = loop_after(x->service->loop, LOOK, sent_look, x);
	if (c == NULL) {
		memory_close(&fds[0]);
		memory_close(&fds[1]);
		return;
	}
	c->opened(c->arg, fds, &(struct error){ 0 });
	call_free(c);
}

static void
sent_over(void *arg, const struct error *why)
{
	struct sent *x = arg;
	struct logservice_call *c = x->call;
	const int none[2] = { -1, -1 };
	struct error e = *why;

	if (c == NULL) {
		/* whoever closes it hears of it then */
		loop_cancel(x->service->loop, x->look);
		x->look = NULL;
		x->why = e;
		x->over = true;
		return;
	}
	sent_free(x);
	if (e.code != ERROR_NONE)
		error_before(&e, "%s the log of %s: ", c->opened != NULL ? "open" : "close", c->log);
	if (c->opened != NULL)
		c->opened(c->arg, none, &e);
	else
		c->closed(c->arg, &e);
	call_free(c);
}

static struct logservice_call *
sent_new(struct logservice *s, const char *job, int attempt, struct error *e)
{
	static const struct logsend_events events = { .opened = sent_opened, .over = sent_over };
	struct sent *x = xmalloc(sizeof(*x));
	AUTO_BYTES name = { 0 };

	*x = (struct sent){ .service = s, .job = job == NULL ? NULL : xstrdup(job), .attempt = attempt,
		.log = -1, .index = -1, .files = { -1, -1 }, .next = s->sent };
	s->sent = x;
	x->files[0] = scratch_file(&x->log, e);
	x->files[1] = x->files[0] < 0 ? -1 : scratch_file(&x->index, e);
	if (x->files[1] < 0) {
		sent_free(x);
		return NULL;
	}
	name_open(s, &name, job, attempt);
	x->send = logsend_new(s->loop, &(struct logsend_wish){ .client = s->client,
		.name = { name.data + 1, name.len - 1 }, .log = x->log, .index = x->index,
		.resume = s->insists, .patient = s->insists }, &events, x);
	x->call = call_new(s, job);
	x->call->sent = x;
	return x->call;
}

static struct sent *
sent_find(const struct logservice *s, const char *job, int attempt)
{
	struct sent *x = s->sent;

	while (x != NULL && (x->attempt != attempt ||
	    (job == NULL || x->job == NULL ? job != x->job : strcmp(x->job, job) != 0)))
		x = x->next;
	return x;
}

static void
sent_late(void *arg)
{
	struct sent *x = arg;
	struct error why = x->why;

	x->look = NULL;
	sent_over(x, &why);
}

/* Its files have their end: whether bytes are missing is in the last record. */
static struct logservice_call *
sent_close(struct sent *x)
{
	struct logfile_record last = { 0 };
	off_t size;

	x->call = call_new(x->service, x->job);
	x->call->sent = x;
	loop_cancel(x->service->loop, x->look);
	x->look = NULL;
	(void)logindex_last(x->index, &last, &size);
	if (x->over)
		x->look = loop_after(x->service->loop, 0, sent_late, x);
	else
		logsend_finish(x->send, last.stream != LOGFILE_END || (last.flags & LOGFILE_TRUNCATED) != 0);
	return x->call;
}

/* ---- both kinds */

struct logservice_call *
logservice_open(struct logservice *s, const char *job, int attempt, logservice_opened *told, void *arg,
    struct error *e)
{
	struct logservice_call *c;

	if (reach(s, e) < 0) {
		error_before(e, "open the log of %s: ", job != NULL ? job : "the script");
		return NULL;
	}
	c = !s->files ? sent_new(s, job, attempt, e) : call(s, "log/open", job, attempt,
	    s->insists ? ",\"files\":true,\"resume\":true" : ",\"files\":true", opened);
	if (c == NULL)
		return NULL;
	c->opened = told;
	c->arg = arg;
	return c;
}

struct logservice_call *
logservice_close(struct logservice *s, const char *job, int attempt, logservice_closed *told, void *arg)
{
	struct sent *x = sent_find(s, job, attempt);
	struct logservice_call *c = x != NULL ? sent_close(x) :
	    call(s, "log/close", job, attempt, "", closed);

	c->closed = told;
	c->arg = arg;
	return c;
}

void
logservice_cancel(struct logservice_call *c)
{
	client_cancel(c->service->client, c->call);
	if (c->sent != NULL)
		c->sent->call = NULL;
	call_free(c);
}

void
logservice_free(struct logservice *s)
{
	if (s == NULL)
		return;
	while (s->sent != NULL)
		sent_free(s->sent);
	client_close(s->client);
	free(s);
}
