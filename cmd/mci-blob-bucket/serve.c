/* The requests of mci-blob-bucket serve: the service "bucket" of the contract on standard input and output.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bucket.h"
#include "describe.h"
#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "objects.h"
#include "option.h"
#include "scratch.h"
#include "server.h"
#include "sweep.h"
#include "upload.h"
#include "verbs.h"

#define LIST_MOST 400
#define SWEEP_AGE (24 * 3600 * SECOND)

/* What goes with a request: a file, or where what comes is spooled and where that is read. */
struct held {
	int fd, spool;
	int64_t spooled;
	bool data; /* its bytes come behind the line */
};

static void
held_drop(void *state)
{
	struct held *h = state;

	memory_close(&h->fd);
	memory_close(&h->spool);
	free(h);
}

static struct held *
hold(struct request *r)
{
	struct held *h = xmalloc(sizeof(*h));

	*h = (struct held){ .fd = -1, .spool = -1 };
	(void)request_fds(r, &h->fd, 1);
	request_keep(r, h, held_drop);
	return h;
}

/* The name of a request, refused where no object may be called so. */
static const char *
named(const struct bucket *b, struct request *r)
{
	const char *name = request_text(r, "name");
	struct error e;

	if (place_check(&b->place, name, &e) == 0)
		return name;
	request_fail_with(r, &e);
	return NULL;
}

static void
answered(void *arg, const struct object *o, const struct error *e)
{
	struct request *r = arg;
	AUTO_BYTES result = { 0 };

	if (e->code != ERROR_NONE) {
		request_fail_with(r, e);
		return;
	}
	emit_open(&result);
	describe_object(&result, o);
	if (o->there && contract_brings_data(request_row(r)))
		emit_bool(&result, "there", true);
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

static void
done(void *arg, const struct object *o, const struct error *e)
{
	(void)o;
	if (e->code != ERROR_NONE)
		request_fail_with(arg, e);
	else
		request_reply(arg, (struct span){ NULL, 0 });
}

/* ---- put */

static void
put_from(struct bucket *b, struct request *r, int fd, int64_t size)
{
	struct upload_wish w = { .name = request_text(r, "name"),
		.sha256 = request_text(r, "sha256"),
		.fd = fd,
		.part = b->part,
		.replace = request_flag(r, "replace") };

	w.from = request_integer(r, "from", 0);
	w.size = request_integer(r, "length", size - w.from);
	if (w.from < 0 || w.size < 0 || w.from > size || w.size > size - w.from) {
		request_fail(r, "invalid-params",
		    "object/put: from and length are not in the %lld bytes there are", (long long)size);
		return;
	}
	upload_start(b->traffic, &w, answered, r);
}

static void
put(void *self, struct request *r)
{
	struct bucket *b = self;
	struct held *h;
	struct error e;

	if (named(b, r) == NULL)
		return;
	h = hold(r);
	h->data = request_raw(r, "data").n > 0;
	if (h->data == (h->fd >= 0))
		request_fail(
		    r, "invalid-params", "object/put: expected its bytes as data, or one descriptor");
	else if (h->data && (h->spool = scratch_file(&h->fd, &e)) < 0)
		request_fail_with(r, &e);
}

static void
put_data(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct held *h = request_kept(r);
	struct stat st;
	struct error e;

	if (h->data && piece.n > 0 && kernel_write_all(h->spool, piece.p, piece.n) < 0) {
		error_sys(&e, "write to a file in $TMPDIR");
		request_fail_with(r, &e);
		return;
	}
	h->spooled += (int64_t)piece.n;
	if (left > 0)
		return;
	if (h->data)
		put_from(self, r, h->fd, h->spooled);
	else if (fstat(h->fd, &st) < 0 || !S_ISREG(st.st_mode))
		request_fail(r, "invalid-params", "object/put: the descriptor is no regular file");
	else
		put_from(self, r, h->fd, st.st_size);
}

/* ---- the others */

static void
get(void *self, struct request *r)
{
	struct bucket *b = self;
	struct objects_get g = { .name = named(b, r), .sha256 = request_text(r, "sha256") };
	struct held *h;

	if (g.name == NULL)
		return;
	h = hold(r);
	g.first = request_integer(r, "from", 0);
	g.length = request_integer(r, "length", -1);
	g.ranged = g.first > 0 || g.length >= 0;
	g.to = h->fd;
	if (h->fd < 0)
		request_fail(r, "invalid-params",
		    "object/get: expected one descriptor to write to: on a link that "
		    "carries none, take 'mci-blob-bucket get'");
	else if (g.first < 0 || g.length == 0)
		request_fail(
		    r, "invalid-params", "object/get: from has to be at least 0, length at least 1");
	else
		objects_get(b->traffic, &g, answered, r);
}

static void
stat_object(void *self, struct request *r)
{
	const struct bucket *b = self;
	const char *name = named(b, r);

	if (name != NULL)
		objects_stat(b->traffic, name, answered, r);
}

static void
touch(void *self, struct request *r)
{
	const struct bucket *b = self;
	const char *name = named(b, r);

	if (name != NULL)
		objects_touch(b->traffic, name, done, r);
}

static void
remove_object(void *self, struct request *r)
{
	const struct bucket *b = self;
	const char *name = named(b, r);

	if (name != NULL)
		objects_remove(b->traffic, name, done, r);
}

static void
listed(void *arg, const struct object *all, size_t n, bool more, const struct error *e)
{
	struct request *r = arg;
	AUTO_BYTES result = { 0 };

	if (e->code != ERROR_NONE) {
		request_fail_with(r, e);
		return;
	}
	bytes_text(&result, "{\"objects\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(&result, ',');
		emit_open(&result);
		describe_object(&result, &all[i]);
		bytes_char(&result, '}');
	}
	bytes_char(&result, ']');
	emit_bool(&result, "more", more);
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

static void
list(void *self, struct request *r)
{
	const struct bucket *b = self;
	const char *prefix = request_text(r, "prefix"), *after = request_text(r, "after");
	struct objects_list l = { prefix == NULL ? "" : prefix, after == NULL ? "" : after,
		request_integer(r, "limit", LIST_MOST) };

	if (l.limit < 2 || l.limit > LIST_MOST)
		request_fail(r, "invalid-params", "object/list: limit has to be from 2 to %d", LIST_MOST);
	else
		objects_list(b->traffic, &l, listed, r);
}

static void
swept(void *arg, int64_t n, const struct error *e)
{
	AUTO_BYTES result = { 0 };

	if (e->code != ERROR_NONE) {
		request_fail_with(arg, e);
		return;
	}
	bytes_format(&result, "{\"uploads\":%lld}", (long long)n);
	request_reply(arg, (struct span){ result.data, result.len });
}

static void
sweep(void *self, struct request *r)
{
	const struct bucket *b = self;
	struct span raw = request_raw(r, "age");
	const struct scan_value v = { SCAN_NUMBER, raw };
	int64_t age = SWEEP_AGE;
	struct error e;

	if (raw.n > 0 && scan_seconds(&v, &age, &e) < 0)
		request_fail_with(r, &e);
	else
		sweep_start(b->traffic, kernel.wall() - age, swept, r);
}

static const struct service_method methods[] = {
	{ "object/put", put },
	{ "object/get", get },
	{ "object/stat", stat_object },
	{ "object/list", list },
	{ "object/touch", touch },
	{ "object/remove", remove_object },
	{ "object/sweep", sweep },
};

static const struct service service = {
	.contract = &contract_bucket,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.data = put_data,
};

static void
left(void *arg)
{
	loop_stop(arg, 0);
}

static int
serve(struct bucket *b, struct error *e)
{
	struct server *s = server_new(b->loop, &service, b);
	struct stat in, out;
	bool same = fstat(0, &in) == 0 && fstat(1, &out) == 0 && S_ISSOCK(in.st_mode) &&
	    in.st_dev == out.st_dev && in.st_ino == out.st_ino;
	int to = same ? -1 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int from = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int done_with;

	if (from < 0 || (to < 0 && !same))
		return error_sys(e, "standard input and output");
	server_on_empty(s, left, b->loop);
	/* a socket carries descriptors only as one of both directions */
	done_with = server_connect(s, from, same ? from : to, e);
	if (done_with == 0)
		done_with = loop_run(b->loop, e);
	server_free(s);
	return done_with;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct bucket_options *o = arg;
	struct bucket b;
	struct error e;

	(void)argc;
	if (bucket_open(&b, argv[0], o, &e) < 0 || serve(&b, &e) < 0)
		return option_fail(PROGRAM, &e);
	bucket_close(&b);
	return option_finish(PROGRAM, 0);
}

static const struct option options[] = {
	BUCKET_OPTIONS(struct bucket_options, ),
};

const struct command bucket_serve_command = {
	.program = PROGRAM,
	.verb = "serve",
	.operands = "s3://BUCKET/PREFIX",
	.summary = "answer requests on standard input",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
	.size = sizeof(struct bucket_options),
};
