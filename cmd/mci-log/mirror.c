#include "mirror.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "connect.h"
#include "depot.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "message.h"
#include "option.h"
#include "remote.h"
#include "scan.h"

struct mirrored {
	struct logname name;
	const char *address;
	struct logfile_writer writer; /* fd -1: closed */
	struct loop *loop;
	struct remote *remote;        /* NULL: nothing more is asked for */
	void (*grew)(void *arg);
	void *arg;
	struct error why;             /* that nothing more comes */
};

int
mirror_open(struct mirror *m, struct error *e)
{
	const char *parent = getenv("TMPDIR");

	return scratch_make(&m->folder, parent == NULL || *parent == '\0' ? "/tmp" : parent, "mci-log", e);
}

int
mirror_logs(const struct mirror *m, const char *build, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/%s/logs", m->folder.path, build);
	int fd = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? error_sys(e, "open %s", path) : fd;
}

static int
bytes_came(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct mirrored *x = arg;
	int result = logfile_write_at(&x->writer, when > 0 ? when : kernel.wall(), piece.p, piece.n, stream,
	    e);

	x->grew(x->arg);
	return result;
}

static void
over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct mirrored *x = arg;

	x->why = *e;
	x->writer.dropped = end->truncated;
	remote_close(x->remote);
	x->remote = NULL;
	x->grew(x->arg);
}

/* Asks for what is behind the bytes that are there. */
static int
begin(struct mirrored *x, struct loop *loop, bool follow, struct error *e)
{
	static const struct remote_events events = { bytes_came, over };
	struct remote_wish w = { .address = x->address, .name = &x->name, .from = x->writer.size, .to = -1,
		.times = true, .follow = follow, .quiet = option_common.quiet };

	x->loop = loop;
	x->remote = remote_open(loop, &w, &events, x, e);
	return x->remote == NULL ? -1 : 0;
}

static struct mirrored *
mirrored_new(struct mirror *m, const char *address, const struct logname *n, struct error *e)
{
	struct mirrored *x = xmalloc(sizeof(*x));
	struct depot depot;
	struct depot_files files;
	int result = -1;

	*x = (struct mirrored){ .address = address, .writer = { .fd = -1, .index = -1 } };
	if (depot_open(&depot, m->folder.path, false, false, e) < 0) {
		free(x);
		return NULL;
	}
	if (logname_set(&x->name, n->build, n->job, n->attempt, e) == 0 &&
	    depot_write(&depot, &x->name, false, &files, e) == 0)
		result = logfile_adopt(&x->writer, files.log, files.index, n->build, e);
	depot_close(&depot);
	if (result == 0)
		return x;
	mirrored_free(x);
	return NULL;
}

struct mirrored *
mirror_follow(struct mirror *m, struct loop *loop, const char *address, const struct logname *n,
    void (*grew)(void *arg), void *arg, struct error *e)
{
	struct mirrored *x = mirrored_new(m, address, n, e);

	if (x == NULL)
		return NULL;
	x->grew = grew;
	x->arg = arg;
	if (begin(x, loop, true, e) == 0)
		return x;
	mirrored_free(x);
	return NULL;
}

static void
stop(void *arg)
{
	const struct mirrored *x = arg;

	if (x->remote == NULL)
		loop_stop(x->loop, 0);
}

/* On a loop of its own. */
static int
fetch_rest(struct mirrored *x, struct error *e)
{
	struct loop *loop = loop_new(e);
	int result = -1;

	if (loop == NULL)
		return -1;
	remote_close(x->remote);
	x->remote = NULL;
	x->grew = stop;
	x->arg = x;
	if (begin(x, loop, false, e) == 0 && loop_run(loop, e) == 0)
		result = 0;
	remote_close(x->remote);
	x->remote = NULL;
	connect_reap(loop);
	loop_free(loop);
	return result;
}

int
mirrored_finish(struct mirrored *x, struct error *e)
{
	/* when it is over, all is there */
	if (x->remote != NULL && fetch_rest(x, e) < 0)
		return -1;
	if (x->why.code != ERROR_NONE) {
		*e = x->why;
		return -1;
	}
	return logfile_close(&x->writer, e);
}

void
mirrored_free(struct mirrored *x)
{
	if (x == NULL)
		return;
	remote_close(x->remote);
	if (x->writer.fd >= 0)
		logfile_leave(&x->writer);
	logname_free(&x->name);
	free(x);
}

static void
ignore(void *arg)
{
	(void)arg;
}

int
mirror_log(struct mirror *m, const char *address, const struct logname *n, struct error *e)
{
	struct mirrored *x = mirrored_new(m, address, n, e);
	int result = -1;

	if (x == NULL)
		return -1;
	x->grew = ignore;
	if (fetch_rest(x, e) == 0)
		result = mirrored_finish(x, e);
	mirrored_free(x);
	return result;
}

static int64_t
integer(struct span object, const char *key, int64_t otherwise)
{
	struct scan_value v;
	int64_t n;

	if (message_member(object.p, object.n, key, &v, NULL) == 1 &&
	    scan_integer(&v, 0, INT32_MAX, &n, NULL) == 0)
		return n;
	return otherwise;
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
fetch_entry(struct mirror *m, const char *address, const char *build, struct span entry,
    struct error *e)
{
	AUTO_BYTES job = { 0 };
	struct scan_value v;
	struct logname n;
	bool named = message_member(entry.p, entry.n, "job", &v, NULL) == 1 &&
	    scan_text(&v, &job, NULL) == 0;
	int result = logname_set(&n, build, named ? bytes_string(&job) : NULL,
	    integer(entry, "attempt", 1), e);

	if (result == 0)
		result = mirror_log(m, address, &n, e);
	logname_free(&n);
	return result;
}

static int
fetch_build(struct mirror *m, const char *address, const struct logname *n, struct error *e)
{
	struct logname build = { .build = n->build };
	AUTO_BYTES reply = { 0 };
	struct scan_value logs;
	struct scan s;
	struct scan_member entry;

	if (ask(address, "log/list", &build, &reply, e) < 0)
		return -1;
	if (message_member(reply.data, reply.len, "logs", &logs, e) != 1 ||
	    scan_open(&s, logs.raw.p, logs.raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "%s: log/list: a reply without logs", address);
	while (scan_next(&s, &entry, e) > 0) {
		if (fetch_entry(m, address, n->build, entry.value.raw, e) < 0)
			return -1;
	}
	return 0;
}

int
mirror_fetch(struct mirror *m, const char *address, const char *text, int64_t attempt,
    struct error *e)
{
	AUTO_BYTES reply = { 0 };
	struct logname n;
	int result = logname_parse(&n, text, e);

	if (result == 0 && attempt > 0)
		n.attempt = (int)attempt;
	if (result == 0 && n.job == NULL) {
		result = fetch_build(m, address, &n, e);
	} else if (result == 0 && (result = ask(address, "log/get", &n, &reply, e)) == 0) {
		n.attempt = (int)integer((struct span){ reply.data, reply.len }, "attempt", 1);
		result = mirror_log(m, address, &n, e);
	}
	logname_free(&n);
	return result;
}

void
mirror_close(struct mirror *m)
{
	scratch_remove(&m->folder);
}
