/* Compressed logs: every byte and line as in the raw one, damage that is named, and steps that
 * fail. */
#include "logpack.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "logcompress.h"

#define LONGEST (3 * LOGPACK_FRAME + 77)

static char folder[] = "/tmp/mci-unit-XXXXXX";
static int dir;
static struct kernel real;
static char log_bytes[LONGEST];

static void
set_up(void)
{
	uint32_t seed = 1;

	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	real = kernel;
	for (size_t i = 0; i < LONGEST; i++) {
		seed = seed * 1103515245 + 12345;
		log_bytes[i] = seed >> 16 & 31 ? (char)('a' + (seed >> 21 & 7)) : '\n';
	}
}

static void
tear_down(void)
{
	static const char *const names[] = { "j.log", "j.log.zst", "j.log.zst.tmp" };

	kernel = real;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int64_t
size_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) < 0 ? -1 : st.st_size;
}

static void
store(const char *name, const void *p, size_t n)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

/* The log of the first n bytes, compressed and opened. */
static void
pack(struct logpack *p, size_t n)
{
	struct error e;

	store("j.log", log_bytes, n);
	ck_assert_msg(logcompress(dir, "j.log", NULL, NULL, &e) == 0, "%s", e.text);
	ck_assert_msg(logpack_open(p, dir, "j.log.zst", &e) == 0, "%s", e.text);
}

static uint64_t
newlines_before(int64_t end)
{
	uint64_t count = 0;

	for (int64_t i = 0; i < end; i++)
		count += log_bytes[i] == '\n';
	return count;
}

static const size_t lengths[] = { 0, 1, 100, LOGPACK_FRAME - 1, LOGPACK_FRAME, LOGPACK_FRAME + 1,
	2 * LOGPACK_FRAME, LONGEST };

START_TEST(round_trip)
{
	const size_t n = lengths[_i];
	char *got = malloc(LONGEST + 1);
	int64_t before, after;
	struct logpack p;

	store("j.log", log_bytes, n);
	ck_assert_int_eq(logcompress(dir, "j.log", &before, &after, NULL), 0);
	ck_assert_int_eq(before, n);
	ck_assert_int_eq(after, size_of("j.log.zst"));
	ck_assert_int_eq(size_of("j.log"), -1);
	ck_assert_int_eq(logpack_open(&p, dir, "j.log.zst", NULL), 0);
	ck_assert_int_eq(p.size, n);
	ck_assert_uint_eq(p.newlines, newlines_before((int64_t)n));
	ck_assert_int_eq(logpack_read(&p, got, LONGEST + 1, 0, NULL), n);
	ck_assert_mem_eq(got, log_bytes, n);
	for (size_t at = 0; at < n; at += 9973) {
		size_t want = n - at < 5000 ? n - at : 5000;

		ck_assert_int_eq(logpack_read(&p, got, 5000, (int64_t)at, NULL), want);
		ck_assert_mem_eq(got, log_bytes + at, want);
	}
	ck_assert_int_eq(logpack_read(&p, got, 1, (int64_t)n, NULL), 0);
	logpack_close(&p);
	free(got);
}
END_TEST

START_TEST(places)
{
	struct logpack p;
	int64_t start;
	uint64_t newlines;

	pack(&p, LONGEST);
	for (int64_t at = 0; at < LONGEST + 300000; at += 4999) {
		int64_t frame = at < LONGEST ? at / LOGPACK_FRAME : 3;

		ck_assert_int_eq(logpack_before_byte(&p, at, &start, &newlines, NULL), 0);
		ck_assert_int_eq(start, frame * LOGPACK_FRAME);
		ck_assert_uint_eq(newlines, newlines_before(start));
	}
	for (uint64_t count = 1; count <= p.newlines; count += 101) {
		ck_assert_int_eq(logpack_before_newline(&p, count, &start, &newlines, NULL), 0);
		ck_assert_uint_lt(newlines, count);
		ck_assert_uint_eq(newlines, newlines_before(start));
		if (start + LOGPACK_FRAME < LONGEST)
			ck_assert_uint_ge(newlines_before(start + LOGPACK_FRAME), count);
	}
	ck_assert_int_eq(logpack_before_newline(&p, UINT64_MAX, &start, &newlines, NULL), 0);
	ck_assert_int_eq(start, 3 * LOGPACK_FRAME);
	logpack_close(&p);
}
END_TEST

/* More logs at once than frames are held, in turns. */
START_TEST(many)
{
	struct logpack p[40];

	pack(&p[0], LONGEST);
	for (size_t i = 1; i < 40; i++)
		ck_assert_int_eq(logpack_open(&p[i], dir, "j.log.zst", NULL), 0);
	for (int64_t at = 0; at < LONGEST; at += 50000) {
		for (size_t i = 0; i < 40; i++) {
			struct span piece;

			ck_assert_int_eq(logpack_piece(&p[i], at, &piece, NULL), 0);
			ck_assert_uint_gt(piece.n, 0);
			ck_assert_mem_eq(piece.p, log_bytes + at, piece.n);
		}
	}
	for (size_t i = 0; i < 40; i++)
		logpack_close(&p[i]);
}
END_TEST

/* Whatever is done to a byte, or cut off: an error with name and byte, or the log as it was. */
static bool
intact(size_t n)
{
	char got[400];
	struct logpack p;
	struct error e = { 0 };
	int result = logpack_open(&p, dir, "j.log.zst", &e);
	bool same;

	if (result == 0) {
		ssize_t length = logpack_read(&p, got, sizeof(got), 0, &e);

		same = length == (ssize_t)n && memcmp(got, log_bytes, n) == 0;
		logpack_close(&p);
		if (length >= 0)
			return same;
	}
	ck_assert_int_eq(e.code, ERROR_INPUT);
	ck_assert_msg(strstr(e.text, "j.log.zst: damaged at byte ") != NULL, "%s", e.text);
	return true;
}

START_TEST(damage)
{
	char packed[1000], bad[1000];
	struct logpack p;
	size_t n;
	int fd;

	pack(&p, 300);
	logpack_close(&p);
	fd = openat(dir, "j.log.zst", O_RDONLY);
	n = (size_t)read(fd, packed, sizeof(packed));
	close(fd);
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit += 3) {
			memcpy(bad, packed, n);
			bad[i] = (char)(bad[i] ^ 1 << bit);
			store("j.log.zst", bad, n);
			ck_assert_msg(intact(300), "byte %zu bit %d", i, bit);
		}
		store("j.log.zst", packed, i);
		ck_assert_msg(intact(300), "cut at %zu", i);
	}
	ck_assert_int_eq(logpack_open(&p, dir, "k.log.zst", NULL), -1);
}
END_TEST

static int calls, failing;

static bool
fails(void)
{
	errno = ENOSPC;
	return ++calls == failing;
}

static int
failing_open(int at, const char *path, int flags, mode_t mode)
{
	return fails() ? -1 : real.open(at, path, flags, mode);
}

static ssize_t
failing_read(int fd, void *into, size_t n)
{
	return fails() ? -1 : real.read(fd, into, n);
}

static ssize_t
failing_write(int fd, const void *from, size_t n)
{
	return fails() ? -1 : real.write(fd, from, n);
}

static int
failing_sync(int fd)
{
	return fails() ? -1 : real.sync(fd);
}

static int
failing_sync_names(int fd)
{
	return fails() ? -1 : real.sync_names(fd);
}

static int
failing_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails() ? -1 : real.rename(from_dir, from, to_dir, to);
}

/* Whichever call fails, the raw log stays until the other one is there for good. */
START_TEST(failures)
{
	int result = -1;

	store("j.log", log_bytes, LONGEST);
	for (failing = 1; result < 0; failing++) {
		struct error e;

		calls = 0;
		kernel.open = failing_open;
		kernel.read = failing_read;
		kernel.write = failing_write;
		kernel.sync = failing_sync;
		kernel.sync_names = failing_sync_names;
		kernel.rename = failing_rename;
		result = logcompress(dir, "j.log", NULL, NULL, &e);
		kernel = real;
		if (result == 0)
			break;
		ck_assert_int_eq(e.sys, ENOSPC);
		ck_assert_int_eq(size_of("j.log"), LONGEST);
		ck_assert_int_eq(size_of("j.log.zst.tmp"), -1);
	}
	ck_assert_int_gt(failing, 15);
	ck_assert_int_eq(size_of("j.log"), -1);
}
END_TEST

/* The job prints more when the last bytes of its compressed log are written. */
static ssize_t
growing_write(int fd, const void *from, size_t n)
{
	int more = openat(dir, "j.log", O_WRONLY | O_APPEND);

	if (n == sizeof(struct logpack_foot))
		ck_assert_int_eq(real.write(more, "xyz", 3), 3);
	close(more);
	return real.write(fd, from, n);
}

START_TEST(growing)
{
	struct error e;

	store("j.log", log_bytes, 100);
	kernel.write = growing_write;
	ck_assert_int_eq(logcompress(dir, "j.log", NULL, NULL, &e), -1);
	ck_assert_int_eq(e.code, ERROR_BUSY);
	ck_assert_int_eq(size_of("j.log"), 103);
	ck_assert_int_eq(size_of("j.log.zst"), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("logpack");
	TCase *t = tcase_create("logpack");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, round_trip, 0, sizeof(lengths) / sizeof(lengths[0]));
	tcase_add_test(t, places);
	tcase_add_test(t, many);
	tcase_add_test(t, damage);
	tcase_add_test(t, failures);
	tcase_add_test(t, growing);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
