/* What of a log goes to the disk, and when: its names while it is written, and no folder twice for nothing. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/mci-log/closing.h"
#include "duration.h"
#include "kernel.h"
#include "loop.h"
#include "names.h"
#include "offload.h"

static char folder[] = "/tmp/mci-closing.XXXXXX";
static struct logdir logdir;
static struct loop *loop;
static struct offload *offload;
static struct closing *closing;
static int syncs, fails;
static int64_t later; /* than it is */
static struct kernel real;

static int
count_sync(int fd)
{
	(void)fd;
	__atomic_add_fetch(&syncs, 1, __ATOMIC_SEQ_CST);
	errno = EIO;
	return fails > 0 ? -1 : 0;
}

static int64_t
wall(void)
{
	return real.wall() + later;
}

static void
begin(void)
{
	struct error e;

	real = kernel;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(logdir_open(&logdir, folder, true, true, &e), 0);
	loop = loop_new(&e);
	offload = offload_new(loop, &e);
	closing = closing_new(offload, &logdir);
	kernel.sync = kernel.sync_names = count_sync;
	kernel.wall = wall;
}

static void
end(void)
{
	struct error e;

	offload_free(offload);
	closing_free(closing);
	loop_free(loop);
	logdir_close(&logdir);
	kernel = real;
	ck_assert_int_eq(names_remove_tree(folder, &e), 0);
}

static void
over(void *arg)
{
	(void)arg;
	loop_stop(loop, 0);
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* What is changed from now on has another time than what was changed up to now. */
static void
await_tick(void)
{
	struct timespec was, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &was);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == was.tv_sec && now.tv_nsec == was.tv_nsec);
}

/* A log is opened: how many folders are synced for it. */
static int
opened(const char *build, const char *job)
{
	struct offload_job behind = { .work = nothing, .done = over };
	struct logname n;
	struct stored f;
	struct error e;

	syncs = 0;
	await_tick();
	ck_assert_int_eq(logname_set(&n, build, 1, job, 1, &e), 0);
	ck_assert_int_eq(logdir_write(&logdir, &n, false, &f, &e), 0);
	(void)closing_opened(closing, &n);
	offload_give(offload, &behind);
	ck_assert_int_eq(loop_run(loop, &e), 0);
	stored_close(&f);
	logname_free(&n);
	return syncs;
}

START_TEST(only_folders_with_new_names_are_synced)
{
	ck_assert_int_eq(opened("o/r/1", "a"), 5);
	/* all of them changed so lately that a second change might not be seen */
	ck_assert_int_eq(opened("o/r/1", "b"), 5);
	later = 10 * SECOND;
	ck_assert_int_eq(opened("o/r/1", "c"), 5);
	/* now it is known of those above the logs that nothing came to them since */
	ck_assert_int_eq(opened("o/r/1", "d"), 1);
	/* a new build has a folder of its own, whose name stands in the repository's */
	ck_assert_int_eq(opened("o/r/2", "a"), 3);
	ck_assert_int_eq(opened("o/new/1", "a"), 4);
}
END_TEST

START_TEST(a_sync_that_failed_is_none)
{
	later = 10 * SECOND;
	fails = 1;
	ck_assert_int_eq(opened("o/r/1", "a"), 1);
	fails = 0;
	ck_assert_int_eq(opened("o/r/1", "b"), 5);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("closing");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 20);
	tcase_add_checked_fixture(all, begin, end);
	tcase_add_test(all, only_folders_with_new_names_are_synced);
	tcase_add_test(all, a_sync_that_failed_is_none);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
