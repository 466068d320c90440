#include "outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* Bytes that were given are dropped from the front when so many have gathered. */
#define DROP (512 * 1024)

struct parcel {
	uint64_t at; /* the line's first byte, in all that is ever given */
	size_t n;
	int fds[OUTBOX_FDS];
	int nfds;
};

static void
parcel_close(struct parcel *p)
{
	for (int i = 0; i < p->nfds; i++)
		close(p->fds[i]);
	p->nfds = 0;
}

size_t
outbox_size(const struct outbox *o)
{
	return o->bytes.len - o->given;
}

void
outbox_add(struct outbox *o, const void *p, size_t n)
{
	bytes_add(&o->bytes, p, n);
}

int
outbox_add_fds(struct outbox *o, const void *p, size_t n, const int *fds, int nfds)
{
	struct parcel new = { .at = o->sent + outbox_size(o), .n = n };

	if (n == 0 || nfds < 1 || nfds > OUTBOX_FDS) {
		errno = EINVAL;
		return -1;
	}
	for (; new.nfds < nfds; new.nfds++) {
		new.fds[new.nfds] = fcntl(fds[new.nfds], F_DUPFD_CLOEXEC, 3);
		if (new.fds[new.nfds] < 0) {
			parcel_close(&new);
			return -1;
		}
	}
	o->parcels = xrealloc(o->parcels, o->nparcels + 1, sizeof(*o->parcels));
	o->parcels[o->nparcels++] = new;
	bytes_add(&o->bytes, p, n);
	return 0;
}

/* The bytes of the next write: up to a line with descriptors, which begins a message of its own. */
static size_t
piece(const struct outbox *o, enum outbox_way way)
{
	size_t n = outbox_size(o);
	const char *end;

	if (o->nparcels > 0)
		return o->parcels[0].at == o->sent ? o->parcels[0].n :
		    (size_t)(o->parcels[0].at - o->sent);
	if (way != OUTBOX_PIPE || n <= PIPE_BUF)
		return n;
	end = memrchr(o->bytes.data + o->given, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - o->bytes.data) - o->given + 1 : n;
}

/* One sendmsg(2), with the descriptors of the line that begins here. */
static ssize_t
send_message(struct outbox *o, int fd, const char *p, size_t n)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * OUTBOX_FDS)];
		struct cmsghdr align;
	} control;
	struct iovec iov = { (void *)(uintptr_t)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	bool carries = o->nparcels > 0 && o->parcels[0].at == o->sent;
	ssize_t done;

	if (carries) {
		size_t size = sizeof(int) * (size_t)o->parcels[0].nfds;
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof(control));
		m.msg_control = control.room;
		m.msg_controllen = CMSG_SPACE(size);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), o->parcels[0].fds, size);
	}
	done = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (carries && done > 0) {
		parcel_close(&o->parcels[0]);
		memmove(o->parcels, o->parcels + 1, --o->nparcels * sizeof(*o->parcels));
	}
	return done;
}

int
outbox_give(struct outbox *o, int fd, enum outbox_way way)
{
	int result = 0;

	while (outbox_size(o) > 0) {
		const char *p = o->bytes.data + o->given;
		ssize_t done = way == OUTBOX_SOCKET ? send_message(o, fd, p, piece(o, way)) :
		    kernel.write(fd, p, piece(o, way));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			result = errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
			break;
		}
		o->given += (size_t)done;
		o->sent += (uint64_t)done;
	}
	if (o->given >= DROP || outbox_size(o) == 0) {
		bytes_drop(&o->bytes, o->given);
		o->given = 0;
	}
	return result;
}

static void
drop_all(struct outbox *o)
{
	for (size_t i = 0; i < o->nparcels; i++)
		parcel_close(&o->parcels[i]);
	free(o->parcels);
	o->parcels = NULL;
	o->nparcels = 0;
	bytes_free(&o->bytes);
	o->given = 0;
}

static void
give_up(struct budget_share *share)
{
	struct outbox *o = (struct outbox *)(void *)((char *)share - offsetof(struct outbox, share));

	if (outbox_size(o) > 0)
		o->give_up(o->arg);
	drop_all(o);
	budget_hold(share, 0, false);
}

void
outbox_bound(struct outbox *o, void (*told)(void *arg), void *arg)
{
	o->bound = true;
	o->share.give_up = give_up;
	o->give_up = told;
	o->arg = arg;
}

void
outbox_settle(struct outbox *o)
{
	if (o->bound)
		budget_hold(&o->share, o->bytes.size, o->sent != o->settled);
	o->settled = o->sent;
}

void
outbox_free(struct outbox *o)
{
	budget_hold(&o->share, 0, false);
	drop_all(o);
}
