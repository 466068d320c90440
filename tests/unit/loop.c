#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bytes.h"
#include "duration.h"
#include "kernel.h"
#include "loop.h"

/* A clock that only moves when the loop waits, and jumps to the deadline at once. */
static int64_t clock_now;
static int (*real_wait)(int epoll, struct epoll_event *events, int n, int64_t deadline);

static int64_t
virtual_now(void)
{
	return clock_now;
}

static int
virtual_wait(int epoll, struct epoll_event *events, int n, int64_t deadline)
{
	int got = real_wait(epoll, events, n, 0);

	if (got == 0 && deadline > clock_now)
		clock_now = deadline;
	return got;
}

static struct loop *loop;
static struct bytes said;

static void
setup(void)
{
	real_wait = kernel.wait;
	kernel.now = virtual_now;
	kernel.wait = virtual_wait;
	clock_now = 1000 * SECOND;
	loop = loop_new(NULL);
	ck_assert_ptr_nonnull(loop);
}

static void
teardown(void)
{
	loop_free(loop);
	bytes_free(&said);
}

static void
say(void *arg)
{
	bytes_text(&said, arg);
}

static void
say_and_stop(void *arg)
{
	say(arg);
	loop_stop(loop, 7);
}

START_TEST(timers_in_order)
{
	loop_after(loop, 3 * SECOND, say, "d");
	loop_after(loop, 1 * SECOND, say, "a");
	loop_after(loop, 2 * SECOND, say, "b");
	loop_after(loop, 2 * SECOND, say, "c"); /* equal ones as they were set */
	loop_after(loop, 3600 * SECOND, say_and_stop, "z");
	ck_assert_int_eq(loop_run(loop, NULL), 7);
	ck_assert_str_eq(bytes_string(&said), "abcdz");
	ck_assert_int_eq(clock_now, 4600 * SECOND);
}
END_TEST

/* A heap of many in a scrambled order, half of them canceled again. */
START_TEST(many_timers)
{
	struct loop_timer *timers[1000];
	char texts[1000][5];
	size_t n = 0;

	for (unsigned i = 0; i < 1000; i++) {
		unsigned at = i * 617 % 1000;

		texts[at][0] = (char)('0' + at / 100);
		texts[at][1] = (char)('0' + at / 10 % 10);
		texts[at][2] = (char)('0' + at % 10);
		texts[at][3] = ' ';
		texts[at][4] = '\0';
		timers[at] = loop_at(loop, clock_now + (int64_t)at * SECOND, say, texts[at]);
	}
	for (unsigned i = 0; i < 1000; i += 2)
		loop_cancel(loop, timers[i * 3 % 1000]);
	loop_cancel(loop, NULL);
	loop_at(loop, clock_now + 1000 * SECOND, say_and_stop, "end");
	loop_run(loop, NULL);
	for (const char *p = bytes_string(&said); *p != 'e'; p += 4, n++)
		ck_assert_int_eq(atoi(p), (int)n * 2 + 1);
	ck_assert_uint_eq(n, 500);
}
END_TEST

START_TEST(shifted)
{
	loop_after(loop, 1 * SECOND, say, "a");
	loop_after(loop, 2 * SECOND, say_and_stop, "b");
	loop_shift(loop, 10 * SECOND);
	loop_run(loop, NULL);
	ck_assert_str_eq(bytes_string(&said), "ab");
	ck_assert_int_eq(clock_now, 1012 * SECOND);
}
END_TEST

static struct loop_timer *other;

static void
cancel_other(void *arg)
{
	say(arg);
	loop_cancel(loop, other);
	loop_after(loop, 0, say_and_stop, "b");
}

/* A timer that is due in the same round but canceled by an earlier one does not fire. */
START_TEST(canceled_by_another)
{
	loop_after(loop, SECOND, cancel_other, "a");
	other = loop_after(loop, SECOND, say, "never");
	loop_run(loop, NULL);
	ck_assert_str_eq(bytes_string(&said), "ab");
}
END_TEST

static int pipes[2][2];

static void
ready_and_forget(void *arg, uint32_t events)
{
	int *both = arg;

	ck_assert(events & EPOLLIN);
	bytes_char(&said, 'r');
	/* the other one is ready in this round as well, and must not be called any more */
	loop_forget(loop, both[0]);
	loop_forget(loop, both[1]);
}

START_TEST(forgotten_in_the_same_round)
{
	int both[2];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		ck_assert_int_eq(kernel_write_all(pipes[i][1], "x", 1), 0);
		both[i] = pipes[i][0];
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(loop_watch(loop, both[i], EPOLLIN, ready_and_forget, both, NULL), 0);
	ck_assert_int_eq(loop_round(loop, clock_now, NULL), 0);
	ck_assert_int_eq(loop_round(loop, clock_now, NULL), 0);
	ck_assert_str_eq(bytes_string(&said), "r");
}
END_TEST

static void
ready_new(void *arg, uint32_t events)
{
	(void)events;
	say(arg);
}

static void
ready_and_replace(void *arg, uint32_t events)
{
	int *both = arg;

	(void)events;
	bytes_char(&said, 'r');
	for (int i = 0; i < 2; i++) {
		loop_forget(loop, both[i]);
		ck_assert_int_eq(loop_watch(loop, both[i], 0, ready_new, "n", NULL), 0);
	}
}

/* A number that is watched anew gets no event that was meant for the watch before. */
START_TEST(replaced_in_the_same_round)
{
	int both[2];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
		ck_assert_int_eq(kernel_write_all(pipes[i][1], "x", 1), 0);
		both[i] = pipes[i][0];
		ck_assert_int_eq(loop_watch(loop, both[i], EPOLLIN, ready_and_replace, both, NULL), 0);
	}
	loop_round(loop, clock_now, NULL);
	loop_round(loop, clock_now, NULL);
	ck_assert_str_eq(bytes_string(&said), "r");
	loop_change(loop, both[1], EPOLLIN);
	loop_round(loop, clock_now, NULL);
	ck_assert_str_eq(bytes_string(&said), "rn");
}
END_TEST

START_TEST(files_are_not_watched)
{
	struct error e = { 0 };
	int fd = kernel.open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_lt(loop_watch(loop, fd, EPOLLIN, ready_new, "", &e), 0);
	ck_assert_int_eq(e.code, ERROR_SYSTEM);
	loop_forget(loop, fd);
	loop_forget(loop, 100000);
	close(fd);
}
END_TEST

static void
on_signal(void *arg, const struct signalfd_siginfo *info)
{
	say(arg);
	ck_assert_uint_eq(info->ssi_signo, SIGUSR1);
	loop_stop(loop, 0);
}

START_TEST(signals)
{
	ck_assert_int_eq(loop_on_signal(loop, SIGUSR2, on_signal, "never", NULL), 0);
	ck_assert_int_eq(loop_on_signal(loop, SIGUSR1, on_signal, "usr1", NULL), 0);
	kill(getpid(), SIGUSR1);
	loop_run(loop, NULL);
	ck_assert_str_eq(bytes_string(&said), "usr1");
}
END_TEST

/* The end of a round comes after everything that was ready or due in it. */
START_TEST(idle_last)
{
	ck_assert_int_eq(pipe2(pipes[0], O_CLOEXEC), 0);
	ck_assert_int_eq(kernel_write_all(pipes[0][1], "x", 1), 0);
	ck_assert_int_eq(loop_watch(loop, pipes[0][0], EPOLLIN, ready_new, "r", NULL), 0);
	loop_after(loop, 0, say, "t");
	loop_on_idle(loop, say, "i");
	loop_round(loop, -1, NULL);
	ck_assert_str_eq(bytes_string(&said), "rti");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, timers_in_order);
	tcase_add_test(t, many_timers);
	tcase_add_test(t, shifted);
	tcase_add_test(t, canceled_by_another);
	tcase_add_test(t, forgotten_in_the_same_round);
	tcase_add_test(t, replaced_in_the_same_round);
	tcase_add_test(t, files_are_not_watched);
	tcase_add_test(t, signals);
	tcase_add_test(t, idle_last);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
