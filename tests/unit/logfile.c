/* The log file and its index: when there is one, what it says, and what is left when writes fail. */
#include "logfile.h"
#include "logindex.h"
#include "memory.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"

static char folder[] = "/tmp/mci-unit-XXXXXX";
static int dir;
static struct kernel real;
static int64_t now;

static int64_t
still_wall(void)
{
	return now;
}

static void
set_up(void)
{
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	real = kernel;
	kernel.wall = still_wall;
	now = 1000 * SECOND;
}

static void
tear_down(void)
{
	static const char *const names[] = { "j.log", "j.idx", "j@2.log", "j@2.idx" };

	kernel = real;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int
read_index(struct logindex *x, int attempt, struct error *e)
{
	const char *name = attempt == 1 ? "j.idx" : "j@2.idx";

	if (x->fd < 0)
		x->fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	return logindex_refresh(x, name, e);
}

static int64_t
size_of(const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) < 0 ? -1 : st.st_size;
}

static void
print(struct logfile_writer *w, const char *text, uint32_t stream)
{
	ck_assert_int_eq(logfile_write(w, text, strlen(text), stream, NULL), 0);
}

START_TEST(test_names)
{
	AUTO_BYTES name = { 0 };

	logfile_name(&name, "unit", 1, "log");
	bytes_char(&name, ' ');
	logfile_name(&name, "unit.a", 12, "idx");
	ck_assert_str_eq(bytes_string(&name), "unit.log unit.a@12.idx");
}
END_TEST

START_TEST(test_one_chunk)
{
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;

	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	print(&w, "all at once\n", 0);
	ck_assert_int_eq(w.first, 1000 * SECOND);
	ck_assert_int_eq(w.size, 12);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	ck_assert_int_eq(size_of("j.log"), 12);
	ck_assert_int_eq(size_of("j.idx"), -1);
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert_int_eq((int64_t)x.count, 0);
	ck_assert(!x.ended);
	ck_assert_ptr_null(logindex_at(&x, 0));
}
END_TEST

START_TEST(test_index)
{
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;

	ck_assert_int_eq(logfile_open(&w, dir, "j", 2, &e), 0);
	print(&w, "abc", 1);
	now += SECOND;
	print(&w, "de", 2);
	now += SECOND;
	print(&w, "f", 1);
	ck_assert_int_eq(read_index(&x, 2, &e), 0);
	ck_assert_int_eq((int64_t)x.count, 3);
	ck_assert(!x.ended);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	ck_assert_int_eq(read_index(&x, 2, &e), 0);
	ck_assert(x.ended && !x.truncated);
	ck_assert_int_eq(x.length, 6);
	ck_assert_int_eq((int64_t)x.count, 3);
	ck_assert_int_eq(logindex_at(&x, 0)->time, 1000 * SECOND);
	ck_assert_int_eq(logindex_at(&x, 2)->time, 1000 * SECOND);
	ck_assert_int_eq(logindex_at(&x, 3)->time, 1001 * SECOND);
	ck_assert_int_eq(logindex_at(&x, 99)->time, 1002 * SECOND);
	ck_assert_uint_eq(logindex_at(&x, 4)->stream, 2);
	logindex_close(&x);
}
END_TEST

/* Records wait for their batch, but not longer than a second. */
START_TEST(test_index_batch)
{
	struct logfile_writer w;
	struct error e;

	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	print(&w, "1", 0);
	print(&w, "2", 0);
	ck_assert_int_eq(size_of("j.idx"), 3 * 24);
	now += SECOND - 1;
	print(&w, "3", 0);
	ck_assert_int_eq(size_of("j.idx"), 3 * 24);
	now += 1;
	print(&w, "4", 0);
	ck_assert_int_eq(size_of("j.idx"), 5 * 24);
	for (int i = 0; i < 171; i++)
		print(&w, "x", 0);
	ck_assert_int_eq(size_of("j.idx"), (5 + 171) * 24);
	print(&w, "y", 0);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	ck_assert_int_eq(size_of("j.idx"), (5 + 171 + 2) * 24);
}
END_TEST

START_TEST(test_same_name)
{
	struct logfile_writer w;
	struct error e;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
		print(&w, "once", 0);
		if (i == 0)
			print(&w, "twice", 0);
		ck_assert_int_eq(logfile_close(&w, &e), 0);
	}
	ck_assert_int_eq(size_of("j.log"), 4);
	ck_assert_int_eq(size_of("j.idx"), -1);
}
END_TEST

START_TEST(test_drain)
{
	struct logfile_writer w;
	struct error e;
	int ends[2], copy[2];
	char got[16];

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK) | pipe(copy), 0);
	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 0, 0, -1, &e), LOGFILE_MORE);
	ck_assert_int_eq(write(ends[1], "0123456789", 10), 10);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 0, 4, copy[1], &e), LOGFILE_MORE);
	ck_assert_int_eq(w.size, 4);
	ck_assert_int_eq(read(copy[0], got, sizeof(got)), 4);
	close(ends[1]);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 0, 0, -1, &e), LOGFILE_EOF);
	ck_assert_int_eq(w.size, 10);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	close(ends[0]);
	close(copy[0]);
	close(copy[1]);
}
END_TEST

START_TEST(test_widen)
{
	struct logfile_writer w;
	struct error e;
	int ends[2];
	char *text = calloc(1, 65536);

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	ck_assert_int_eq(write(ends[1], text, 1000), 1000);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 0, 0, -1, &e), LOGFILE_MORE);
	ck_assert_int_eq(fcntl(ends[0], F_GETPIPE_SZ), 65536);
	ck_assert_int_eq(write(ends[1], text, 65536), 65536);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 0, 0, -1, &e), LOGFILE_MORE);
	ck_assert_int_gt(fcntl(ends[0], F_GETPIPE_SZ), 65536);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	close(ends[0]);
	close(ends[1]);
	free(text);
}
END_TEST

START_TEST(test_cap)
{
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;

	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	w.cap = 5;
	print(&w, "1234567", 0);
	print(&w, "89", 0);
	ck_assert_int_eq(w.size, 5);
	ck_assert_int_eq(w.dropped, 4);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	ck_assert_int_eq(size_of("j.log"), 5);
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert(x.ended && x.truncated);
	ck_assert_int_eq(x.length, 5);
	logindex_close(&x);
}
END_TEST

/* Sizes, offsets and copies are those of what the mask lets through; what it holds comes at the end. */
START_TEST(test_mask)
{
	struct mask *mask = mask_new();
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;
	int ends[2], errors[2], copy[2], fd;
	char got[64] = "";

	ck_assert_int_eq(mask_add(mask, "hunter2!", 8, &e), 0);
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK) | pipe2(errors, O_NONBLOCK) | pipe(copy), 0);
	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	w.mask = mask;
	ck_assert_int_eq(write(ends[1], "token hun", 9), 9);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 1, 0, copy[1], &e), LOGFILE_MORE);
	ck_assert_int_eq(w.size, 6);
	/* another stream between its two halves */
	now += SECOND;
	ck_assert_int_eq(write(errors[1], "err", 3), 3);
	ck_assert_int_eq(logfile_drain(&w, errors[0], 2, 0, -1, &e), LOGFILE_MORE);
	now += SECOND;
	ck_assert_int_eq(write(ends[1], "ter2!\nhu", 8), 8);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 1, 0, copy[1], &e), LOGFILE_MORE);
	ck_assert_int_eq(w.size, 13);
	ck_assert_int_eq(write(errors[1], "hunt", 4), 4);
	ck_assert_int_eq(logfile_drain(&w, errors[0], 2, 0, -1, &e), LOGFILE_MORE);
	ck_assert_int_eq(w.size, 13);
	close(ends[1]);
	ck_assert_int_eq(logfile_drain(&w, ends[0], 1, 0, copy[1], &e), LOGFILE_EOF);
	ck_assert_int_eq(w.size, 15);
	ck_assert_int_eq(logfile_rest(&w, &e), 0);
	ck_assert_int_eq(w.size, 19);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	fd = openat(dir, "j.log", O_RDONLY);
	ck_assert_int_eq(read(fd, got, sizeof(got)), 19);
	ck_assert_mem_eq(got, "token err***\nhuhunt", 19);
	ck_assert_int_eq(read(copy[0], got, sizeof(got)), 12);
	ck_assert_mem_eq(got, "token ***\nhu", 12);
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert_int_eq(x.length, 19);
	ck_assert_uint_eq(logindex_at(&x, 6)->stream, 2);
	ck_assert_uint_eq(logindex_at(&x, 9)->stream, 1);
	ck_assert_int_eq(logindex_at(&x, 9)->time, 1002 * SECOND);
	ck_assert_uint_eq(logindex_at(&x, 15)->stream, 2);
	logindex_close(&x);
	mask_free(mask);
	close(fd);
	close(ends[0]);
	close(errors[0]);
	close(errors[1]);
	close(copy[0]);
	close(copy[1]);
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

/* Whatever was full when, what is stored is the beginning of what came, and the index can be read. */
START_TEST(test_full)
{
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;
	char got[16];
	int fd;

	ck_assert_int_eq(logfile_open(&w, dir, "j", 1, &e), 0);
	kernel.write = full_write;
	room = (size_t)_i;
	for (int i = 0; i < 4; i++) {
		now += SECOND;
		if (logfile_write(&w, "abcd" + i, 1, 0, &e) < 0)
			ck_assert_int_eq(e.sys, ENOSPC);
	}
	room = 1000;
	(void)logfile_write(&w, "e", 1, 0, &e);
	ck_assert_int_eq(w.size + w.dropped, 5);
	ck_assert_int_eq(size_of("j.log"), w.size);
	fd = openat(dir, "j.log", O_RDONLY);
	ck_assert_int_eq(read(fd, got, sizeof(got)), w.size);
	ck_assert_mem_eq(got, "abcde", (size_t)w.size);
	close(fd);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert(x.ended);
	ck_assert_int_eq(x.truncated, size_of("j.log") < 5);
	logindex_close(&x);
}
END_TEST

/* An end that found no room can be told again, behind more bytes as well. */
START_TEST(test_end_again)
{
	struct logfile_writer w;
	struct logindex x = { .fd = -1 };
	struct error e;
	int log = openat(dir, "j.log", O_RDWR | O_CREAT | O_APPEND, 0600);
	int index = openat(dir, "j.idx", O_RDWR | O_CREAT | O_APPEND, 0600);

	ck_assert_int_eq(logfile_adopt(&w, log, index, "j", &e), 0);
	ck_assert_int_eq(logfile_write(&w, "abc", 3, 0, &e), 0);
	/* whose record waits for others, or for the end */
	ck_assert_int_eq(logfile_write(&w, "def", 3, 0, &e), 0);
	kernel.write = full_write;
	room = (size_t)_i;
	ck_assert_int_eq(logfile_end(&w, &e), -1);
	ck_assert_int_eq(e.sys, ENOSPC);
	ck_assert_int_eq(size_of("j.idx") % (int)sizeof(struct logfile_record), 0);
	room = 1000;
	ck_assert_int_eq(logfile_write(&w, "ghi", 3, 0, &e), 0);
	ck_assert_int_eq(logfile_end(&w, &e), 0);
	logfile_leave(&w);
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert(x.ended && !x.truncated);
	ck_assert_int_eq(x.length, 9);
	ck_assert_int_eq(x.count, 3);
	logindex_close(&x);
}
END_TEST

/* What was sent to the disk ahead of a sync: from 0 on without a gap. */
static off_t begun;

static int
count_write_back(int fd, off_t at, off_t n)
{
	(void)fd;
	ck_assert_int_eq(at, begun);
	begun += n;
	return 0;
}

START_TEST(test_early_write_back)
{
	const size_t n = 1024 * 1024;
	AUTO_FREE char *piece = xmalloc(n);
	struct logfile_writer w;
	struct error e;
	int log = openat(dir, "j.log", O_RDWR | O_CREAT | O_APPEND, 0600);
	int index = openat(dir, "j.idx", O_RDWR | O_CREAT | O_APPEND, 0600);

	begun = 0;
	kernel.write_back = count_write_back;
	ck_assert_int_eq(logfile_adopt(&w, log, index, "j", &e), 0);
	for (int i = 1; i <= 40; i++) {
		ck_assert_int_eq(logfile_write(&w, piece, n, 0, &e), 0);
		ck_assert_int_ge(begun, (int64_t)i * (int64_t)n - 16 * (int64_t)n);
	}
	ck_assert_int_eq(begun, 32 * (int64_t)n);
	logfile_leave(&w);
	/* nobody waits for one that is local */
	ck_assert_int_eq(logfile_open(&w, dir, "j", 2, &e), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(logfile_write(&w, piece, n, 0, &e), 0);
	ck_assert_int_eq(begun, 32 * (int64_t)n);
	ck_assert_int_eq(logfile_close(&w, &e), 0);
}
END_TEST

static const struct {
	uint64_t offset;
	uint32_t stream;
	int result;
} damages[][3] = {
	{ { 1, 0, -1 } },
	{ { LOGFILE_MAGIC, 0, 0 }, { UINT64_MAX, 0, -1 } },
	{ { LOGFILE_MAGIC, 0, 0 }, { 5, 0, 0 }, { 4, 0, -1 } },
	{ { LOGFILE_MAGIC, 0, 0 }, { 5, LOGFILE_END, 0 }, { 6, 0, -1 } },
};

START_TEST(test_damaged)
{
	struct logindex x = { .fd = -1 };
	struct error e;
	int fd = openat(dir, "j.idx", O_WRONLY | O_CREAT, 0600);

	for (size_t i = 0; i < 3; i++) {
		struct logfile_record r = { damages[_i][i].offset, 0, damages[_i][i].stream, 0 };

		ck_assert_int_eq(write(fd, &r, sizeof(r)), sizeof(r));
		/* behind an end nothing more is looked for */
		if (x.ended)
			logindex_close(&x);
		ck_assert_int_eq(read_index(&x, 1, &e), damages[_i][i].result);
		if (damages[_i][i].result < 0)
			break;
	}
	ck_assert_ptr_nonnull(strstr(e.text, "j.idx: damaged at byte"));
	close(fd);
	logindex_close(&x);
}
END_TEST

/* A record that is being written is none yet. */
START_TEST(test_torn_record)
{
	struct logfile_record r = { LOGFILE_MAGIC, 0, 0, 0 };
	struct logindex x = { .fd = -1 };
	struct error e;
	int fd = openat(dir, "j.idx", O_WRONLY | O_CREAT, 0600);

	for (size_t at = 0; at < sizeof(r); at++) {
		ck_assert_int_eq(read_index(&x, 1, &e), 0);
		ck_assert(!x.begun);
		ck_assert_int_eq(write(fd, (char *)&r + at, 1), 1);
	}
	ck_assert_int_eq(read_index(&x, 1, &e), 0);
	ck_assert(x.begun);
	logindex_close(&x);
	close(fd);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("logfile");
	TCase *t = tcase_create("logfile");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_names);
	tcase_add_test(t, test_one_chunk);
	tcase_add_test(t, test_index);
	tcase_add_test(t, test_index_batch);
	tcase_add_test(t, test_same_name);
	tcase_add_test(t, test_drain);
	tcase_add_test(t, test_widen);
	tcase_add_test(t, test_cap);
	tcase_add_test(t, test_mask);
	tcase_add_loop_test(t, test_full, 0, 130);
	tcase_add_loop_test(t, test_end_again, 0, 48);
	tcase_add_loop_test(t, test_damaged, 0, (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_test(t, test_torn_record);
	tcase_add_test(t, test_early_write_back);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
