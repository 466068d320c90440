/*
 * Several connections that open, write, read, close and remove two logs of a server in any order, and are lost
 * anywhere: it goes on, forgets nobody's log, and no byte of one log gets into the other. One server for all
 * inputs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/mci-log/methods.h"
#include "duration.h"
#include "kernel.h"
#include "names.h"
#include "serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CONNECTIONS 4

static char folder[] = "/tmp/mci-fuzz-log.XXXXXX";
static struct loop *loop;
static struct log_server logs;
static struct server *server;

static struct {
	int fd;        /* -1: not connected */
	size_t due;    /* bytes that were announced and not sent */
	char letter;   /* what they are: the name of their log */
} connections[CONNECTIONS];

struct input {
	const uint8_t *p;
	size_t n;
};

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static void
end(void)
{
	server_free(server);
	log_server_close(&logs);
	loop_free(loop);
	(void)names_remove_tree(folder, NULL);
}

static void
begin(void)
{
	struct error e;

	kernel.sync = kernel.sync_names = no_sync;
	serve_begin();
	expect(mkdtemp(folder) != NULL);
	loop = loop_new(&e);
	expect(log_server_open(&logs, loop, folder, NULL, MILLISECOND, &e) == 0);
	server = server_new(loop, &log_service, &logs);
	for (int i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	atexit(end);
}

static uint8_t
next(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static void
rounds(int n)
{
	struct error e;

	while (n-- > 0)
		loop_round(loop, kernel.now(), &e);
}

static void
hang_up(int which)
{
	close(connections[which].fd);
	connections[which].fd = -1;
	connections[which].due = 0;
}

/* Reads what came back, so that no reply is kept waiting. */
static void
drain(int which)
{
	char buffer[65536];
	ssize_t got;

	while ((got = recv(connections[which].fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		;
	if (got == 0)
		hang_up(which);
}

static void
tell(int which, const void *p, size_t n)
{
	struct error e;
	int ends[2];

	if (connections[which].fd < 0) {
		expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
		expect(server_connect(server, ends[1], ends[1], &e) == 0);
		connections[which].fd = ends[0];
	}
	(void)!send(connections[which].fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
request(int which, const char *method, char log, const char *more)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"log/%s\",\"params\":"
	    "{\"build\":\"o/r/1\",\"job\":\"%c\"%s}}\n", method, log, more);

	/* a line in the midst of announced bytes would be bytes: these come first */
	if (connections[which].due == 0)
		tell(which, line, (size_t)n);
}

static void
more(int which, size_t n)
{
	char bytes[4096];

	if (n > connections[which].due)
		n = connections[which].due;
	memset(bytes, connections[which].letter, sizeof(bytes));
	connections[which].due -= n;
	while (n > 0) {
		size_t some = n < sizeof(bytes) ? n : sizeof(bytes);

		tell(which, bytes, some);
		n -= some;
	}
}

static int64_t
stored(char log)
{
	struct logname name = { .build = (char[]){ "o/r/1" }, .run = 1, .job = (char[]){ log, (char)0 }, .attempt = 1 };
	struct stored_state state = { 0 };
	struct stored f;

	if (logdir_read(&logs.logdir, &name, &f, NULL) == 0) {
		(void)stored_look(&f, &state, NULL);
		stored_close(&f);
	}
	return state.size;
}

/* Somewhere near what is stored; some of the bytes at once. */
static void
append(int which, char log, struct input *in)
{
	char text[64];
	int64_t offset = stored(log) + (int8_t)next(in);
	size_t n = next(in) * (size_t)16;

	if (connections[which].due > 0)
		return;
	snprintf(text, sizeof(text), ",\"offset\":%lld,\"data\":%zu", (long long)offset, n);
	request(which, "append", log, text);
	connections[which].due = n;
	connections[which].letter = log;
	more(which, next(in) * (size_t)16);
}

static void
act(uint8_t op, struct input *in)
{
	static const char *const methods[] = { "open", "close", "get", "follow", "read", "remove", "status" };
	int which = op & 3;
	char log = op & 4 ? 'y' : 'x';

	switch (op >> 3 & 15) {
	case 0: case 1: case 2: case 3: case 4: case 5:
		request(which, methods[op >> 3 & 15], log, "");
		break;
	case 6: case 7:
		request(which, "open", log, ",\"resume\":true");
		break;
	case 8: case 9:
		append(which, log, in);
		break;
	case 10:
		more(which, next(in) * (size_t)16);
		break;
	case 11:
		if (connections[which].fd >= 0)
			hang_up(which);
		break;
	case 12:
		if (connections[which].fd >= 0)
			shutdown(connections[which].fd, SHUT_WR);
		break;
	case 13:
		request(which, "close", log, ",\"truncated\":true");
		break;
	case 14:
		request(which, "follow", log, ",\"wait\":true");
		break;
	default:
		rounds(2);
	}
}

/* What a log holds is its own, and it has its end. */
static void
check(void *arg, struct logname *n)
{
	struct stored_state state;
	struct stored f;
	char bytes[4096];
	int64_t at = 0;
	ssize_t got;

	(void)arg;
	/* the helper thread may be taking it away */
	if (inventory_removes(logs.inventory, n)) {
		logname_free(n);
		return;
	}
	expect(logdir_read(&logs.logdir, n, &f, NULL) == 0);
	expect(stored_look(&f, &state, NULL) == 0 && state.ended && !state.written);
	while ((got = pread(f.log, bytes, sizeof(bytes), at)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			expect(bytes[i] == n->job[0]);
		at += got;
	}
	expect(at == state.size);
	stored_close(&f);
	expect(logdir_remove(&logs.logdir, n, NULL) == 0);
	logname_free(n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = { data, n };
	struct error e;

	if (loop == NULL)
		begin();
	while (in.n > 0) {
		act(next(&in), &in);
		rounds(1);
		for (int i = 0; i < CONNECTIONS; i++) {
			if (connections[i].fd >= 0)
				drain(i);
		}
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		if (connections[i].fd >= 0)
			hang_up(i);
	}
	/* what was being written is given up a moment later */
	while (server_connections(server) > 0 || logs.writers.entries != NULL)
		loop_round(loop, kernel.now() + MILLISECOND, &e);
	expect(logs.streams.n == 0 && logs.streams.shared == NULL);
	(void)logdir_list(&logs.logdir, "o/r/1", 0, check, NULL, &e);
	return 0;
}
