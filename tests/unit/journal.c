/* The hub's log: what a crash may leave of it, and what is found again. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/mci-events/journal.h"
#include "cmd/mci-events/recover.h"
#include "cmd/mci-events/startup.h"
#include "cmd/mci-events/sums.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"

#define DATA "00000000000000000001.ndjson"
#define SUMS "00000000000000000001.sum"

static char folder[] = "/tmp/mci-journal.XXXXXX";

static void
empty_folder(void)
{
	DIR *d = opendir(folder);
	struct dirent *entry;

	while ((entry = readdir(d)) != NULL)
		unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
}

static void
make_folder(void)
{
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	empty_folder();
	rmdir(folder);
}

static char *
path_of(const char *name)
{
	return xformat("%s/%s", folder, name);
}

static void
open_journal(struct journal *j, int64_t segment_size)
{
	struct error e = { 0 };

	ck_assert_msg(startup_open(j, folder, segment_size, &e) == 0, "%s", e.text);
}

/* Appends count events as one batch, received at that moment. */
static void
append(struct journal *j, uint32_t count, int64_t received)
{
	AUTO_BYTES lines = { 0 };
	struct error e = { 0 };

	for (uint32_t i = 0; i < count; i++)
		bytes_format(&lines, "{\"offset\":%" PRIu64 ",\"received\":\"2026-11-23T18:00:00.123Z\","
		    "\"type\":\"a/b\",\"build\":\"o/r/1\",\"seq\":%" PRIu64 "}\n",
		    journal_tail(j) + 1 + i, journal_tail(j) + 1 + i);
	ck_assert_msg(journal_append(j, lines.data, lines.len, count, received, &e) == 0, "%s", e.text);
}

/* A log of one file with batches of 1, 2, 3... events; nothing of it is marked as synced. */
static void
write_batches(unsigned batches)
{
	struct journal j;

	empty_folder();
	open_journal(&j, 1 << 20);
	for (unsigned i = 1; i <= batches; i++)
		append(&j, i, i * SECOND);
	journal_close(&j, false);
}

static int64_t
size_of(const char *name)
{
	AUTO_FREE char *path = path_of(name);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

static void
cut_file(const char *name, int64_t size)
{
	AUTO_FREE char *path = path_of(name);

	ck_assert_int_eq(truncate(path, size), 0);
}

static char *
read_file(const char *name, size_t *n)
{
	AUTO_FREE char *path = path_of(name);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	char *text;

	*n = (size_t)size_of(name);
	text = xmalloc(*n + 1);
	ck_assert_int_eq(kernel.pread(fd, text, *n, 0), (ssize_t)*n);
	return text;
}

static void
write_file(const char *name, const char *p, size_t n)
{
	AUTO_FREE char *path = path_of(name);
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(kernel_write_all(fd, p, n), 0);
}

static uint64_t
lines_in(const char *p, int64_t n)
{
	uint64_t lines = 0;

	for (int64_t i = 0; i < n; i++)
		lines += p[i] == '\n';
	return lines;
}

/* What is there after a start: so many events, all of them readable, and a log that goes on. */
static void
recovers_to(uint64_t tail, int64_t at)
{
	struct journal j;
	struct position p;
	struct recovery r;
	struct error e = { 0 };

	open_journal(&j, 1 << 20);
	ck_assert_msg(journal_tail(&j) == tail, "cut at %lld: tail %" PRIu64 ", not %" PRIu64,
	    (long long)at, journal_tail(&j), tail);
	ck_assert_uint_eq(j.synced, tail);
	if (tail > 0) {
		ck_assert_int_eq(journal_seek(&j, tail, &p, &e), 0);
		ck_assert_uint_eq(segment_offset(p.segment, p.at), tail);
		journal_leave(&j, &p);
	}
	append(&j, 3, SECOND);
	ck_assert_int_eq(recover_check(j.active, &r, &e), 0);
	ck_assert_msg(r.bad_at == -1, "%s", r.why.text);
	ck_assert_uint_eq(r.last, tail + 3);
	journal_close(&j, false);
}

/* A file that ends anywhere: every whole line is kept, with or without its sidecar. */
START_TEST(torn_anywhere)
{
	AUTO_FREE char *data = NULL, *sums = NULL;
	size_t n, nsums;

	write_batches(4);
	data = read_file(DATA, &n);
	sums = read_file(SUMS, &nsums);
	for (size_t at = 0; at <= n; at += _i == 2 ? 7 : 1) {
		empty_folder();
		write_file(DATA, data, at);
		/* the sidecar whole, none, and cut in the middle of a record */
		if (_i == 0)
			write_file(SUMS, sums, nsums);
		else if (_i == 2)
			write_file(SUMS, sums, (at * 11) % (nsums + 1));
		recovers_to(lines_in(data, (int64_t)at), (int64_t)at);
	}
}
END_TEST

/* Zeros, as a file system leaves them where data did not come: cut from the line that has them. */
START_TEST(holes)
{
	AUTO_FREE char *data = NULL, *sums = NULL, *broken = NULL;
	size_t n, nsums;

	write_batches(4);
	data = read_file(DATA, &n);
	sums = read_file(SUMS, &nsums);
	broken = xmalloc(n);
	for (size_t at = 0; at < n; at += 5) {
		memcpy(broken, data, n);
		memset(broken + at, 0, n - at < 16 ? n - at : 16);
		empty_folder();
		write_file(DATA, broken, n);
		write_file(SUMS, sums, nsums);
		recovers_to(lines_in(data, (int64_t)at), (int64_t)at);
	}
}
END_TEST

static void
change_byte(const char *name, size_t at)
{
	AUTO_FREE char *text = NULL;
	size_t n;

	text = read_file(name, &n);
	text[at] ^= 1;
	write_file(name, text, n);
}

static void
refuses(const char *why)
{
	struct journal j;
	struct error e = { 0 };

	ck_assert_int_eq(startup_open(&j, folder, 1 << 20, &e), -1);
	ck_assert_msg(strstr(e.text, why) != NULL && strstr(e.text, "repair") != NULL, "%s", e.text);
}

/* What a mark says was on the disk is never cut, whatever became of it, and never given. */
START_TEST(damage_behind_a_mark)
{
	struct journal j;
	int64_t n;

	open_journal(&j, 1 << 20);
	append(&j, 2, SECOND);
	append(&j, 2, SECOND);
	journal_close(&j, true);
	n = size_of(DATA);
	change_byte(DATA, 20);
	refuses("byte 0, offset 1: the checksum of");
	change_byte(DATA, 20);
	/* when it is not there any more: that was no crash */
	cut_file(DATA, n - 1);
	refuses("");
	ck_assert_int_eq(size_of(DATA), n - 1);
}
END_TEST

/* Behind an orderly end nothing can be torn, marked or not. */
START_TEST(damage_behind_an_orderly_end)
{
	struct journal j;

	open_journal(&j, 1 << 20);
	append(&j, 2, SECOND);
	append(&j, 2, SECOND);
	journal_close(&j, true);
	cut_file(SUMS, 80);
	open_journal(&j, 1 << 20);
	journal_close(&j, true);
	cut_file(SUMS, 80);
	cut_file(DATA, size_of(DATA) - 1);
	refuses("a line without its end");
}
END_TEST

/* No crash changes a line into another one, so nothing is cut there: a checksum says so before the mark
 * does. */
START_TEST(change_before_a_mark)
{
	write_batches(3);
	change_byte(DATA, (size_t)size_of(DATA) - 6);
	refuses("offset 4: the checksum of");
}
END_TEST

/* A bit that changes in the sidecar costs a proof and nothing else. */
START_TEST(changed_sidecar)
{
	struct journal j;
	struct recovery r;
	struct error e = { 0 };
	AUTO_FREE char *data = NULL, *sums = NULL;
	size_t n, nsums;

	open_journal(&j, 1 << 20);
	for (uint32_t i = 1; i <= 3; i++)
		append(&j, i, i * SECOND);
	journal_close(&j, true);
	data = read_file(DATA, &n);
	sums = read_file(SUMS, &nsums);
	for (size_t at = 0; at < nsums; at++) {
		write_file(SUMS, sums, nsums);
		change_byte(SUMS, at);
		open_journal(&j, 1 << 20);
		ck_assert_uint_eq(journal_tail(&j), 6);
		ck_assert_int_eq(recover_check(j.active, &r, &e), 0);
		ck_assert(!r.damaged && !r.torn && r.broken <= 1);
		journal_close(&j, true);
		ck_assert_int_eq(size_of(DATA), (int64_t)n);
	}
}
END_TEST

static uint64_t
second_segment(struct journal *j, struct bytes *name)
{
	open_journal(j, 4096);
	for (int i = 1; i <= 100; i++)
		append(j, 2, i * SECOND);
	segment_name(name, j->oldest->next->first, "ndjson");
	return j->oldest->next->first;
}

/* A sealed file is taken on trust, and judged before anything in it is given. */
START_TEST(damage_in_a_sealed_file)
{
	struct journal j;
	struct position p;
	struct error e = { 0 };
	AUTO_BYTES second = { 0 };
	uint64_t first = second_segment(&j, &second);
	struct segment *s;

	journal_close(&j, true);
	change_byte(bytes_string(&second), 3000);
	open_journal(&j, 4096);
	ck_assert_int_eq(journal_seek(&j, first, &p, &e), 0);
	s = p.segment;
	ck_assert_int_eq(segment_readable(s), 0);
	while (recover_prove(s, 1) == 0)
		ck_assert_int_le(segment_readable(s), 3000);
	ck_assert(s->damaged);
	ck_assert_int_gt(segment_readable(s), 0);
	journal_leave(&j, &p);
	/* what is before is given, what is behind is not */
	ck_assert_int_eq(journal_seek(&j, first, &p, &e), 0);
	journal_leave(&j, &p);
	ck_assert_int_eq(journal_seek(&j, s->last, &p, &e), -1);
	ck_assert_int_eq(e.code, ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "the checksum of"));
	ck_assert_int_eq(journal_seek(&j, s->last + 1, &p, &e), 0);
	ck_assert_int_eq(recover_prove(p.segment, INT32_MAX), 0);
	ck_assert_int_eq(segment_readable(p.segment), p.segment->size);
	journal_leave(&j, &p);
	journal_close(&j, true);
}
END_TEST

START_TEST(epochs)
{
	struct journal j;

	open_journal(&j, 1 << 20);
	ck_assert_uint_eq(epochs_now(&j.epochs), 1);
	append(&j, 5, SECOND);
	journal_close(&j, true);
	/* an orderly end begins none */
	open_journal(&j, 1 << 20);
	ck_assert_uint_eq(epochs_now(&j.epochs), 1);
	ck_assert_int_eq(j.cut, -1);
	append(&j, 1, SECOND);
	journal_close(&j, false);
	/* a crash does, and says from where offsets may have been given again */
	cut_file(DATA, size_of(DATA) - 1);
	open_journal(&j, 1 << 20);
	ck_assert_uint_eq(epochs_now(&j.epochs), 2);
	ck_assert_int_gt(j.cut, 0);
	ck_assert_uint_eq(journal_tail(&j), 5);
	ck_assert_uint_eq(epochs_valid_to(&j.epochs, 1), 6);
	ck_assert_uint_eq(epochs_valid_to(&j.epochs, 2), UINT64_MAX);
	journal_close(&j, true);
}
END_TEST

/* Many files: found by offset and by time, through every border; and again after a start. */
START_TEST(segments)
{
	struct journal j;
	struct error e = { 0 };

	open_journal(&j, 4096);
	for (int i = 1; i <= 200; i++)
		append(&j, 2, i * SECOND);
	for (int again = 0; again < 2; again++) {
		ck_assert_uint_gt(j.segments, 5);
		ck_assert_uint_eq(journal_tail(&j), 400);
		for (uint64_t offset = 1; offset <= 401; offset++) {
			struct position p;

			ck_assert_int_eq(journal_seek(&j, offset, &p, &e), 0);
			ck_assert_uint_eq(segment_offset(p.segment, p.at), offset);
			journal_leave(&j, &p);
		}
		for (int i = 0; i <= 201; i++) {
			struct position p;

			ck_assert_int_eq(journal_seek_time(&j, i * SECOND, &p, &e), 0);
			ck_assert_uint_eq(segment_offset(p.segment, p.at), i == 0 ? 1 : (uint64_t)i * 2 - 1);
			journal_leave(&j, &p);
		}
		journal_close(&j, true);
		open_journal(&j, 4096);
	}
	journal_close(&j, true);
}
END_TEST

/* Files that came after a torn one go with it; files behind one that somebody removed stay. */
START_TEST(torn_in_the_middle)
{
	struct journal j;
	struct error e = { 0 };
	AUTO_BYTES second = { 0 };
	AUTO_FREE char *path = NULL;
	uint64_t first;

	first = second_segment(&j, &second);
	journal_close(&j, false);
	cut_file(bytes_string(&second), 10);
	open_journal(&j, 4096);
	ck_assert_uint_eq(journal_tail(&j), first - 1);
	ck_assert_uint_eq(j.segments, 1);
	for (int i = 1; i <= 100; i++)
		append(&j, 2, SECOND);
	journal_close(&j, true);
	path = path_of(second.data);
	unlink(path);
	ck_assert_int_eq(startup_open(&j, folder, 4096, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "missing"));
}
END_TEST

/* The last seq of a build is found again from summaries, and without them. */
START_TEST(builds_again)
{
	struct span build = { "o/r/1", 5 };
	struct journal j;
	DIR *d;
	struct dirent *entry;

	open_journal(&j, 4096);
	for (int i = 1; i <= 100; i++) {
		append(&j, 2, SECOND);
		builds_note(&j.builds, build, 1, (int64_t)journal_tail(&j), journal_tail(&j), NULL);
	}
	journal_close(&j, true);
	for (int again = 0; again < 2; again++) {
		open_journal(&j, 4096);
		ck_assert_int_eq(builds_judge(&j.builds, build, 1, 200), BUILDS_REPEAT);
		ck_assert_int_eq(builds_judge(&j.builds, build, 1, 201), BUILDS_FRESH);
		ck_assert_int_eq(builds_judge(&j.builds, build, 2, 1), BUILDS_FRESH);
		journal_close(&j, true);
		d = opendir(folder);
		while ((entry = readdir(d)) != NULL) {
			if (strstr(entry->d_name, ".builds") != NULL)
				unlinkat(dirfd(d), entry->d_name, 0);
		}
		closedir(d);
	}
}
END_TEST

START_TEST(retention)
{
	struct journal j;
	struct position p;
	struct error e = { 0 };
	struct span build = { "o/r/1", 5 };

	open_journal(&j, 4096);
	builds_note(&j.builds, build, 1, 1, 1, NULL);
	for (int i = 1; i <= 200; i++)
		append(&j, 2, SECOND);
	/* one who reads keeps what it reads */
	ck_assert_int_eq(journal_seek(&j, 1, &p, &e), 0);
	for (struct segment *s = j.oldest; s != NULL; s = s->next)
		s->syncing = s->size;
	j.syncing = journal_tail(&j);
	journal_sync_done(&j);
	ck_assert_uint_gt(journal_retain(&j, 10000), 0);
	ck_assert_int_le(j.bytes, 10000);
	ck_assert_uint_gt(journal_first(&j), 1);
	ck_assert(p.segment->removed);
	ck_assert_uint_eq(segment_offset(p.segment, p.at), 1);
	journal_leave(&j, &p);
	ck_assert_int_eq(builds_judge(&j.builds, build, 1, 1), BUILDS_FRESH);
	journal_close(&j, true);
	open_journal(&j, 4096);
	ck_assert_uint_eq(journal_tail(&j), 400);
	/* by age all but the newest go */
	j.keep_age = SECOND;
	ck_assert_int_gt(journal_expires(&j), 0);
	journal_retain(&j, 0);
	ck_assert_uint_eq(j.segments, 1);
	ck_assert_int_eq(journal_expires(&j), -1);
	journal_close(&j, true);
}
END_TEST

static int64_t room;

static ssize_t
write_until_full(int fd, const void *from, size_t n)
{
	if (room <= 0) {
		errno = ENOSPC;
		return -1;
	}
	if ((int64_t)n > room)
		n = (size_t)room;
	room -= (int64_t)n;
	return write(fd, from, n);
}

/* A disk that fills up after any number of bytes: the log is as before, and takes more when there is
 * room. */
START_TEST(full_disk)
{
	for (int64_t bytes = 0; bytes < 500; bytes++) {
		struct journal j;
		struct error e = { 0 };
		AUTO_BYTES lines = { 0 };
		int result;

		empty_folder();
		open_journal(&j, 1 << 20);
		append(&j, 1, SECOND);
		for (uint64_t i = 2; i <= 4; i++)
			bytes_format(&lines, "{\"offset\":%" PRIu64 ",\"type\":\"a/b\"}\n", i);
		room = bytes;
		kernel.write = write_until_full;
		result = journal_append(&j, lines.data, lines.len, 3, SECOND, &e);
		kernel.write = write;
		ck_assert_int_eq(result, bytes < (int64_t)lines.len ? -1 : 0);
		if (result < 0)
			ck_assert_int_eq(e.sys, ENOSPC);
		ck_assert_uint_eq(journal_tail(&j), result < 0 ? 1 : 4);
		append(&j, 2, SECOND);
		journal_close(&j, false);
		recovers_to(result < 0 ? 3 : 6, bytes);
	}
}
END_TEST

static int
no_sidecar(int dir, const char *path, int flags, mode_t mode)
{
	if ((flags & O_CREAT) != 0 && strstr(path, ".sum") != NULL) {
		errno = ENOSPC;
		return -1;
	}
	return openat(dir, path, flags | O_CLOEXEC, mode);
}

static size_t
files_named(const char *part)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(d)) != NULL)
		n += strstr(entry->d_name, part) != NULL;
	closedir(d);
	return n;
}

/* Room for one of a segment's two files: it is not begun. */
START_TEST(half_a_segment)
{
	int (*real)(int dir, const char *path, int flags, mode_t mode) = kernel.open;
	struct journal j;

	open_journal(&j, 4096);
	kernel.open = no_sidecar;
	for (int i = 1; i <= 100; i++)
		append(&j, 2, SECOND);
	ck_assert_uint_eq(j.segments, 1);
	ck_assert_uint_eq(files_named(".ndjson"), 1);
	kernel.open = real;
	append(&j, 1, SECOND);
	ck_assert_uint_eq(j.segments, 2);
	journal_close(&j, false);
	/* a hub that was killed between the two, and one that lost files on the way */
	write_file("00000000000000000202.ndjson", "", 0);
	write_file("00000000000000000300.sum", "", 0);
	write_file("epochs.new", "{", 1);
	kernel.open = no_sidecar;
	open_journal(&j, 4096);
	kernel.open = real;
	ck_assert_uint_eq(journal_tail(&j), 201);
	ck_assert_uint_eq(j.segments, 2);
	ck_assert_uint_eq(files_named("202"), 0);
	ck_assert_uint_eq(files_named("300"), 0);
	ck_assert_uint_eq(files_named(".new"), 0);
	append(&j, 1, SECOND);
	journal_close(&j, true);
}
END_TEST

/* A hub that was killed starts without room for its epoch, and takes nothing before it is written. */
START_TEST(epoch_without_room)
{
	struct journal j;
	struct error e = { 0 };
	static const char line[] = "{\"offset\":3,\"type\":\"a/b\"}\n";

	open_journal(&j, 4096);
	append(&j, 2, SECOND);
	journal_close(&j, false);
	for (int again = 0; again < 2; again++) {
		room = 0;
		kernel.write = write_until_full;
		open_journal(&j, 4096);
		ck_assert_uint_eq(journal_tail(&j), 2);
		ck_assert_uint_eq(epochs_now(&j.epochs), 2);
		ck_assert_int_eq(journal_append(&j, line, sizeof(line) - 1, 1, SECOND, &e), -1);
		ck_assert_int_eq(e.sys, ENOSPC);
		if (again == 0)
			journal_close(&j, true);
		kernel.write = write;
	}
	append(&j, 1, SECOND);
	journal_close(&j, false);
	open_journal(&j, 4096);
	ck_assert_uint_eq(journal_tail(&j), 3);
	ck_assert_uint_eq(epochs_now(&j.epochs), 3);
	ck_assert_uint_eq(epochs_valid_to(&j.epochs, 1), 3);
	journal_close(&j, true);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal");

	tcase_add_checked_fixture(t, make_folder, remove_folder);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, torn_anywhere, 0, 3);
	tcase_add_test(t, holes);
	tcase_add_test(t, damage_behind_a_mark);
	tcase_add_test(t, damage_behind_an_orderly_end);
	tcase_add_test(t, change_before_a_mark);
	tcase_add_test(t, changed_sidecar);
	tcase_add_test(t, damage_in_a_sealed_file);
	tcase_add_test(t, epochs);
	tcase_add_test(t, segments);
	tcase_add_test(t, torn_in_the_middle);
	tcase_add_test(t, builds_again);
	tcase_add_test(t, retention);
	tcase_add_test(t, full_disk);
	tcase_add_test(t, half_a_segment);
	tcase_add_test(t, epoch_without_room);
	suite_add_tcase(s, t);
	return s;
}

/* What is tested is what stands in the files. */
static int
no_sync(int fd)
{
	(void)fd;
	return 0;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	kernel.sync = kernel.sync_names = no_sync;
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
