/*
 * A disk that takes its time: while it is asked to keep a new subscriber's name, to bring events to the disk or to
 * remove old files, the hub answers everybody else. It is asked beside the loop alone.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "cmd/mci-events/methods.h"
#include "kernel.h"
#include "memory.h"
#include "serve.h"

static char folder[] = "/tmp/mci-slowdisk.XXXXXX";
static pthread_t loop_thread;
static atomic_int on_loop; /* slow calls that the loop waited for */
static int gate[2];        /* one byte lets one through */
static atomic_int waiting;

/* What a disk may take seconds for. */
static void
slow(void)
{
	char byte;

	if (pthread_equal(pthread_self(), loop_thread)) {
		atomic_fetch_add(&on_loop, 1);
		return;
	}
	atomic_fetch_add(&waiting, 1);
	ck_assert_int_eq(read(gate[0], &byte, 1), 1);
}

static int
slow_sync(int fd)
{
	slow();
	return fdatasync(fd);
}

static int
slow_sync_names(int fd)
{
	slow();
	return fsync(fd);
}

static int
slow_unlink(int dir, const char *name, int flags)
{
	slow();
	return unlinkat(dir, name, flags);
}

struct fixture {
	struct loop *loop;
	struct hub *hub;
	struct hub_door door;
	struct server *server;
};

static void
tell(const char *text)
{
	fprintf(stderr, "hub: %s\n", text);
}

/* The hub has opened its folder; from here on the disk is slow. */
static void
open_hub(struct fixture *f, int64_t keep_size)
{
	struct hub_settings settings = { .folder = folder, .segment_size = 4096, .keep_size = keep_size,
		.tell = tell };
	struct error e;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	serve_begin();
	f->loop = loop_new(&e);
	f->hub = hub_open(f->loop, &settings, &e);
	ck_assert_msg(f->hub != NULL, "%s", e.text);
	f->door = (struct hub_door){ .hub = f->hub };
	f->server = server_new(f->loop, &hub_service, &f->door);
	loop_thread = pthread_self();
	kernel.sync = slow_sync;
	kernel.sync_names = slow_sync_names;
	kernel.unlink = slow_unlink;
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
let_through(int n)
{
	while (n-- > 0)
		ck_assert_int_eq(write(gate[1], "x", 1), 1);
}

static void
close_hub(struct fixture *f)
{
	ck_assert_int_eq(atomic_load(&on_loop), 0);
	let_through(1000);
	server_free(f->server);
	hub_close(f->hub);
	loop_free(f->loop);
}

static void
remove_folder(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The client's end of a new connection. */
static int
connected(struct fixture *f)
{
	int ends[2];
	struct error e;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	ck_assert_int_eq(server_connect(f->server, ends[1], ends[1], &e), 0);
	return ends[0];
}

static void
say(int fd, const char *line)
{
	ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
}

/* The hub works until something comes back. */
static char *
answer(struct fixture *f, int fd)
{
	struct bytes got = { 0 };
	struct error e;

	for (;;) {
		ssize_t n = read(fd, bytes_reserve(&got, 4096), 4096);

		ck_assert_int_ne(n, 0);
		if (n > 0)
			got.len += (size_t)n;
		if (got.len > 0 && got.data[got.len - 1] == '\n')
			return bytes_give(&got);
		ck_assert_int_eq(loop_round(f->loop, kernel.now() + 10000000, &e), 0);
	}
}

static void
await_waiting(struct fixture *f, int n)
{
	struct error e;

	while (atomic_load(&waiting) < n)
		ck_assert_int_eq(loop_round(f->loop, kernel.now() + 1000000, &e), 0);
}

static bool
silent(int fd)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 0;
}

#define REQUEST(id, method, params) \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\",\"params\":" params "}\n"

START_TEST(a_new_name_holds_up_nobody)
{
	struct fixture f = { 0 };
	AUTO_FREE char *status = NULL;
	AUTO_FREE char *busy = NULL;
	AUTO_FREE char *there = NULL;
	int reader, other, third;

	open_hub(&f, 0);
	reader = connected(&f);
	other = connected(&f);
	third = connected(&f);
	say(reader, REQUEST(1, "event/subscribe", "{\"durable\":\"mail\",\"from\":\"start\"}"));
	await_waiting(&f, 1);
	say(other, REQUEST(2, "event/publish", "{\"event\":{\"type\":\"a/b\"}}"));
	status = answer(&f, other);
	ck_assert_ptr_nonnull(strstr(status, "\"result\":{\"offset\":1"));
	/* who wants the same name comes too late */
	say(third, REQUEST(3, "event/subscribe", "{\"durable\":\"mail\"}"));
	busy = answer(&f, third);
	ck_assert_msg(strstr(busy, "somebody else reads as mail") != NULL, "%s", busy);
	ck_assert(silent(reader));
	let_through(10);
	there = answer(&f, reader);
	/* from where it was asked for */
	ck_assert_msg(strstr(there, "\"offset\":1,") != NULL, "%s", there);
	close_hub(&f);
	remove_folder();
	close(reader);
	close(other);
	close(third);
}
END_TEST

START_TEST(old_files_go_beside_the_loop)
{
	struct fixture f = { 0 };
	struct stat st;
	AUTO_FREE char *first = NULL;
	int publisher;

	open_hub(&f, 16384);
	first = xformat("%s/%020d.ndjson", folder, 1);
	publisher = connected(&f);
	let_through(200); /* the syncs of what is published */
	for (int i = 0; i < 100; i++) {
		AUTO_FREE char *got = NULL;
		AUTO_FREE char *text = xformat(REQUEST(1, "event/publish",
		    "{\"event\":{\"type\":\"a/b\",\"text\":\"%0500d\"},\"sync\":\"disk\"}"), i);

		say(publisher, text);
		got = answer(&f, publisher);
		ck_assert_msg(strstr(got, "\"result\"") != NULL, "%s", got);
	}
	ck_assert_uint_gt(journal_first(&f.hub->journal), 1);
	close_hub(&f);
	ck_assert_int_lt(stat(first, &st), 0);
	remove_folder();
	close(publisher);
}
END_TEST

/* The answer waits for the disk, and whoever does not care for that is answered. */
START_TEST(a_sync_holds_up_nobody)
{
	struct fixture f = { 0 };
	AUTO_FREE char *fast = NULL;
	AUTO_FREE char *safe = NULL;
	int careful, other;

	open_hub(&f, 0);
	careful = connected(&f);
	other = connected(&f);
	say(careful, REQUEST(1, "event/publish", "{\"event\":{\"type\":\"a/b\"},\"sync\":\"disk\"}"));
	await_waiting(&f, 1);
	say(other, REQUEST(2, "event/publish", "{\"event\":{\"type\":\"a/b\"},\"sync\":\"os\"}"));
	fast = answer(&f, other);
	ck_assert_ptr_nonnull(strstr(fast, "\"id\":2"));
	ck_assert(silent(careful));
	let_through(10);
	safe = answer(&f, careful);
	ck_assert_ptr_nonnull(strstr(safe, "\"id\":1"));
	close_hub(&f);
	remove_folder();
	close(careful);
	close(other);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("slowdisk");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 60);
	tcase_add_test(all, a_new_name_holds_up_nobody);
	tcase_add_test(all, old_files_go_beside_the_loop);
	tcase_add_test(all, a_sync_holds_up_nobody);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
