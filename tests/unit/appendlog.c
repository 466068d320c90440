/* The append log: what recovery keeps, what a failed write leaves, and what a failed sync does. */
#include "appendlog.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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
	real = kernel;
}

static void
tear_down(void)
{
	kernel = real;
	unlink(path);
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
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
