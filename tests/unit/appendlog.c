/* The append log: what recovery keeps, what a failed write leaves, and readers of every kind. */
#include "appendlog.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel.h"

static char folder[] = "/tmp/mci-unit-XXXXXX";
static const char path[] = "log";
static struct kernel real;

static void
set_up(void)
{
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	signal(SIGPIPE, SIG_IGN);
	real = kernel;
}

static void
tear_down(void)
{
	kernel = real;
	unlink(path);
	unlink("copy");
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(folder);
}

static void
put(const char *name, const char *text, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void
holds(const char *name, const char *text, size_t n)
{
	char *got = malloc(n + 1);
	int fd = open(name, O_RDONLY);

	ck_assert_int_eq(read(fd, got, n + 1), (ssize_t)n);
	ck_assert_mem_eq(got, text, n);
	close(fd);
	free(got);
}

static const struct {
	const char *before, *after;
} torn[] = {
	{ "", "" },
	{ "a\n", "a\n" },
	{ "a\nb", "a\n" },
	{ "no line", "" },
	{ "\n\n", "\n\n" },
	{ "a\n\n{", "a\n\n" },
};

START_TEST(test_open_cuts)
{
	size_t before = strlen(torn[_i].before), after = strlen(torn[_i].after);
	struct appendlog l;
	struct error e;
	int64_t cut = -1;

	put(path, torn[_i].before, before);
	ck_assert_int_eq(appendlog_open(&l, path, &cut, &e), 0);
	ck_assert_int_eq(cut, (int64_t)(before - after));
	ck_assert_int_eq(l.size, (int64_t)after);
	ck_assert_int_eq(appendlog_append(&l, "new\n", 4, &e), 0);
	appendlog_close(&l);
	ck_assert_int_eq(appendlog_open(&l, path, &cut, &e), 0);
	ck_assert_int_eq(cut, 0);
	ck_assert_int_eq(l.size, (int64_t)after + 4);
	appendlog_close(&l);
}
END_TEST

/* A torn line longer than what is read at once. */
START_TEST(test_open_long)
{
	size_t n = 300000;
	char *text = malloc(n);
	struct appendlog l;
	int64_t cut;

	memset(text, 'x', n);
	text[9] = '\n';
	put(path, text, n);
	ck_assert_int_eq(appendlog_open(&l, path, &cut, NULL), 0);
	ck_assert_int_eq(cut, (int64_t)n - 10);
	appendlog_close(&l);
	holds(path, text, 10);
	free(text);
}
END_TEST

START_TEST(test_open_fails)
{
	struct appendlog l;
	struct error e;

	ck_assert_int_eq(appendlog_open(&l, "nowhere/log", NULL, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "nowhere/log"));
}
END_TEST

static size_t room;

static ssize_t
full_write(int fd, const void *from, size_t n)
{
	if (room == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (n > room)
		n = room;
	room -= n;
	return write(fd, from, n);
}

static const struct {
	size_t room;
	const char *left;
} disks[] = { { 0, "old\n" }, { 2, "old\n" }, { 4, "old\none\n" }, { 6, "old\none\n" } };

START_TEST(test_full)
{
	struct appendlog l;
	struct error e;

	put(path, "old\n", 4);
	ck_assert_int_eq(appendlog_open(&l, path, NULL, &e), 0);
	kernel.write = full_write;
	room = disks[_i].room;
	ck_assert_int_eq(appendlog_append(&l, "one\ntwo\n", 8, &e), -1);
	ck_assert_int_eq(e.sys, ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert(l.failed);
	ck_assert_int_eq(l.size, (int64_t)strlen(disks[_i].left));
	holds(path, disks[_i].left, strlen(disks[_i].left));
	kernel.write = real.write;
	ck_assert_int_eq(appendlog_append(&l, "more\n", 5, &e), -1);
	ck_assert_int_eq(appendlog_sync(&l, &e), -1);
	holds(path, disks[_i].left, strlen(disks[_i].left));
	appendlog_close(&l);
}
END_TEST

static int
broken_sync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

START_TEST(test_sync)
{
	struct appendlog l;
	struct error e;

	ck_assert_int_eq(appendlog_open(&l, path, NULL, &e), 0);
	ck_assert_int_eq(appendlog_append(&l, "a\n", 2, &e), 0);
	ck_assert_int_eq(appendlog_sync(&l, &e), 0);
	ck_assert_int_eq(l.synced, 2);
	kernel.sync = broken_sync;
	ck_assert_int_eq(appendlog_sync(&l, &e), 0); /* nothing new: the disk is not asked */
	ck_assert_int_eq(appendlog_append(&l, "b\n", 2, &e), 0);
	ck_assert_int_eq(appendlog_sync(&l, &e), -1);
	ck_assert_int_eq(appendlog_append(&l, "c\n", 2, &e), -1);
	appendlog_close(&l);
}
END_TEST

#define SIZE 1000000

static char *
put_pattern(void)
{
	char *text = malloc(SIZE);

	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)(i * 31 + i / 251);
	put(path, text, SIZE);
	return text;
}

static void
make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe(ends), 0);
}

static void
make_sockets(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void (*const makers[])(int ends[2]) = { make_pipe, make_sockets };

/* A reader that takes little at a time gets every byte, and the feeder never blocks. */
START_TEST(test_feed)
{
	char *text = put_pattern(), got[7777];
	struct logfeed f;
	struct error e;
	int ends[2], blocked = 0;
	size_t at = 100;

	makers[_i](ends);
	ck_assert_int_eq(logfeed_open(&f, path, ends[1], 100, &e), 0);
	ck_assert(!f.file);
	while (at < SIZE - 5) {
		enum logfeed_result result = logfeed_pump(&f, SIZE - 5);
		ssize_t n;

		ck_assert_int_ne(result, LOGFEED_GONE);
		blocked += result == LOGFEED_BLOCKED;
		n = read(ends[0], got, sizeof(got));
		ck_assert_int_gt(n, 0);
		ck_assert_mem_eq(got, text + at, (size_t)n);
		at += (size_t)n;
	}
	ck_assert_int_gt(blocked, 1);
	ck_assert_int_eq(f.at, SIZE - 5);
	ck_assert_int_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	logfeed_close(&f);
	close(ends[0]);
	close(ends[1]);
	free(text);
}
END_TEST

START_TEST(test_feed_gone)
{
	char *text = put_pattern();
	struct logfeed f;
	struct error e;
	int ends[2];

	makers[_i](ends);
	ck_assert_int_eq(logfeed_open(&f, path, ends[1], 0, &e), 0);
	close(ends[0]);
	ck_assert_int_eq(logfeed_pump(&f, SIZE), LOGFEED_GONE);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(logfeed_pump(&f, SIZE), LOGFEED_GONE);
	logfeed_close(&f);
	close(ends[1]);
	free(text);
}
END_TEST

START_TEST(test_feed_file)
{
	char *text = put_pattern();
	int fd = open("copy", O_WRONLY | O_CREAT | O_APPEND, 0600);
	struct logfeed f;
	struct error e;

	ck_assert_int_eq(logfeed_open(&f, path, fd, 0, &e), 0);
	ck_assert(f.file);
	ck_assert_int_eq(logfeed_pump(&f, 500000), LOGFEED_DONE);
	ck_assert_int_eq(logfeed_pump(&f, SIZE), LOGFEED_DONE);
	holds("copy", text, SIZE);
	logfeed_close(&f);
	close(fd);
	free(text);
}
END_TEST

/* A terminal that is stopped takes its fill and no more; nothing waits for it. */
START_TEST(test_feed_terminal)
{
	char *text = put_pattern(), got[65536];
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct logfeed f;
	struct error e;
	ssize_t n;

	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_eq(logfeed_open(&f, path, slave, 0, &e), 0);
	ck_assert_int_eq(logfeed_pump(&f, SIZE), LOGFEED_BLOCKED);
	ck_assert_int_gt(f.at, 0);
	n = f.at;
	while (n == f.at) {
		ck_assert_int_gt(read(master, got, sizeof(got)), 0);
		ck_assert_int_eq(logfeed_pump(&f, SIZE), LOGFEED_BLOCKED);
	}
	logfeed_close(&f);
	close(slave);
	close(master);
	free(text);
}
END_TEST

/* A log that is shorter than its limit is no end: it has lost bytes. */
START_TEST(test_feed_short)
{
	struct logfeed f;
	struct error e;
	int ends[2];

	put(path, "12345", 5);
	make_pipe(ends);
	ck_assert_int_eq(logfeed_open(&f, path, ends[1], 0, &e), 0);
	ck_assert_int_eq(logfeed_pump(&f, 5), LOGFEED_DONE);
	ck_assert_int_eq(logfeed_pump(&f, 6), LOGFEED_GONE);
	ck_assert_int_eq(errno, EIO);
	logfeed_close(&f);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("appendlog");
	TCase *t = tcase_create("appendlog");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, test_open_cuts, 0, COUNT(torn));
	tcase_add_test(t, test_open_long);
	tcase_add_test(t, test_open_fails);
	tcase_add_loop_test(t, test_full, 0, COUNT(disks));
	tcase_add_test(t, test_sync);
	tcase_add_loop_test(t, test_feed, 0, COUNT(makers));
	tcase_add_loop_test(t, test_feed_gone, 0, COUNT(makers));
	tcase_add_test(t, test_feed_file);
	tcase_add_test(t, test_feed_terminal);
	tcase_add_test(t, test_feed_short);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
