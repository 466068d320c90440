#include "oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

#define PIECE 65536

struct oneshot {
	struct loop *loop;
	int fd;               /* our end */
	struct bytes waiting; /* read, and not sent */
	bool reads, ended, failed;
};

static void
watch(struct oneshot *o)
{
	loop_change(o->loop, o->fd, EPOLLIN | (o->waiting.len > 0 || o->reads ? EPOLLOUT : 0));
}

/* Reads on when all is sent; the end of the input is no end of the connection: an answer is waited
 * for. */
static void
feed(struct oneshot *o)
{
	ssize_t n;

	if (o->waiting.len == 0 && o->reads) {
		n = kernel.read(0, bytes_reserve(&o->waiting, PIECE), PIECE);
		if (n > 0)
			o->waiting.len += (size_t)n;
		else if (n == 0 || errno != EINTR)
			o->reads = false;
		if (!o->reads)
			shutdown(o->fd, SHUT_WR);
	}
	n = o->waiting.len == 0 ? 0 : send(o->fd, o->waiting.data, o->waiting.len, MSG_NOSIGNAL);
	if (n > 0)
		bytes_drop(&o->waiting, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		o->waiting.len = 0, o->reads = false;
}

static void
ready(void *arg, uint32_t events)
{
	struct oneshot *o = arg;
	char piece[PIECE];
	ssize_t n = 1;

	if (events & EPOLLOUT)
		feed(o);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		n = kernel.read(o->fd, piece, sizeof(piece));
	if (n > 0 && (events & EPOLLIN) && kernel_write_all(1, piece, (size_t)n) < 0)
		o->failed = true;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || o->failed) {
		loop_forget(o->loop, o->fd);
		loop_stop(o->loop, 0);
		return;
	}
	watch(o);
}

int
oneshot_run(struct loop *loop, struct http *http, struct error *e)
{
	struct oneshot o = { .loop = loop, .reads = true };
	int ends[2], result;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return error_sys(e, "socketpair");
	o.fd = ends[0];
	result = http_connect(http, ends[1], e);
	if (result == 0)
		result = loop_watch(loop, o.fd, EPOLLIN | EPOLLOUT, ready, &o, e);
	if (result == 0)
		result = loop_run(loop, e) < 0 ? -1 : 0;
	if (o.failed)
		result = error_sys(e, "standard output");
	close(o.fd);
	bytes_free(&o.waiting);
	return result;
}
