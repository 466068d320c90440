#include "logservice.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "client.h"
#include "emit.h"
#include "memory.h"
#include "number.h"

/* A server answers within a millisecond; one that does not in this time is as good as gone. */
#define PATIENCE (5 * SECOND)

struct logservice {
	struct loop *loop;
	const char *address;
	struct client *client; /* NULL until a log is opened */
};

struct opening {
	struct logservice *service;
	int64_t call;
	char *job;
	logservice_opened *opened;
	void *arg;
};

struct logservice *
logservice_new(struct loop *loop, const char *address)
{
	struct logservice *s = xmalloc(sizeof(*s));

	*s = (struct logservice){ .loop = loop, .address = address };
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
opening_free(struct opening *o)
{
	free(o->job);
	free(o);
}

static void
answered(void *arg, struct span result, const struct error *e)
{
	struct opening *o = arg;
	int fds[2] = { -1, -1 };
	struct error why = *e;

	(void)result;
	if (why.code == ERROR_NONE && client_fds(o->service->client, fds, 2) < 2) {
		memory_close(&fds[0]);
		no_files(o->service, &why);
	}
	if (why.code != ERROR_NONE)
		error_before(&why, "open the log of %s: ", o->job);
	o->opened(o->arg, fds, &why);
	opening_free(o);
}

/* Which build this is, and which run of it: the first where nobody says so. */
static int
build_named(const char **build, int64_t *run, struct error *e)
{
	const char *text = getenv("MCI_RUN");

	*build = getenv("MCI_BUILD_ID");
	*run = 1;
	if (*build == NULL)
		return error_set(e, ERROR_INPUT, "--log: MCI_BUILD_ID does not say which build this is");
	if (text != NULL && number_parse(text, strlen(text), 1, INT32_MAX, run, e) < 0)
		return error_before(e, "--log: MCI_RUN: ");
	return 0;
}

static void
params_write(struct bytes *into, const char *build, int64_t run, const char *job, int attempt)
{
	emit_open(into);
	emit_text(into, "build", build);
	emit_integer(into, "run", run);
	emit_text(into, "job", job);
	emit_integer(into, "attempt", attempt);
	emit_bool(into, "files", true);
	bytes_char(into, '}');
}

struct opening *
logservice_open(struct logservice *s, const char *job, int attempt, logservice_opened *opened, void *arg,
    struct error *e)
{
	static const struct client_wish wish = { .again = CLIENT_ONCE, .limit = PATIENCE };
	AUTO_BYTES params = { 0 };
	struct opening *o;
	const char *build;
	int64_t run;

	if (build_named(&build, &run, e) < 0)
		return NULL;
	if (reach(s, e) < 0) {
		error_before(e, "open the log of %s: ", job);
		return NULL;
	}
	params_write(&params, build, run, job, attempt);
	o = xmalloc(sizeof(*o));
	*o = (struct opening){ .service = s, .job = xstrdup(job), .opened = opened, .arg = arg };
	o->call = client_call(s->client, "log/open", (struct span){ params.data, params.len }, &wish,
	    answered, o);
	return o;
}

void
logservice_cancel(struct opening *o)
{
	client_cancel(o->service->client, o->call);
	opening_free(o);
}

void
logservice_free(struct logservice *s)
{
	if (s == NULL)
		return;
	client_close(s->client);
	free(s);
}
