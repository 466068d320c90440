#include "exchange.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "kernel.h"
#include "memory.h"

/* An answer of so many bytes is as little as what the connection itself takes. */
#define SMALL ((size_t)4 * 1024)

static const char *const verbs[HTTP_VERBS] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS",
	"OTHER" };

const char *
http_verb_name(enum http_verb verb)
{
	return verbs[verb];
}

/* ---- its course */

struct exchange *
exchange_new(struct MHD_Connection *connection, const char *uri)
{
	struct exchange *x = xmalloc(sizeof(*x));
	const char *mark = strchr(uri, '?');

	*x = (struct exchange){ .connection = connection, .began = kernel.now() };
	x->path = mark == NULL ? xstrdup(uri) : xmemdup(uri, (size_t)(mark - uri));
	x->query = mark == NULL ? NULL : xstrdup(mark + 1);
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x->watched)
		loop_forget(x->loop, x->fd);
	if (x->source != NULL || x->patient)
		MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, HTTP_IDLE);
	/* the daemon lets go of the answer behind this: it is not what tells of its end */
	if (x->source != NULL && x->source->over != NULL)
		x->source->over(x->arg);
	for (size_t i = 0; i < x->nfields; i++) {
		free(x->fields[i].name);
		free(x->fields[i].value);
	}
	free(x->fields);
	if (x->response != NULL)
		MHD_destroy_response(x->response);
	if (x->admitted > 0)
		budget_release(x->admitted);
	if (x->held.bytes > 0)
		budget_hold(&x->held, 0, false);
	bytes_free(&x->body);
	free(x->path);
	free(x->query);
	free(x);
}

static enum http_verb
verb_of(const char *method)
{
	enum http_verb verb = HTTP_GET;

	while (verb < HTTP_OTHER && strcmp(method, verbs[verb]) != 0)
		verb++;
	return verb;
}

void
exchange_begin(struct exchange *x, const char *method, const char *version)
{
	x->version = version;
	x->begun = true;
	x->method = method;
	x->verb = verb_of(method);
}

void
exchange_body_piece(struct exchange *x, const char *p, size_t n)
{
	if (!x->too_long && x->body.len + n <= x->taken && budget_admit(n)) {
		x->admitted += n;
		bytes_add(&x->body, p, n);
		return;
	}
	x->too_long = true;
	bytes_free(&x->body);
	x->skipped += n;
}

bool
exchange_queue(struct exchange *x)
{
	enum MHD_Result result;

	for (size_t i = 0; i < x->nfields; i++)
		MHD_add_response_header(x->response, x->fields[i].name, x->fields[i].value);
	result = MHD_queue_response(x->connection, (unsigned)x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return result == MHD_YES;
}

/* ---- for its owner */

enum http_verb
exchange_verb(const struct exchange *x)
{
	return x->verb;
}

bool
exchange_is_11(const struct exchange *x)
{
	return strcmp(x->version, "HTTP/1.1") == 0;
}

const char *
exchange_verb_text(const struct exchange *x)
{
	return x->method;
}

const char *
exchange_path(const struct exchange *x)
{
	return x->path;
}

const char *
exchange_query(const struct exchange *x)
{
	return x->query;
}

const char *
exchange_header(const struct exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

struct counting {
	const char *name;
	size_t n;
};

static enum MHD_Result
count(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct counting *c = arg;

	(void)kind;
	(void)value;
	c->n += c->name == NULL || strcasecmp(key, c->name) == 0;
	return MHD_YES;
}

bool
exchange_header_again(const struct exchange *x, const char *name)
{
	struct counting c = { .name = name };

	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count, &c);
	return c.n > 1;
}

size_t
exchange_fields(const struct exchange *x)
{
	struct counting c = { 0 };

	MHD_get_connection_values(x->connection, MHD_HEADER_KIND, count, &c);
	return c.n;
}

struct span
exchange_body(const struct exchange *x)
{
	return (struct span){ x->body.data, x->body.len };
}

const char *
exchange_from(const struct exchange *x)
{
	return x->from;
}

bool
exchange_local(const struct exchange *x)
{
	return x->local;
}

int64_t
exchange_began(const struct exchange *x)
{
	return x->began;
}

struct loop *
exchange_loop(const struct exchange *x)
{
	return x->loop;
}

void
exchange_keep(struct exchange *x, void *state)
{
	x->kept = state;
}

void *
exchange_kept(const struct exchange *x)
{
	return x->kept;
}

void
exchange_take(struct exchange *x, size_t bytes)
{
	x->taken = bytes;
}

void
exchange_pour(struct exchange *x, exchange_poured *pour)
{
	x->pour = pour;
}

void
exchange_patient(struct exchange *x)
{
	x->patient = true;
	MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, EXCHANGE_PAUSE);
}

bool
exchange_too_long(const struct exchange *x)
{
	return x->too_long;
}

void
exchange_add(struct exchange *x, const char *name, const char *value)
{
	char *copy = xstrdup(value), *to = copy;

	for (const char *p = value; *p != '\0'; p++) {
		if ((unsigned char)*p >= ' ' && *p != '\177')
			*to++ = *p;
	}
	*to = '\0';
	x->fields = xrealloc(x->fields, x->nfields + 1, sizeof(*x->fields));
	x->fields[x->nfields++] = (struct field){ xstrdup(name), copy };
}

void
exchange_suspend(struct exchange *x)
{
	x->suspended = true;
	MHD_suspend_connection(x->connection);
}

static void
resume(struct exchange *x)
{
	if (!x->suspended)
		return;
	x->suspended = false;
	MHD_resume_connection(x->connection);
	x->run(x->of);
}

static void
give(struct exchange *x, int status, const char *type, struct MHD_Response *response)
{
	x->status = status;
	x->response = response;
	if (type != NULL)
		exchange_add(x, "Content-Type", type);
	/* whoever is answered in the middle of a body is not waited for any longer */
	if (x->patient)
		MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, HTTP_IDLE);
	resume(x);
}

/* Too much is held for all: whoever has not taken its answer for the longest time gets no more of it. */
static void
give_up(struct budget_share *s)
{
	struct exchange *x = (struct exchange *)(void *)((char *)s - offsetof(struct exchange, held));

	shutdown(x->fd, SHUT_RDWR);
	/* the daemon frees it as soon as it sees that */
	budget_hold(s, 0, false);
}

void
exchange_answer(struct exchange *x, int status, const char *type, struct span body)
{
	give(x, status, type,
	    MHD_create_response_from_buffer(
		body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY));
	x->held.give_up = give_up;
	if (body.n > SMALL)
		budget_hold(&x->held, body.n, true);
}

void
exchange_answer_kept(struct exchange *x, int status, const char *type, struct span body)
{
	give(x, status, type,
	    MHD_create_response_from_buffer(
		body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT));
}

static ssize_t
stream_read(void *arg, uint64_t at, char *p, size_t n)
{
	struct exchange *x = arg;
	ssize_t got = x->left ? -2 : x->source->read(x->arg, p, n);

	(void)at;
	if (got == -1)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (got == 0)
		exchange_suspend(x);
	return got;
}

/* The daemon does not look at a connection that waits for us. */
static void
reader_left(void *arg, uint32_t events)
{
	struct exchange *x = arg;

	(void)events;
	loop_forget(x->loop, x->fd);
	x->watched = false;
	x->left = true;
	resume(x);
}

void
exchange_stream(struct exchange *x, int status, const char *type, int64_t size,
    const struct exchange_source *source, void *arg)
{
	x->source = source;
	x->arg = arg;
	x->watched = loop_watch(x->loop, x->fd, EPOLLRDHUP, reader_left, x, NULL) == 0;
	MHD_set_connection_option(x->connection, MHD_CONNECTION_OPTION_TIMEOUT, EXCHANGE_PAUSE);
	/* what comes in chunks has no use for a buffer of the answer */
	give(x, status, type,
	    MHD_create_response_from_callback(size < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)size,
		size < 0 ? 16 : 64 * 1024, stream_read, x, NULL));
}

void
exchange_wake(struct exchange *x)
{
	resume(x);
}

void
exchange_cut(struct exchange *x)
{
	x->left = true;
	resume(x);
}

int
exchange_status(const struct exchange *x)
{
	return x->status;
}
