/* What is given to a helper thread is done in order and told on the loop; names.h's batch is one such job. */
#include "offload.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"

#define JOBS 100

struct task {
	struct offload_job job;
	struct offload *offload;
	int *order;      /* where the next work and the next done write their numbers */
	int number, worked, told;
	int again;       /* how often it gives itself again */
	int gate;        /* it waits for a byte; 0: none */
	pthread_t thread;
	sigset_t blocked;
};

static void
work(void *arg)
{
	struct task *t = arg;
	char c;

	if (t->gate != 0)
		ck_assert_int_eq(read(t->gate, &c, 1), 1);
	t->worked = ++t->order[0];
	t->thread = pthread_self();
	pthread_sigmask(SIG_BLOCK, NULL, &t->blocked);
}

static void
done(void *arg)
{
	struct task *t = arg;

	t->told = ++t->order[1];
	if (t->again-- > 0)
		offload_give(t->offload, &t->job);
}

static void
give(struct offload *o, struct task *t, int *order)
{
	t->job = (struct offload_job){ .work = work, .done = done, .arg = t };
	t->offload = o;
	t->order = order;
	offload_give(o, &t->job);
}

static struct loop *
new_loop(void)
{
	struct error e;
	struct loop *loop = loop_new(&e);

	ck_assert_ptr_nonnull(loop);
	return loop;
}

static void
run_until(struct loop *loop, const int *count, int n)
{
	struct error e;

	while (*count < n)
		ck_assert_int_eq(loop_round(loop, kernel.now() + INT64_C(10000000000), &e), 0);
}

START_TEST(jobs_are_done_and_told_in_order)
{
	struct loop *loop = new_loop();
	struct error e;
	struct offload *o = offload_new(loop, &e);
	struct task *tasks = xmalloc(JOBS * sizeof(*tasks));
	int order[2] = { 0, 0 };

	for (int i = 0; i < JOBS; i++)
		give(o, &tasks[i], order);
	run_until(loop, &order[1], JOBS);
	for (int i = 0; i < JOBS; i++) {
		ck_assert_int_eq(tasks[i].worked, i + 1);
		ck_assert_int_eq(tasks[i].told, i + 1);
		ck_assert(!pthread_equal(tasks[i].thread, pthread_self()));
	}
	ck_assert_int_eq(sigismember(&tasks[0].blocked, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&tasks[0].blocked, SIGCHLD), 1);
	offload_free(o);
	free(tasks);
	loop_free(loop);
}
END_TEST

static void
due(void *arg)
{
	++*(int *)arg;
}

START_TEST(the_loop_goes_on_meanwhile)
{
	struct loop *loop = new_loop();
	struct error e;
	struct offload *o = offload_new(loop, &e);
	struct task slow = { 0 }, next = { 0 };
	int order[2] = { 0, 0 }, timers = 0, gate[2];

	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	slow.gate = gate[0];
	give(o, &slow, order);
	give(o, &next, order);
	loop_after(loop, 0, due, &timers);
	run_until(loop, &timers, 1);
	ck_assert_int_eq(order[1], 0);
	ck_assert_int_eq(write(gate[1], "x", 1), 1);
	run_until(loop, &order[1], 2);
	ck_assert_int_eq(next.worked, 2);
	offload_free(o);
	close(gate[0]);
	close(gate[1]);
	loop_free(loop);
}
END_TEST

/* Who works in parts lets others come in between. */
START_TEST(parts_take_turns)
{
	struct loop *loop = new_loop();
	struct error e;
	struct offload *o = offload_new(loop, &e);
	struct task parts = { .again = 3 }, other = { 0 };
	int order[2] = { 0, 0 }, gate[2];

	ck_assert_int_eq(pipe2(gate, O_CLOEXEC), 0);
	ck_assert_int_eq(write(gate[1], "xxxx", 4), 4);
	parts.gate = gate[0];
	give(o, &parts, order);
	give(o, &other, order);
	run_until(loop, &order[1], 5);
	ck_assert_int_eq(other.worked, 2);
	ck_assert_int_eq(parts.worked, 5);
	offload_free(o);
	close(gate[0]);
	close(gate[1]);
	loop_free(loop);
}
END_TEST

START_TEST(what_was_given_is_done_before_the_end)
{
	struct loop *loop = new_loop();
	struct error e;
	struct offload *o = offload_new(loop, &e);
	struct task tasks[3] = { 0 };
	int order[2] = { 0, 0 };

	for (int i = 0; i < 3; i++)
		give(o, &tasks[i], order);
	offload_free(o);
	ck_assert_int_eq(order[0], 3);
	ck_assert_int_eq(order[1], 0);
	offload_free(NULL);
	loop_free(loop);
}
END_TEST

static int synced[NAMES_BATCH * 2], nsynced, fails;

static int
note_sync(int fd)
{
	synced[nsynced++] = fd;
	if (fd != fails)
		return 0;
	errno = EIO;
	return -1;
}

START_TEST(a_batch_goes_to_the_disk_in_order)
{
	struct names_batch b = { .files = { 5, 3, 4 }, .nfiles = 3, .folders = { 9, 7 }, .nfolders = 2 };
	static const int order[] = { 5, 3, 4, 9, 7 };

	kernel.sync = kernel.sync_names = note_sync;
	names_sync_batch(&b);
	ck_assert_int_eq(b.sys, 0);
	ck_assert_int_eq(nsynced, 5);
	ck_assert_mem_eq(synced, order, sizeof(order));
	/* names are not brought there before what they name */
	nsynced = 0;
	fails = 3;
	names_sync_batch(&b);
	ck_assert_int_eq(b.sys, EIO);
	ck_assert_int_eq(nsynced, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("offload");
	TCase *all = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(all, 20);
	tcase_add_test(all, jobs_are_done_and_told_in_order);
	tcase_add_test(all, the_loop_goes_on_meanwhile);
	tcase_add_test(all, parts_take_turns);
	tcase_add_test(all, what_was_given_is_done_before_the_end);
	tcase_add_test(all, a_batch_goes_to_the_disk_in_order);
	suite_add_tcase(suite, all);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
