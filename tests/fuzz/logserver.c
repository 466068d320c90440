/* Anything on a log server's socket: it goes on, keeps nothing of who has left but logs that were opened, and
 * what a log got through it is what its index says. One server for all inputs. */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/mci-log/methods.h"
#include "duration.h"
#include "kernel.h"
#include "serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char folder[] = "/tmp/mci-fuzz-log.XXXXXX";
static struct loop *loop;
static struct log_server logs;
static struct server *server;

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
	log_server_close(&logs);
	loop_free(loop);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
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
	/* what was being written is given up a moment later */
	while (server_connections(server) > 0 || logs.writers.entries != NULL)
		loop_round(loop, kernel.now() + MILLISECOND, &e);
	expect(logs.streams.n == 0 && logs.streams.shared == NULL);
}

static void
whole(void *arg, struct logname *n)
{
	struct stored f;
	struct stored_state state;

	(void)arg;
	/* the helper thread may be taking it away */
	if (inventory_removes(logs.inventory, n)) {
		logname_free(n);
		return;
	}
	expect(logdir_read(&logs.logdir, n, &f, NULL) == 0);
	expect(stored_look(&f, &state, NULL) == 0 && state.ended && !state.written);
	stored_close(&f);
	expect(logdir_remove(&logs.logdir, n, NULL) == 0);
	logname_free(n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct error e;

	if (loop == NULL)
		begin();
	talk(data, n);
	(void)logdir_list(&logs.logdir, "o/r/1", 0, whole, NULL, &e);
	return 0;
}
