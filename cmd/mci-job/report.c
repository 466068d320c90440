#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "terminal.h"

#define BUSY (256 * 1024) /* some thousand events: a reader that is merely slow never gets there */

void
report_drop(struct report *r)
{
	r->lost = true;
	r->out.len = r->safe = 0;
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

int
report_open(struct report *r, struct loop *loop, struct error *e)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return error_sys(e, "standard output");
	r->loop = loop;
	r->fd = kernel_own(STDOUT_FILENO, O_WRONLY);
	if (r->fd < 0)
		r->fd = STDOUT_FILENO;
	r->socket = S_ISSOCK(st.st_mode);
	r->terminal = isatty(STDOUT_FILENO) == 1;
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

/* What was gathered since the last time, made safe for the terminal. */
static void
make_safe(struct report *r)
{
	AUTO_BYTES shown = { 0 };

	terminal_safe(&shown, r->out.data + r->safe, r->out.len - r->safe, true);
	r->out.len = r->safe;
	bytes_add(&r->out, shown.data, shown.len);
	r->safe = r->out.len;
}

/* Whoever else has the socket keeps it as it is. */
static ssize_t
give(const struct report *r, const char *p, size_t n)
{
	return r->socket ? send(r->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) : kernel.write(r->fd, p, n);
}

void
report_flush(struct report *r)
{
	struct error e;
	size_t at = 0;

	if (r->lost)
		r->out.len = r->safe = 0;
	if (r->terminal && r->out.len > r->safe)
		make_safe(r);
	while (at < r->out.len) {
		ssize_t n = give(r, r->out.data + at, r->out.len - at);

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
	r->safe -= r->safe < at ? r->safe : at;
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
