/* Anything on the hub's socket: it answers with lines, goes on, keeps nothing of who has left, and its log
 * stays good. One hub for all inputs, with a small log that is cut off behind. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/mci-events/methods.h"
#include "cmd/mci-events/recover.h"
#include "kernel.h"
#include "serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[] = "/tmp/mci-fuzz-hub.XXXXXX";
static struct loop *loop;
static struct hub_door door;
static struct server *server;

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
tell(const char *text)
{
	(void)text;
}

static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
end(void)
{
	server_free(server);
	hub_close(door.hub);
	loop_free(loop);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
begin(void)
{
	struct hub_settings settings = { .segment_size = 16384, .keep_size = 65536, .tell = tell };
	struct error e;

	kernel.sync = kernel.sync_names = no_sync;
	serve_begin();
	settings.folder = mkdtemp(folder);
	loop = loop_new(&e);
	door.hub = hub_open(loop, &settings, &e);
	expect(door.hub != NULL);
	server = server_new(loop, &hub_service, &door);
	atexit(end);
}

/* Reads what there is; false at the end. */
static int
drain(int fd)
{
	char buffer[65536];
	ssize_t got;

	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		;
	return got < 0;
}

static void
talk(const uint8_t *data, size_t n)
{
	int ends[2];
	struct error e;
	size_t sent = 0;

	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	expect(server_connect(server, ends[1], ends[1], &e) == 0);
	for (int i = 0; i < 64; i++) {
		ssize_t some = sent < n ? send(ends[0], data + sent, n - sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		if (some > 0)
			sent += (size_t)some;
		if (sent == n)
			shutdown(ends[0], SHUT_WR);
		loop_round(loop, kernel.now(), &e);
		if (!drain(ends[0]))
			break;
	}
	close(ends[0]);
	while (server_connections(server) > 0)
		loop_round(loop, kernel.now() + 1000000, &e);
	expect(door.hub->audience.all.n == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct recovery r;
	struct error e;

	if (loop == NULL)
		begin();
	talk(data, n);
	expect(recover_check(door.hub->journal.active, &r, &e) == 0 && r.bad_at < 0);
	expect(door.hub->journal.bytes <= 3 * 65536 + (int64_t)n * 64);
	return 0;
}
