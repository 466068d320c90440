#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"

#define BUSY (256 * 1024) /* some thousand events: a reader that is merely slow never gets there */

void
report_drop(struct report *r)
{
	r->lost = true;
	r->out.len = 0;
	if (r->watched)
		loop_forget(r->loop, r->fd);
	r->watched = false;
}

static void
lose(struct report *r, const struct error *why)
{
	if (r->lost)
		return;
	report_drop(r);
	r->gone(r->arg, why);
}

static void
ready(void *arg, uint32_t events)
{
	struct report *r = arg;

	if (events & (EPOLLHUP | EPOLLERR))
		lose(r, NULL);
	else
		report_flush(r);
}

/* Our own non-blocking view of standard output; its other users keep theirs as it is. */
static int
own_view(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return -1;
	if (S_ISFIFO(st.st_mode))
		fd = kernel.open(AT_FDCWD, "/proc/self/fd/1", O_WRONLY | O_NONBLOCK, 0);
	else if (S_ISSOCK(st.st_mode))
		fcntl(STDOUT_FILENO, F_SETFL, O_RDWR | O_NONBLOCK);
	return fd >= 0 ? fd : STDOUT_FILENO;
}

int
report_open(struct report *r, struct loop *loop, struct error *e)
{
	r->loop = loop;
	r->fd = own_view();
	if (r->fd < 0)
		return error_sys(e, "standard output");
	/* a regular file cannot hang up and is not watched */
	r->watched = loop_watch(loop, r->fd, 0, ready, r, NULL) == 0;
	return 0;
}

static void
wait_for_room(struct report *r, bool waiting)
{
	if (r->waiting == waiting || !r->watched)
		return;
	r->waiting = waiting;
	loop_change(r->loop, r->fd, waiting ? EPOLLOUT : 0);
}

void
report_flush(struct report *r)
{
	struct error e;
	size_t at = 0;

	if (r->lost)
		r->out.len = 0;
	while (at < r->out.len) {
		ssize_t n = kernel.write(r->fd, r->out.data + at, r->out.len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			error_sys(&e, "write standard output");
			lose(r, errno == EPIPE ? NULL : &e);
			return;
		}
		at += (size_t)n;
	}
	bytes_drop(&r->out, at);
	wait_for_room(r, r->out.len > 0);
}

bool
report_busy(const struct report *r)
{
	return r->out.len > BUSY;
}

void
report_close(struct report *r)
{
	if (r->watched)
		loop_forget(r->loop, r->fd);
	if (r->fd > STDERR_FILENO)
		close(r->fd);
	bytes_free(&r->out);
}
