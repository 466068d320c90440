/*
 * A client and a follower of the hub, against a server that says any bytes; 0xff in them is where it closes
 * the connection, and the next one gets what is behind. Whatever comes, each call ends once and in time,
 * and lines that are given have ascending offsets within an epoch.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "follow.h"
#include "kernel.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS 6

static void
expect(bool holds)
{
	if (!holds)
		abort();
}

static int64_t clock_now = 1000 * SECOND;
static int (*real_wait)(int epoll, struct epoll_event *events, int n, int64_t deadline);
static struct span script; /* what is still to be said */
static int peer = -1;      /* the server's end of the newest connection */

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

static void
virtual_random(void *into, size_t n)
{
	memset(into, 0x55, n);
}

static void
hang_up(void)
{
	if (peer >= 0)
		close(peer);
	peer = -1;
}

static int
virtual_connect(int fd, const struct sockaddr *address, socklen_t n)
{
	int pair[2];

	(void)address;
	(void)n;
	hang_up();
	if (script.n == 0) {
		errno = ECONNREFUSED;
		return -1;
	}
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	expect(dup3(pair[0], fd, O_CLOEXEC) == fd);
	close(pair[0]);
	peer = pair[1];
	return 0;
}

/* Says as much as goes, up to where it hangs up. */
static void
say(void)
{
	const char *stop = memchr(script.p, 0xff, script.n);
	size_t n = stop == NULL ? script.n : (size_t)(stop - script.p);
	char drop[65536];
	ssize_t sent;

	if (peer < 0)
		return;
	while (recv(peer, drop, sizeof(drop), 0) > 0)
		;
	sent = n == 0 ? 0 : send(peer, script.p, n, MSG_NOSIGNAL);
	if (sent > 0) {
		script.p += sent;
		script.n -= (size_t)sent;
	}
	if (sent == (ssize_t)n && stop != NULL) {
		script.p++;
		script.n--;
		hang_up();
	}
}

/* Until all is said, and then for so long. */
static void
play(struct loop *loop, const uint8_t *data, size_t n, int64_t longer)
{
	int64_t until;

	script = (struct span){ (const char *)data, n };
	for (size_t i = 0; i < 2 * n + 200 && script.n > 0; i++) {
		say();
		loop_round(loop, clock_now + MILLISECOND, NULL);
	}
	until = clock_now + longer;
	while (clock_now < until)
		loop_round(loop, until, NULL);
	hang_up();
}

struct caller {
	struct client *client;
	int ended;
};

static void
done(void *arg, struct span result, const struct error *e)
{
	struct caller *c = arg;

	expect((result.n > 0) == (e->code == ERROR_NONE));
	c->ended++;
}

static void
outage(void *arg, const struct error *why)
{
	bool *away = arg;

	expect((why != NULL) != *away);
	*away = why != NULL;
}

static void
talk_to_client(struct loop *loop, const uint8_t *data, size_t n)
{
	static const struct client_events events = { .outage = outage };
	static const struct client_wish wishes[CALLS] = {
		{ 0 }, { .again = CLIENT_ONCE }, { .again = CLIENT_AGAIN, .limit = 90 * SECOND },
		{ .again = CLIENT_INSIST }, { .limit = SECOND }, { .again = CLIENT_AGAIN, .data = { "x", 1 } },
	};
	struct caller callers[CALLS] = { 0 };
	bool is_away = false;
	struct client *c = client_open(loop, "unix:/server", &events, &is_away, NULL);

	for (int i = 0; i < CALLS; i++)
		client_call(c, "param/get", (struct span){ "{}", 2 }, &wishes[i], done, &callers[i]);
	play(loop, data, n, 100 * SECOND);
	for (int i = 0; i < CALLS; i++)
		expect(callers[i].ended == 1);
	client_close(c);
}

static void
lines(void *arg, struct span all, int64_t n, int64_t last)
{
	struct span line;
	int64_t offset;

	(void)arg;
	for (; follow_line(&all, &line, &offset); n--)
		expect(line.n > 2);
	expect(n == 0 && all.n == 0 && offset == last);
}

static void
ended(void *arg, const struct error *why)
{
	bool *over = arg;

	(void)why;
	expect(!*over);
	*over = true;
}

static void
talk_to_follower(struct loop *loop, const uint8_t *data, size_t n)
{
	static const struct follow_events events = { .lines = lines, .ended = ended };
	struct follow_request r = { .address = "unix:/server", .patient = true, .heartbeat = SECOND };
	bool over = false;
	struct follow *f;

	script = (struct span){ (const char *)data, n };
	f = follow_open(loop, &r, &events, &over, NULL);
	play(loop, data, n, 30 * SECOND);
	follow_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct loop *loop = loop_new(NULL);

	if (real_wait == NULL) {
		real_wait = kernel.wait;
		kernel.now = virtual_now;
		kernel.wait = virtual_wait;
		kernel.random = virtual_random;
		kernel.connect = virtual_connect;
	}
	talk_to_client(loop, data, n);
	talk_to_follower(loop, data, n);
	loop_free(loop);
	return 0;
}
