/*
 * peer: the other side of connections, played by the test, and a clock that it holds still. What connects
 * to a socket's path gets one end of a socket pair; ends[i] is the other one of the i-th.
 */
#ifndef TESTS_UNIT_PEER_H
#define TESTS_UNIT_PEER_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "duration.h"
#include "kernel.h"
#include "loop.h"

static struct loop *loop;

/* The clock moves only when nothing else is left to do, and then to what is waited for. */
static int64_t clock_now;
static int (*real_wait)(int epoll, struct epoll_event *events, int n, int64_t deadline);

static int64_t
virtual_now(void)
{
	return clock_now;
}

static int
virtual_wait(int epoll, struct epoll_event *events, int n, int64_t deadline)
{
	int got = real_wait(epoll, events, n, 0);

	if (got == 0 && deadline > clock_now)
		clock_now = deadline;
	return got;
}

/* Of chance the least and the most. */
static unsigned char chance;

static void
virtual_random(void *into, size_t n)
{
	memset(into, chance, n);
}

/* The other side: connections as they are made, or why none is. */
static int refuses;
static int ends[64], nends;
static int tries;

static int
virtual_connect(int fd, const struct sockaddr *address, socklen_t n)
{
	int pair[2];

	(void)address;
	(void)n;
	tries++;
	if (refuses != 0) {
		errno = refuses;
		return -1;
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	ck_assert_int_eq(dup3(pair[0], fd, O_CLOEXEC), fd);
	close(pair[0]);
	ends[nends++] = pair[1];
	return 0;
}

/* In each test, before anything else. */
static void
peer_open(void)
{
	real_wait = kernel.wait;
	kernel.now = virtual_now;
	kernel.wait = virtual_wait;
	kernel.random = virtual_random;
	kernel.connect = virtual_connect;
	clock_now = 1000 * SECOND;
	loop = loop_new(NULL);
	ck_assert_ptr_nonnull(loop);
}

/* All that can happen now; no time passes. */
static void
settle(void)
{
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(loop_round(loop, clock_now, NULL), 0);
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop, 0);
}

static void
pass(int64_t ns)
{
	loop_after(loop, ns, stop, NULL);
	ck_assert_int_eq(loop_run(loop, NULL), 0);
	settle();
}

/* What has come at that connection. */
static const char *
heard(int end)
{
	static struct bytes text;
	ssize_t n;

	text.len = 0;
	while ((n = read(ends[end], bytes_reserve(&text, 65536), 65536)) > 0)
		text.len += (size_t)n;
	return bytes_string(&text);
}

static void
say(int end, const char *text)
{
	ck_assert_int_eq(write(ends[end], text, strlen(text)), (ssize_t)strlen(text));
	settle();
}

static void
hang_up(int end)
{
	close(ends[end]);
	settle();
}

#endif
