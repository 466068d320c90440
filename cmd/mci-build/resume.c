#include "resume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "history.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "names.h"
#include "state.h"

#define PIECE ((size_t)64 * 1024) /* written at once */

/* The log while it is made. */
struct copy {
	struct resume *resume;
	const struct order *order;
	int fd;
	int64_t size;
	struct bytes text; /* not written yet */
};

/* What the hub adds. */
static const char *const stamps[] = { "offset", "received" };

static bool
is_among(struct span key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(key, names[i]))
			return true;
	}
	return false;
}

/* Appends an event as mci-build has written it. */
static void
event_add(struct bytes *into, struct span line)
{
	struct scan s;
	struct scan_member m;
	bool first = true;

	bytes_char(into, '{');
	if (scan_open(&s, line.p, line.n, NULL) < 0)
		return;
	while (scan_next(&s, &m, NULL) > 0) {
		if (is_among(m.key, stamps, sizeof(stamps) / sizeof(stamps[0])))
			continue;
		if (!first)
			bytes_char(into, ',');
		first = false;
		bytes_add(into, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
	}
	bytes_char(into, '}');
}

static int
flush(struct copy *c, struct error *e)
{
	if (kernel_write_all(c->fd, c->text.data, c->text.len) < 0)
		return error_sys(e, "%s/events.ndjson.new", c->order->folder);
	c->size += (int64_t)c->text.len;
	c->text.len = 0;
	return 0;
}

static int
line_end(struct copy *c, struct error *e)
{
	bytes_char(&c->text, '\n');
	return c->text.len < PIECE ? 0 : flush(c, e);
}

/* What others say of the build is in the store alone. */
static int
told_take(void *arg, const struct message *m, struct error *e)
{
	struct copy *c = arg;

	if (m->seq <= 0 && !span_is(m->type, "build/initializing"))
		return 0;
	past_take(&c->resume->past, m);
	event_add(&c->text, m->line);
	return line_end(c, e);
}

/* What the run before had written in this folder when it was cut off, the hub may not have. */
static int
untold_tell(struct copy *c, struct loop *loop, struct outcome *outcome, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", c->order->folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);

	if (fd < 0)
		return errno == ENOENT ? 0 : error_sys(e, "%s", path);
	return history_tell(loop, outcome, c->order, fd, e);
}

/* The whole of the new log. */
static int
fill(struct copy *c, struct loop *loop, struct outcome *outcome, struct error *e)
{
	struct resume *r = c->resume;
	AUTO_BYTES begins = { 0 };

	if (order_resumes(c->order) && untold_tell(c, loop, outcome, e) < 0)
		return -1;
	if (history_fence(loop, outcome, c->order, &begins, e) < 0 ||
	    history_read(loop, outcome, c->order, c->order->build, c->order->run, told_take, c, e) < 0)
		return -1;
	bytes_add(&c->text, begins.data, begins.len);
	if (line_end(c, e) < 0 || flush(c, e) < 0)
		return -1;
	r->told = c->size;
	return 0;
}

static int
again(struct resume *r, struct loop *loop, struct outcome *outcome, const struct order *order,
    struct error *e)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", order->folder);
	AUTO_FREE char *fresh = xformat("%s.new", path);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	struct copy c = { .resume = r, .order = order, .fd = fd };
	int result;

	if (fd < 0)
		return error_sys(e, "%s", fresh);
	result = fill(&c, loop, outcome, e);
	bytes_free(&c.text);
	return result < 0 ? -1 : names_replace(AT_FDCWD, fresh, path, e);
}

static int
base_take(void *arg, const struct message *m, struct error *e)
{
	(void)e;
	past_take(arg, m);
	return 0;
}

/* A clean checkout has nothing of what the other build has made. */
static int
base_read(struct resume *r, struct loop *loop, struct outcome *outcome, const struct order *order,
    struct error *e)
{
	if (history_read(loop, outcome, order, order->rerun.of, 0, base_take, &r->base, e) < 0)
		return -1;
	past_repeat(&r->base, order->rerun.from);
	past_count(&r->base);
	if (order->run == 1)
		outcome_note(outcome, "%s: %u results of %s are taken over", order->build, r->base.kept,
		    order->rerun.of);
	return 0;
}

int
resume_ordered(struct resume *r, struct loop *loop, struct outcome *outcome, const struct order *order,
    bool script, struct error *e)
{
	if (order->run > 1 && again(r, loop, outcome, order, e) < 0)
		return -1;
	if ((order->rerun.failed || order->rerun.from[0] != '\0') &&
	    base_read(r, loop, outcome, order, e) < 0)
		return -1;
	if (order->run == 1)
		return 0;
	if (!order_resumes(order))
		past_move(&r->past, script);
	past_count(&r->past);
	outcome_note(outcome, "%s goes on in run %lld: of the jobs that have ended %u are kept, %u run "
	    "again%s", order->build, (long long)order->run, r->past.kept, r->past.repeated,
	    order_resumes(order) ? "" : " as this is another workspace");
	return 0;
}

/* Reads a log that is in this folder. */
static int
file_read(struct past *p, const char *folder, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct line_reader lines = { 0 };
	struct span line;
	struct message m;
	int result = 0;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while (result == 0 && line_read(&lines, fd) > 0) {
		while (result == 0 && line_next(&lines, &line) != LINE_NONE) {
			if (message_read(&m, line.p, line.n, e) < 0)
				result = error_before(e, "%s:%llu: ", path, (unsigned long long)lines.number);
			else
				past_take(p, &m);
		}
	}
	line_free(&lines);
	past_count(p);
	return result;
}

int
resume_folder(struct resume *r, const char *folder, struct error *e)
{
	if (file_read(&r->past, folder, e) < 0)
		return -1;
	if (r->past.end != NULL)
		return error_set(e, ERROR_USAGE, "it has ended; to run it again: mci rerun");
	return 0;
}

int
resume_reuse(struct resume *r, const char *build, const char *from, const char *project, struct error *e)
{
	struct state_build of;
	int result = state_build_find(&of, build, project, e);

	r->base.from = from;
	if (result == 0)
		result = file_read(&r->base, of.path, e);
	state_build_free(&of);
	return result < 0 ? error_before(e, "--reuse: ") : 0;
}

void
resume_free(struct resume *r)
{
	past_free(&r->past);
	past_free(&r->base);
}
