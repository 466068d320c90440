#include "mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "connect.h"
#include "depot.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "message.h"
#include "remote.h"
#include "scan.h"

/* One log while it is fetched. */
struct fetch {
	struct loop *loop;
	struct logfile_writer writer;
	struct error *e;
	int result;
};

int
mirror_open(struct mirror *m, struct error *e)
{
	const char *parent = getenv("TMPDIR");

	return scratch_make(&m->folder, parent == NULL || *parent == '\0' ? "/tmp" : parent, "mci-log", e);
}

static int
bytes_came(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e)
{
	struct fetch *f = arg;

	return logfile_write_at(&f->writer, when > 0 ? when : kernel.wall(), piece.p, piece.n, stream, e);
}

static void
over(void *arg, const struct remote_end *end, const struct error *e)
{
	struct fetch *f = arg;

	if (e->code != ERROR_NONE) {
		*f->e = *e;
		f->result = -1;
	}
	f->writer.dropped = end->truncated;
	loop_stop(f->loop, 0);
}

/* The attempt of the name is known. */
static int
fetch_log(struct mirror *m, const char *address, struct logname *n, struct error *e)
{
	static const struct remote_events events = { bytes_came, over };
	struct remote_wish w = { .address = address, .name = n, .to = -1, .times = true };
	struct fetch f = { .loop = loop_new(e), .e = e };
	struct depot depot;
	struct depot_files files;
	struct remote *r;

	if (f.loop == NULL || depot_open(&depot, m->folder.path, false, false, e) < 0)
		return -1;
	f.result = depot_write(&depot, n, false, &files, e);
	if (f.result == 0)
		f.result = logfile_adopt(&f.writer, files.log, files.index, n->build, e);
	if (f.result == 0) {
		r = remote_open(f.loop, &w, &events, &f, e);
		if (r == NULL || loop_run(f.loop, e) < 0)
			f.result = -1;
		remote_close(r);
		connect_reap(f.loop);
		if (logfile_close(&f.writer, e) < 0)
			f.result = -1;
	}
	depot_close(&depot);
	loop_free(f.loop);
	return f.result;
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
		result = fetch_log(m, address, &n, e);
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
		result = fetch_log(m, address, &n, e);
	}
	logname_free(&n);
	return result;
}

void
mirror_close(struct mirror *m)
{
	scratch_remove(&m->folder);
}
