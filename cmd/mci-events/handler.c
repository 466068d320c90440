#include "handler.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backoff.h"
#include "children.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "process.h"

#define GRACE (5 * SECOND)

struct handler {
	struct loop *loop;
	char *const *argv;
	int64_t retries;
	const struct handler_events *told;
	void *arg;
	struct bytes queue;      /* whole lines */
	size_t at;               /* of the line that is dealt with */
	struct child *child;     /* NULL: none runs */
	int64_t tries;           /* of this event, that failed */
	struct backoff backoff;
	struct loop_timer *next; /* a start that is due */
	struct loop_timer *grace;
	bool stopping;
};

struct handler *
handler_new(struct loop *loop, char *const *argv, int64_t retries, const struct handler_events *events,
    void *arg, struct error *e)
{
	bool path = strchr(argv[0], '/') != NULL;
	AUTO_FREE char *found = path ? NULL : process_find(argv[0], getenv("PATH"));
	struct handler *h;

	if (path ? access(argv[0], X_OK) < 0 : found == NULL) {
		error_set(e, ERROR_USAGE, "%s: %s", argv[0], strerror(errno));
		return NULL;
	}
	h = xmalloc(sizeof(*h));
	*h = (struct handler){ .loop = loop, .argv = argv, .retries = retries, .told = events,
		.arg = arg,
		.backoff = { .first = 100 * MILLISECOND, .longest = 60 * SECOND, .exact = true } };
	return h;
}

/* The line that is dealt with, its newline included; n 0 when there is none. */
static struct span
line_of(const struct handler *h)
{
	const char *p = h->queue.data + h->at;
	size_t left = h->queue.len - h->at;

	if (left == 0)
		return (struct span){ NULL, 0 };
	return (struct span){ p, (size_t)((const char *)memchr(p, '\n', left) - p) + 1 };
}

static int64_t
offset_of(struct span line)
{
	return message_offset(line.p, line.n);
}

static void start_next(struct handler *h);

static void
start_due(void *arg)
{
	struct handler *h = arg;

	h->next = NULL;
	start_next(h);
}

/* The event is dealt with, or given up. */
static void
advance(struct handler *h)
{
	h->at += line_of(h).n;
	h->tries = 0;
	backoff_over(&h->backoff);
	if (h->at == h->queue.len) {
		bytes_free(&h->queue);
		h->at = 0;
	}
}

static void
failed(struct handler *h, const struct error *why)
{
	int64_t offset = offset_of(line_of(h)), pause;

	if (h->retries >= 0 && h->tries >= h->retries) {
		advance(h);
		h->told->failed(h->arg, offset, why, -1);
		return;
	}
	h->tries++;
	pause = backoff_next(&h->backoff);
	h->told->failed(h->arg, offset, why, pause);
	if (!h->stopping)
		h->next = loop_after(h->loop, pause, start_due, h);
}

/* An open file with the line, at its beginning. */
static int
line_file(struct span line, struct error *e)
{
	int fd = memfd_create("event", MFD_CLOEXEC);

	if (fd >= 0 && kernel_write_all(fd, line.p, line.n) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	error_sys(e, "a file for the event");
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
ended(struct handler *h, int status)
{
	struct error e;

	if (status == 0) {
		int64_t offset = offset_of(line_of(h));

		advance(h);
		h->told->done(h->arg, offset);
		return;
	}
	if (WIFSIGNALED(status))
		error_set(&e, ERROR_REFUSED, "%s: SIG%s", h->argv[0], sigabbrev_np(WTERMSIG(status)));
	else
		error_set(&e, ERROR_REFUSED, "%s: exit %d", h->argv[0], WEXITSTATUS(status));
	failed(h, &e);
}

static void
command_ended(void *arg, int status, const struct rusage *usage)
{
	struct handler *h = arg;

	(void)usage;
	child_free(h->child);
	h->child = NULL;
	loop_cancel(h->loop, h->grace);
	h->grace = NULL;
	if (!h->stopping || status == 0)
		ended(h, status);
	start_next(h);
}

static int
start(struct handler *h, struct error *e)
{
	AUTO_CLOSE int in = line_file(line_of(h), e);
	struct process_spec spec = { .path = h->argv[0], .argv = h->argv, .in = in, .out = STDOUT_FILENO,
		.err = STDERR_FILENO, .group = true };

	if (in >= 0)
		h->child = child_start(h->loop, &spec, command_ended, h, e);
	return h->child == NULL ? -1 : 0;
}

static void
start_next(struct handler *h)
{
	struct error e;

	if (h->child != NULL || h->next != NULL)
		return;
	if (h->stopping || h->queue.len == 0)
		h->told->idle(h->arg);
	else if (start(h, &e) < 0)
		failed(h, &e);
}

void
handler_add(struct handler *h, struct span lines)
{
	bytes_add(&h->queue, lines.p, lines.n);
	start_next(h);
}

bool
handler_busy(const struct handler *h)
{
	return h->child != NULL || (!h->stopping && h->queue.len > 0);
}

static void
kill_now(void *arg)
{
	struct handler *h = arg;

	h->grace = NULL;
	child_signal_tree(h->child, SIGKILL);
}

void
handler_finish(struct handler *h)
{
	h->stopping = true;
	loop_cancel(h->loop, h->next);
	h->next = NULL;
}

void
handler_stop(struct handler *h)
{
	handler_finish(h);
	if (h->child == NULL) {
		h->told->idle(h->arg);
		return;
	}
	child_signal_tree(h->child, SIGTERM);
	if (h->grace == NULL)
		h->grace = loop_after(h->loop, GRACE, kill_now, h);
}

void
handler_free(struct handler *h)
{
	if (h == NULL)
		return;
	loop_cancel(h->loop, h->next);
	loop_cancel(h->loop, h->grace);
	if (h->child != NULL) {
		child_signal_tree(h->child, SIGKILL);
		child_wait(h->child);
	}
	bytes_free(&h->queue);
	free(h);
}
