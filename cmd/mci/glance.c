#include "glance.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "remote.h"
#include "timestamp.h"

/* build/start and build/end, with their folders and messages, are shorter. */
#define END_BYTES 16384

/* A build that nobody runs and that has no end was killed, or the machine was. */
static void
settle(struct fold *f, const struct state_build *b)
{
	if (f->ended != 0 || state_build_running(b))
		return;
	/* what it waited for matters no more */
	if (f->status == STATUS_PENDING) {
		free(f->message);
		f->message = NULL;
	}
	f->status = STATUS_ERROR;
	if (f->message == NULL)
		f->message = xstrdup("it was killed before it ended");
}

static char *
events_path(const struct state_build *b)
{
	return xformat("%s/events.ndjson", b->path);
}

/* Takes the event on this line in, if it is one; jobs from the end of the build. */
static void
event_take(struct fold *f, const char *line, size_t n, int64_t *jobs)
{
	struct message m;
	struct scan_value v;

	if (message_read(&m, line, n, NULL) < 0 || fold_event(f, &m, NULL) < 0)
		return;
	if (span_is(m.type, "build/end") && message_member(line, n, "jobs", &v, NULL) == 1)
		scan_integer(&v, 0, INT64_MAX, jobs, NULL);
}

int
glance_ends(struct fold *f, const struct state_build *b, int64_t *jobs, struct error *e)
{
	AUTO_FREE char *path = events_path(b);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	char text[END_BYTES];
	struct stat st;
	ssize_t n;
	const char *end, *from;

	*jobs = -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_sys(e, "%s", path);
	/* the first lines may be of other types: what waited, what was initialized */
	n = kernel.pread(fd, text, sizeof(text), 0);
	for (from = text; n > 0 && f->started == 0 &&
	    (end = memchr(from, '\n', (size_t)(text + n - from))) != NULL; from = end + 1)
		event_take(f, from, (size_t)(end - from), jobs);
	n = kernel.pread(fd, text, sizeof(text), st.st_size > END_BYTES ? st.st_size - END_BYTES : 0);
	if (n > 1 && text[n - 1] == '\n') {
		from = memrchr(text, '\n', (size_t)n - 1);
		from = from == NULL ? text : from + 1;
		event_take(f, from, (size_t)(text + n - 1 - from), jobs);
	}
	settle(f, b);
	return 0;
}

int
glance_all(struct fold *f, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *path = NULL;

	if (remote_is(b))
		return remote_fold(f, b->name, e);
	path = events_path(b);
	if (fold_file(f, path, e) < 0)
		return -1;
	settle(f, b);
	return 0;
}

int64_t
glance_elapsed(const struct fold *f)
{
	if (f->elapsed > 0 || f->started == 0)
		return f->elapsed;
	if (f->ended != 0)
		return f->ended - f->started;
	return (f->status == STATUS_RUNNING ? kernel.wall() : f->time) - f->started;
}

void
glance_time(struct bytes *b, int64_t ns, bool people)
{
	time_t t = (time_t)(ns / 1000000000);
	struct tm tm;
	char text[32];

	if (ns == 0)
		return;
	if (!people) {
		timestamp_write(b, ns);
	} else if (localtime_r(&t, &tm) != NULL && strftime(text, sizeof(text), "%F %T", &tm) > 0) {
		bytes_text(b, text);
	}
}

void
glance_emit(struct bytes *b, const struct fold *f, const struct state_build *build)
{
	emit_text(b, "build", build->name);
	emit_text(b, "status", status_name(f->status));
	if (f->started != 0)
		emit_time(b, "started", f->started);
	if (f->ended != 0)
		emit_time(b, "ended", f->ended);
	emit_seconds(b, "elapsed", glance_elapsed(f));
	if (f->exit >= 0)
		emit_integer(b, "exit", f->exit);
	if (!remote_is(build))
		emit_text(b, "folder", build->path);
	if (f->dir != NULL)
		emit_text(b, "dir", f->dir);
	if (f->script != NULL)
		emit_text(b, "definition", f->script);
	if (f->message != NULL)
		emit_text(b, "message", f->message);
}
