/* served: a server in the test's own loop, and what its clients say and hear. */
#ifndef TESTS_UNIT_SERVED_H
#define TESTS_UNIT_SERVED_H

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"
#include "loop.h"
#include "server.h"

static struct loop *loop;
static struct server *server;

/* A client's end of a new connection. */
static int
connected(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(server_connect(server, ends[0], ends[0], NULL), 0);
	return ends[1];
}

/* All that can happen now. */
static void
settle(void)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_round(loop, kernel.now(), NULL), 0);
}

static void
say_bytes(int fd, const char *p, size_t n)
{
	ck_assert_int_eq(kernel_write_all(fd, p, n), 0);
	settle();
}

static void
say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

/* What has come back, with nothing left: times are not compared here. */
static const char *
heard(int fd)
{
	static char text[65536];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

#endif
