/*
 * A store in a bucket. All that is said to the bucket goes through one mci-blob-bucket (the only program that
 * links libcurl): requests with a descriptor each on a socket, of several threads at once. What is not
 * objects is in a folder of this machine: drafts, sessions and locks. So one machine at a time writes to a
 * store in a bucket, or several by an mci-blob serve.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "children.h"
#include "emit.h"
#include "folder.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "process.h"
#include "rpc.h"
#include "scan.h"
#include "scratch.h"
#include "timestamp.h"

#define WORKER "mci-blob-bucket"
#define MARK "mci-blob" /* the object that says that a store is there */
#define MARK_TEXT "mci-blob 1\n"
#define PAGE 400

/* A call that a thread waits for. */
struct waiting {
	int64_t id;
	bool done;
	struct bytes *result; /* NULL: not wanted */
	struct error e;
	struct waiting *next;
};

struct bucket {
	struct backend backend;
	struct backend *local;
	char *address;
	struct child *worker;
	int socket;
	pthread_mutex_t sending; /* of whole lines to the socket */
	pthread_mutex_t lock;    /* of the rest; taken inside of sending */
	pthread_cond_t told;
	int64_t id;
	struct waiting *waiting;
	bool reading;            /* one of those that wait reads for all */
	bool lost;               /* the worker has ended */
	struct line_reader in;   /* of who reads */
};

/* ---- calls */

static int
send_line(const struct bucket *b, const struct bytes *line, int fd, struct error *e)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	size_t at = 0;

	while (at < line->len) {
		struct iovec piece = { line->data + at, line->len - at };
		struct msghdr m = { .msg_iov = &piece, .msg_iovlen = 1 };
		ssize_t n;

		if (at == 0 && fd >= 0) {
			m.msg_control = control.room;
			m.msg_controllen = sizeof(control.room);
			control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int)) };
			memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		}
		n = sendmsg(b->socket, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(e, ERROR_DISCONNECTED, "%s: " WORKER " has ended", b->address);
		at += (size_t)n;
	}
	return 0;
}

/* Gives an answer to who waits for it. */
static void
deliver(struct bucket *b, struct span line)
{
	struct message m;
	int64_t id = 0;

	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_REPLY)
		return;
	(void)scan_integer(&(struct scan_value){ SCAN_NUMBER, m.id }, 1, INT64_MAX, &id, NULL);
	for (struct waiting *w = b->waiting; w != NULL; w = w->next) {
		if (w->id != id)
			continue;
		w->done = true;
		if (m.error.n > 0)
			(void)rpc_reply_error(&m, &w->e);
		else if (w->result != NULL)
			bytes_add(w->result, m.result.p, m.result.n);
	}
}

/* Reads what comes, for all; the lock is held, but not while it waits. */
static void
read_answers(struct bucket *b)
{
	struct span line;
	ssize_t n;

	b->reading = true;
	pthread_mutex_unlock(&b->lock);
	n = line_wait(&b->in, b->socket);
	pthread_mutex_lock(&b->lock);
	b->reading = false;
	b->lost = b->lost || n <= 0;
	while (line_next(&b->in, &line) == LINE_OK)
		deliver(b, line);
	for (struct waiting *w = b->waiting; w != NULL && b->lost; w = w->next) {
		if (w->done)
			continue;
		w->done = true;
		error_set(&w->e, ERROR_DISCONNECTED, "%s: " WORKER " has ended", b->address);
	}
	pthread_cond_broadcast(&b->told);
}

static void
wait_for(struct bucket *b, struct waiting *w)
{
	struct waiting **at = &b->waiting;

	while (!w->done) {
		if (b->reading)
			pthread_cond_wait(&b->told, &b->lock);
		else
			read_answers(b);
	}
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

/* Under the lock, as is wait_for, which takes it out again. */
static void
wait_begin(struct bucket *b, struct waiting *w)
{
	w->next = b->waiting;
	b->waiting = w;
}

/* One request, params an open JSON object; fd goes with it unless it is -1. 0 or -1. */
static int
call(struct bucket *b, const char *method, struct bytes *params, int fd, struct bytes *result,
    struct error *e)
{
	struct waiting w = { .result = result };
	AUTO_BYTES line = { 0 };
	int sent;

	if (fd >= 0)
		emit_integer(params, "fds", 1);
	bytes_char(params, '}');
	pthread_mutex_lock(&b->sending);
	pthread_mutex_lock(&b->lock);
	w.id = ++b->id;
	w.done = b->lost;
	if (b->lost)
		error_set(&w.e, ERROR_DISCONNECTED, "%s: " WORKER " has ended", b->address);
	wait_begin(b, &w);
	pthread_mutex_unlock(&b->lock);
	rpc_request(&line, w.id, method, (struct span){ params->data, params->len });
	sent = w.done ? 0 : send_line(b, &line, fd, &w.e);
	pthread_mutex_unlock(&b->sending);
	pthread_mutex_lock(&b->lock);
	w.done = w.done || sent < 0;
	wait_for(b, &w);
	pthread_mutex_unlock(&b->lock);
	if (w.e.code == ERROR_NONE)
		return 0;
	if (e != NULL)
		*e = w.e;
	return -1;
}

static int
call_named(struct bucket *b, const char *method, const char *name, int fd, struct bytes *result,
    struct error *e)
{
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_text(&params, "name", name);
	return call(b, method, &params, fd, result, e);
}

static struct bucket *
of(struct backend *b)
{
	return (struct bucket *)b;
}

/* ---- objects */

static int
put_file(struct bucket *b, const char *name, int fd, struct error *e)
{
	AUTO_BYTES params = { 0 };

	emit_open(&params);
	emit_text(&params, "name", name);
	emit_bool(&params, "replace", true);
	return call(b, "object/put", &params, fd, NULL, e);
}

static int
bucket_put(struct backend *b, const char *name, struct span content, struct error *e)
{
	AUTO_CLOSE int fd = memfd_create("object", MFD_CLOEXEC);

	if (fd < 0 || kernel_write_all(fd, content.p, content.n) < 0)
		return error_sys(e, "%s: a file in memory", name);
	return put_file(of(b), name, fd, e);
}

static int
bucket_draft(struct backend *b, const char *folder, struct backend_draft *d, struct error *e)
{
	return of(b)->local->type->draft(of(b)->local, folder, d, e);
}

static void
bucket_drop(struct backend *b, struct backend_draft *d)
{
	of(b)->local->type->drop(of(b)->local, d);
}

static int
bucket_publish(struct backend *b, struct backend_draft *d, const char *name, struct error *e)
{
	int done = put_file(of(b), name, d->fd, e);

	bucket_drop(b, d);
	return done;
}

static ssize_t
bucket_get(struct backend *b, const char *name, int64_t from, void *into, size_t n, struct error *e)
{
	AUTO_CLOSE int fd = memfd_create("object", MFD_CLOEXEC);
	AUTO_BYTES params = { 0 }, result = { 0 };
	int64_t size = 0;
	size_t at = 0;

	if (n == 0)
		return 0;
	if (fd < 0)
		return error_sys(e, "%s: a file in memory", name);
	emit_open(&params);
	emit_text(&params, "name", name);
	emit_integer(&params, "from", from);
	emit_integer(&params, "length", (int64_t)n);
	if (call(of(b), "object/get", &params, fd, &result, e) < 0)
		return -1;
	if (message_whole((struct span){ result.data, result.len }, "size", 0, &size, e) < 0)
		return -1;
	while (at < n && at < (size_t)size) {
		ssize_t got = kernel.pread(fd, (char *)into + at, n - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_sys(e, "%s: a file in memory", name);
		at += (size_t)got;
	}
	return (ssize_t)at;
}

static int
bucket_open_object(struct backend *b, const char *name, struct error *e)
{
	int reader;
	AUTO_CLOSE int fd = scratch_file(&reader, e);

	if (fd < 0)
		return -1;
	if (call_named(of(b), "object/get", name, fd, NULL, e) == 0)
		return reader;
	close(reader);
	return -1;
}

static void
take_member(const struct scan_member *m, struct bytes *name, struct backend_object *o)
{
	AUTO_BYTES text = { 0 };

	if (span_is(m->key, "name") && m->value.type == SCAN_STRING)
		(void)scan_text(&m->value, name, NULL);
	else if (span_is(m->key, "size"))
		(void)scan_integer(&m->value, 0, INT64_MAX, &o->size, NULL);
	else if (span_is(m->key, "modified") && m->value.type == SCAN_STRING &&
	    scan_text(&m->value, &text, NULL) == 0)
		(void)timestamp_parse(text.data, text.len, &o->used, NULL);
}

/* What an answer says of one object; name is where its name goes. */
static int
read_object(struct span json, struct bytes *name, struct backend_object *o, struct error *e)
{
	struct scan_member m;
	struct scan s;
	int more;

	*o = (struct backend_object){ 0 };
	name->len = 0;
	if (scan_open(&s, json.p, json.n, e) < 0)
		return -1;
	while ((more = scan_next(&s, &m, e)) == 1)
		take_member(&m, name, o);
	o->name = bytes_string(name);
	return more;
}

static int
bucket_stat(struct backend *b, const char *name, struct backend_object *o, struct error *e)
{
	AUTO_BYTES result = { 0 }, named = { 0 };
	int done = call_named(of(b), "object/stat", name, -1, &result, e);

	if (done == 0)
		done = read_object((struct span){ result.data, result.len }, &named, o, e);
	o->name = NULL;
	return done;
}

static int
bucket_remove(struct backend *b, const char *name, struct error *e)
{
	return call_named(of(b), "object/remove", name, -1, NULL, e);
}

static void
bucket_touch(struct backend *b, const char *name)
{
	(void)call_named(of(b), "object/touch", name, -1, NULL, NULL);
}

/* ---- lists */

struct page {
	int (*each)(void *arg, const struct backend_object *o);
	void *arg;
	struct bytes last; /* the name that the next page begins behind */
};

static int
page_objects(struct page *p, struct span objects, struct error *e)
{
	struct backend_object o;
	struct scan_member m;
	struct scan s;
	int more, done = 0;

	if (scan_open(&s, objects.p, objects.n, e) < 0)
		return -1;
	while (done == 0 && (more = scan_next(&s, &m, e)) != 0) {
		if (more < 0 || read_object(m.value.raw, &p->last, &o, e) < 0)
			return -1;
		/* the store's own mark is none of its objects */
		if (strcmp(o.name, MARK) != 0)
			done = p->each(p->arg, &o);
	}
	return done;
}

static int
bucket_list(struct backend *b, const char *prefix, int (*each)(void *arg, const struct backend_object *o),
    void *arg, struct error *e)
{
	struct page p = { .each = each, .arg = arg };
	bool more = true;
	int done = 0;

	while (more && done == 0) {
		AUTO_BYTES params = { 0 }, result = { 0 };
		struct scan_value objects;
		struct span said;

		emit_open(&params);
		emit_text(&params, "prefix", prefix);
		emit_text(&params, "after", p.last.len == 0 ? "" : bytes_string(&p.last));
		emit_integer(&params, "limit", PAGE);
		done = call(of(b), "object/list", &params, -1, &result, e);
		if (done < 0)
			break;
		said = (struct span){ result.data, result.len };
		more = message_true(said, "more");
		if (message_member(said.p, said.n, "objects", &objects, e) != 1)
			done = error_set(e, ERROR_INTERNAL, WORKER " lists no objects");
		else
			done = page_objects(&p, objects.raw, e);
	}
	bytes_free(&p.last);
	return done;
}

/* ---- what is on this machine */

static int
bucket_enter(struct backend *b, struct error *e)
{
	return of(b)->local->type->enter(of(b)->local, e);
}

static int
bucket_settle(struct backend *b, int64_t limit, struct error *e)
{
	return of(b)->local->type->settle(of(b)->local, limit, e);
}

static int
bucket_lock(struct backend *b, const char *what, bool wait, struct error *e)
{
	return of(b)->local->type->lock(of(b)->local, what, wait, e);
}

static int
bucket_sweep(struct backend *b, struct error *e)
{
	AUTO_BYTES params = { 0 };

	if (of(b)->local->type->sweep(of(b)->local, e) < 0)
		return -1;
	emit_open(&params);
	return call(of(b), "object/sweep", &params, -1, NULL, e);
}

/* ---- all of it */

static void
bucket_close(struct backend *backend)
{
	struct bucket *b = of(backend);

	if (b->socket >= 0)
		close(b->socket);
	if (b->worker != NULL)
		(void)child_wait(b->worker);
	backend_close(b->local);
	line_free(&b->in);
	pthread_mutex_destroy(&b->sending);
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->told);
	free(b->address);
	free(b);
}

static int
start_worker(struct bucket *b, struct error *e)
{
	AUTO_FREE char *program = process_kit(WORKER);
	char *argv[] = { (char *)WORKER, (char *)"serve", b->address, NULL };
	struct process_spec p = { .path = program, .argv = argv, .err = STDERR_FILENO };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return error_sys(e, "socketpair");
	b->socket = ends[0];
	p.in = p.out = ends[1];
	b->worker = child_start(NULL, &p, NULL, NULL, e);
	close(ends[1]);
	return b->worker == NULL ? -1 : 0;
}

/* A folder of the state that stands for the bucket. */
static int
open_local(struct bucket *b, struct error *e)
{
	AUTO_FREE char *state = folder_state(e);
	AUTO_FREE char *name = xstrdup(b->address + strlen("s3://"));
	AUTO_FREE char *address = NULL;

	if (state == NULL)
		return -1;
	for (char *c = name; *c != '\0'; c++) {
		if (*c == '/')
			*c = '%';
	}
	address = xformat("file:%s/buckets/%s", state, name);
	b->local = backend_open(address, true, e);
	return b->local == NULL ? -1 : 0;
}

static int
find_mark(struct bucket *b, bool make, struct error *e)
{
	struct backend_object o;

	if (bucket_stat(&b->backend, MARK, &o, e) == 0)
		return 0;
	if (e->code != ERROR_NOT_FOUND)
		return -1;
	if (!make)
		return error_set(e, ERROR_NOT_FOUND, "%s: there is no store", b->address);
	return bucket_put(&b->backend, MARK, (struct span){ MARK_TEXT, strlen(MARK_TEXT) }, e);
}

static struct backend *
bucket_open(const char *address, bool make, struct error *e)
{
	struct bucket *b = xmalloc(sizeof(*b));
	struct error drop;

	*b = (struct bucket){ .backend = { &backend_bucket }, .address = xstrdup(address), .socket = -1 };
	pthread_mutex_init(&b->sending, NULL);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->told, NULL);
	if (start_worker(b, e) == 0 && find_mark(b, make, e == NULL ? &drop : e) == 0 &&
	    open_local(b, e) == 0)
		return &b->backend;
	bucket_close(&b->backend);
	return NULL;
}

const struct backend_type backend_bucket = {
	.scheme = "s3://",
	.open = bucket_open,
	.close = bucket_close,
	.draft = bucket_draft,
	.publish = bucket_publish,
	.drop = bucket_drop,
	.put = bucket_put,
	.get = bucket_get,
	.open_object = bucket_open_object,
	.list = bucket_list,
	.stat = bucket_stat,
	.remove = bucket_remove,
	.touch = bucket_touch,
	.enter = bucket_enter,
	.settle = bucket_settle,
	.lock = bucket_lock,
	.sweep = bucket_sweep,
};
