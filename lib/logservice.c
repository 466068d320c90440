#include "logservice.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "client.h"
#include "emit.h"
#include "memory.h"

/* A server answers within a millisecond; one that does not in this time is as good as gone. */
#define PATIENCE (5 * SECOND)

struct logservice {
	struct loop *loop;
	const char *address, *build;
	int run;
	bool insists;
	struct client *client; /* NULL until a log is opened */
};

struct logservice_call {
	struct logservice *service;
	int64_t call;
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
	bool socket;

	if (s->client != NULL)
		return 0;
	if (address_parse(&a, s->address, e) < 0)
		return -1;
	socket = a.kind == ADDRESS_UNIX;
	address_free(&a);
	if (!socket)
		return no_files(s, e);
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
call(struct logservice *s, const char *method, const char *job, int attempt, const char *more,
    client_done *done)
{
	/* what is asked may be asked again: opening goes on with what was opened, and nobody heard of it */
	const struct client_wish wish = { .again = s->insists ? CLIENT_INSIST : CLIENT_ONCE,
		.limit = s->insists ? CLIENT_FOREVER : PATIENCE };
	struct logservice_call *c = xmalloc(sizeof(*c));
	AUTO_BYTES params = { 0 };

	*c = (struct logservice_call){ .service = s, .log = xstrdup(job != NULL ? job : "the script") };
	emit_open(&params);
	emit_text(&params, "build", s->build);
	emit_integer(&params, "run", s->run);
	if (job != NULL)
		emit_text(&params, "job", job);
	if (job != NULL)
		emit_integer(&params, "attempt", attempt);
	bytes_text(&params, more);
	bytes_char(&params, '}');
	c->call = client_call(s->client, method, (struct span){ params.data, params.len }, &wish, done, c);
	return c;
}

struct logservice_call *
logservice_open(struct logservice *s, const char *job, int attempt, logservice_opened *told, void *arg,
    struct error *e)
{
	struct logservice_call *c;

	if (reach(s, e) < 0) {
		error_before(e, "open the log of %s: ", job != NULL ? job : "the script");
		return NULL;
	}
	c = call(s, "log/open", job, attempt,
	    s->insists ? ",\"files\":true,\"resume\":true" : ",\"files\":true", opened);
	c->opened = told;
	c->arg = arg;
	return c;
}

struct logservice_call *
logservice_close(struct logservice *s, const char *job, int attempt, logservice_closed *told, void *arg)
{
	struct logservice_call *c = call(s, "log/close", job, attempt, "", closed);

	c->closed = told;
	c->arg = arg;
	return c;
}

void
logservice_cancel(struct logservice_call *c)
{
	client_cancel(c->service->client, c->call);
	call_free(c);
}

void
logservice_free(struct logservice *s)
{
	if (s == NULL)
		return;
	client_close(s->client);
	free(s);
}
