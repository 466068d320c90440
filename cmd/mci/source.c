#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "remote.h"

static void
finish(struct source *s, const struct error *why)
{
	if (s->ended)
		return;
	s->ended = true;
	loop_cancel(s->loop, s->look);
	s->look = NULL;
	s->done(s->arg, why);
}

/* Hands out what was read; true when the last line that matters was among it. A stream goes on to its end:
 * another build may follow, and who writes it is to see no hang-up. */
static bool
hand_out(struct source *s)
{
	struct span line;
	enum line_result got;
	bool last = false;

	/* a line over the limit goes on as what is there of it: whoever reads it says that it is broken */
	while (!last && (got = line_next(&s->reader, &line)) != LINE_NONE)
		last = s->line(s->arg, line) && s->build != NULL;
	return last;
}

/* Reads once: 1 there may be more, 0 the end is reached for now, -1 it is over. */
static int
read_once(struct source *s)
{
	ssize_t n = line_read(&s->reader, s->fd);
	struct error e;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	if (n < 0) {
		error_sys(&e, "read events");
		finish(s, &e);
		return -1;
	}
	if (n > 0 && hand_out(s)) {
		finish(s, NULL);
		return -1;
	}
	return n > 0;
}

static void
stream_ready(void *arg, uint32_t events)
{
	struct source *s = arg;

	(void)events;
	if (read_once(s) != 0 || s->ended)
		return;
	loop_forget(s->loop, s->fd);
	finish(s, NULL);
}

/* A file is read in turns, so that signals and redraws find their time. */
static void
file_turn(void *arg)
{
	struct source *s = arg;
	int more = 1;

	s->look = NULL;
	for (int i = 0; i < 64 && more > 0; i++)
		more = read_once(s);
	if (more > 0)
		s->look = loop_after(s->loop, 0, file_turn, s);
	else
		finish(s, NULL);
}

int
source_open(struct source *s, struct loop *loop, int fd, struct error *e)
{
	s->loop = loop;
	s->fd = fd;
	if (fd < 0)
		return error_sys(e, "standard input");
	if (loop_watch(loop, fd, EPOLLIN, stream_ready, s, NULL) == 0)
		return 0;
	if (errno != EPERM)
		return error_sys(e, "watch the events");
	s->look = loop_after(loop, 0, file_turn, s);
	return 0;
}

static void log_look(void *arg);

static void
log_read(struct source *s)
{
	int more = 1;

	while (more > 0)
		more = read_once(s);
	if (!s->ended && s->look == NULL)
		s->look = loop_after(s->loop, SECOND, log_look, s);
}

static void
log_changed(void *arg, const char *name)
{
	(void)name;
	log_read(arg);
}

/* Only of a build that goes on. What came before it is watched is read behind that. */
static void
log_watch(struct source *s)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", s->build->path);
	struct error e;

	s->watcher = watcher_new(s->loop, NULL, NULL);
	if (watch_add(s->watcher, path, log_changed, s, &e) == NULL)
		finish(s, &e);
	else
		log_read(s);
}

/* Nothing tells when a lock is let go: once a second it is asked whether somebody still writes. */
static void
log_look(void *arg)
{
	struct source *s = arg;
	bool running = state_build_running(s->build);

	s->look = NULL;
	log_read(s);
	if (!running)
		finish(s, NULL);
	else if (!s->ended && s->watcher == NULL)
		log_watch(s);
}

/* It is tried again; who waits is told so once. */
static void
outage(void *arg, const struct error *why)
{
	(void)arg;
	if (why != NULL)
		option_complain("mci", why);
}

static bool
remote_line(void *arg, struct span line)
{
	const struct source *s = arg;

	return s->line(s->arg, line);
}

static void
remote_done(void *arg, const struct error *why)
{
	const struct source *s = arg;

	s->done(s->arg, why);
}

static const struct buildstream_events remote_events = { remote_line, remote_done, outage };

int
source_follow(struct source *s, struct loop *loop, const struct state_build *b, struct error *e)
{
	AUTO_FREE char *path = NULL;

	s->loop = loop;
	s->build = b;
	if (remote_is(b)) {
		s->remote = buildstream_follow(loop, NULL, b->name, 0, &remote_events, s, e);
		return s->remote == NULL ? -1 : 0;
	}
	path = xformat("%s/events.ndjson", b->path);
	s->fd = kernel_open_file(AT_FDCWD, path);
	if (s->fd < 0)
		return error_sys(e, "%s", path);
	s->look = loop_after(loop, 0, log_look, s);
	return 0;
}

void
source_free(struct source *s)
{
	if (s->loop == NULL)
		return;
	loop_cancel(s->loop, s->look);
	watcher_free(s->watcher);
	buildstream_free(s->remote);
	memory_close(&s->fd);
	line_free(&s->reader);
}
