#include "inbox.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

/* Remembers descriptors that came with the chunk that ends at b->received. */
static void
hold(struct inbox *b, const struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		if (b->nheld == INBOX_HELD)
			close(fd);
		else
			b->held[b->nheld++] = (struct inbox_held){ b->received - 1, fd };
	}
}

static ssize_t
receive(struct inbox *b, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * INBOX_FDS)];
		struct cmsghdr align;
	} control;
	char chunk[CHUNK];
	struct iovec iov = { chunk, sizeof(chunk) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n <= 0)
		return n;
	line_add(&b->reader, chunk, (size_t)n);
	b->received += (uint64_t)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			hold(b, c);
	}
	return n;
}

ssize_t
inbox_read(struct inbox *b, int fd, bool socket)
{
	ssize_t n;

	if (socket)
		return receive(b, fd);
	n = line_read(&b->reader, fd);
	if (n > 0)
		b->received += (uint64_t)n;
	return n;
}

uint64_t
inbox_position(const struct inbox *b)
{
	return b->received - (b->reader.buffer.len - b->reader.at);
}

int
inbox_claim(struct inbox *b, uint64_t from, uint64_t to, int *fds)
{
	int n = 0, left = 0;

	for (int i = 0; i < b->nheld; i++) {
		const struct inbox_held *h = &b->held[i];

		if (h->at >= to)
			b->held[left++] = *h;
		else if (h->at >= from && n < INBOX_FDS)
			fds[n++] = h->fd;
		else
			close(h->fd);
	}
	b->nheld = left;
	return n;
}

/* The half line goes, and any room that is not needed. */
static void
give_up(struct budget_share *share)
{
	struct inbox *b = (struct inbox *)(void *)((char *)share - offsetof(struct inbox, share));

	if (b->busy)
		return;
	if (line_drop(&b->reader)) {
		b->dropped = b->reader.number;
		b->drop(b->arg);
	}
	line_fit(&b->reader);
	budget_hold(share, b->reader.buffer.size, false);
}

void
inbox_bound(struct inbox *b, void (*drop)(void *arg), void *arg)
{
	b->bound = true;
	b->share.give_up = give_up;
	b->drop = drop;
	b->arg = arg;
}

void
inbox_settle(struct inbox *b)
{
	uint64_t at = inbox_position(b);

	if (b->bound)
		budget_hold(&b->share, b->reader.buffer.size, at != b->settled);
	b->settled = at;
}

void
inbox_free(struct inbox *b)
{
	budget_hold(&b->share, 0, false);
	for (int i = 0; i < b->nheld; i++)
		close(b->held[i].fd);
	b->nheld = 0;
	line_free(&b->reader);
}
