/* Who is told of a child's end, who reaps it, and that no signal goes to a number that was given back. */
#include "children.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* One child and what was told of it. */
struct told {
	struct loop *loop;
	struct child *child;
	bool keep;       /* it is not freed when its end is told */
	int ended, status;
	int64_t user;    /* microseconds */
};

static void
ended(void *arg, int status, const struct rusage *usage)
{
	struct told *t = arg;

	t->ended++;
	t->status = status;
	t->user = usage->ru_utime.tv_sec * 1000000 + usage->ru_utime.tv_usec;
	if (!t->keep) {
		child_free(t->child);
		t->child = NULL;
	}
}

static struct child *
start(struct loop *loop, const char *text, int out, bool session, struct told *t)
{
	const char *argv[] = { "sh", "-c", text, NULL };
	struct process_spec p = { .path = "/bin/sh", .argv = (char *const *)(uintptr_t)argv, .in = -1,
		.out = out, .err = 2, .session = session };
	struct error e;
	struct child *c = child_start(loop, &p, ended, t, &e);

	ck_assert_msg(c != NULL, "%s", e.text);
	return c;
}

static void
told_start(struct told *t, struct loop *loop, const char *text)
{
	*t = (struct told){ .loop = loop };
	t->child = start(loop, text, -1, true, t);
}

static void
run_until(struct loop *loop, const int *ended_count, int n)
{
	struct error e;

	while (*ended_count < n)
		ck_assert_int_eq(loop_round(loop, kernel.now() + INT64_C(10000000000), &e), 0);
}

/* What a shell that started others says, one number a line. */
static pid_t
number_said(int fd)
{
	char text[16];
	size_t n = 0;

	while (n < sizeof(text) - 1 && read(fd, text + n, 1) == 1 && text[n] != '\n')
		n++;
	text[n] = '\0';
	return atoi(text);
}

static bool
is_gone(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static struct loop *
new_loop(void)
{
	struct error e;
	struct loop *loop = loop_new(&e);

	ck_assert_ptr_nonnull(loop);
	return loop;
}

static int orphans;

static void
orphan_ended(void *arg)
{
	(void)arg;
	orphans++;
}

static struct loop *
adopting_loop(void)
{
	struct loop *loop = new_loop();
	struct error e;

	orphans = 0;
	ck_assert_msg(children_adopt(loop, orphan_ended, NULL, &e) == 0, "%s", e.text);
	return loop;
}

static void
end_loop(struct loop *loop)
{
	children_abandon(loop);
	loop_free(loop);
}

/* Each row in a loop that adopts and in one that does not. */
static const struct {
	const char *text;
	int status;
} ends[] = {
	{ "exit 0", 0 },
	{ "exit 3", 3 << 8 },
	{ "exit 255", 255 << 8 },
	{ "kill -TERM $$", SIGTERM },
	{ "ulimit -c 0; kill -ABRT $$", SIGABRT },
	{ "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done", 0 },
};
#define NENDS (sizeof(ends) / sizeof(ends[0]))

START_TEST(an_end_is_told_once_as_wait_has_it)
{
	for (int adopts = 0; adopts < 2; adopts++) {
		struct loop *loop = adopts ? adopting_loop() : new_loop();
		struct told t;

		told_start(&t, loop, ends[_i].text);
		run_until(loop, &t.ended, 1);
		ck_assert_int_eq(t.status, ends[_i].status);
		/* the last row is the one that works */
		if ((size_t)_i == NENDS - 1)
			ck_assert_int_gt(t.user, 0);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		ck_assert_int_eq(errno, ECHILD);
		ck_assert_int_eq(orphans, 0);
		end_loop(loop);
	}
}
END_TEST

START_TEST(a_child_may_be_waited_for_with_and_without_a_loop)
{
	struct loop *loop = new_loop();
	struct told t = { 0 };

	ck_assert_int_eq(child_wait(start(NULL, "exit 7", -1, false, NULL)), 7 << 8);
	ck_assert_int_eq(child_wait(start(loop, "exit 8", -1, false, &t)), 8 << 8);
	ck_assert_int_eq(t.ended, 0);
	end_loop(loop);
}
END_TEST

/* The leader has ended and is told, and its group lives: the number is not given to another until it is freed. */
START_TEST(a_group_is_signaled_while_its_leader_holds_the_number)
{
	struct loop *loop = _i ? adopting_loop() : new_loop();
	struct told t = { .keep = true };
	struct pollfd end = { .events = POLLIN };
	pid_t leader, left;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	t.child = start(loop, "sleep 300 >/dev/null & echo $!", fds[1], true, &t);
	close(fds[1]);
	left = number_said(fds[0]);
	end.fd = process_pidfd(left);
	run_until(loop, &t.ended, 1);
	leader = child_pid(t.child);
	ck_assert(!is_gone(leader));
	ck_assert_int_eq(getpgid(left), leader);
	child_signal_group(t.child, SIGKILL);
	ck_assert_int_eq(poll(&end, 1, 10000), 1);
	if (_i == 1)
		run_until(loop, &orphans, 1);
	child_free(t.child);
	ck_assert(is_gone(leader));
	ck_assert_int_eq(t.ended, 1);
	close(end.fd);
	close(fds[0]);
	end_loop(loop);
}
END_TEST

START_TEST(an_orphan_is_reaped_and_told)
{
	struct loop *loop = adopting_loop();
	struct told t;

	told_start(&t, loop, "(setsid sh -c 'exec 1>&-; sleep 0.05' &)");
	run_until(loop, &t.ended, 1);
	run_until(loop, &orphans, 1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	end_loop(loop);
}
END_TEST

/* waitid(P_ALL) shows the oldest zombie only, again and again. */
START_TEST(a_zombie_hides_nobody_behind_it)
{
	struct loop *loop = adopting_loop();
	struct told first = { .keep = true }, second;
	struct child *third;

	first.child = start(loop, "(setsid sleep 0.05 &)", -1, true, &first);
	run_until(loop, &first.ended, 1);
	third = start(NULL, "exit 4", -1, false, NULL);
	told_start(&second, loop, "exit 5");
	run_until(loop, &second.ended, 1);
	run_until(loop, &orphans, 1);
	ck_assert_int_eq(second.status, 5 << 8);
	ck_assert_int_eq(child_wait(third), 4 << 8);
	child_free(first.child);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	end_loop(loop);
}
END_TEST

START_TEST(one_that_is_let_be_is_an_orphan)
{
	struct loop *loop = adopting_loop();
	struct told t;
	pid_t pid;

	told_start(&t, loop, "sleep 0.05; exit 1");
	pid = child_pid(t.child);
	child_free(t.child);
	run_until(loop, &orphans, 1);
	ck_assert_int_eq(t.ended, 0);
	ck_assert(is_gone(pid));
	end_loop(loop);
}
END_TEST

START_TEST(a_callback_may_start_the_next_and_free_another)
{
	struct loop *loop = adopting_loop();
	struct told a, b;

	told_start(&a, loop, "exit 1");
	told_start(&b, loop, "exit 2");
	run_until(loop, &a.ended, 1);
	run_until(loop, &b.ended, 1);
	told_start(&a, loop, "exit 3");
	run_until(loop, &a.ended, 1);
	ck_assert_int_eq(a.status, 3 << 8);
	end_loop(loop);
}
END_TEST

START_TEST(what_cannot_be_watched_is_ended)
{
	struct loop *loop = new_loop();
	struct rlimit few = { 3, 3 }, was;
	const char *argv[] = { "sleep", "300", NULL };
	struct process_spec p = { .path = "/bin/sleep", .argv = (char *const *)(uintptr_t)argv, .in = 0, .out = 1,
		.err = -1, .group = true };
	struct error e;

	getrlimit(RLIMIT_NOFILE, &was);
	few.rlim_max = was.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_ptr_null(child_start(loop, &p, ended, NULL, &e));
	setrlimit(RLIMIT_NOFILE, &was);
	ck_assert_msg(strncmp(e.text, "pidfd of process ", 17) == 0, "%s", e.text);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	end_loop(loop);
}
END_TEST

START_TEST(all_are_killed)
{
	struct loop *loop = adopting_loop();
	struct told t;
	int fds[2];
	pid_t away;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	told_start(&t, loop, "exec sleep 300");
	struct child *other = start(NULL, "(trap '' TERM; setsid sleep 300 & echo $!); sleep 300", fds[1], true, NULL);
	close(fds[1]);
	away = number_said(fds[0]);
	ck_assert_uint_ge(children_kill_all(), 3);
	ck_assert(is_gone(away));
	/* nothing is signaled any more, and they may still be freed */
	child_signal_tree(t.child, SIGKILL);
	child_free(t.child);
	child_free(other);
	ck_assert_int_eq(t.ended, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close(fds[0]);
	end_loop(loop);
}
END_TEST

START_TEST(a_forked_one_is_seen_to_stop_and_to_end)
{
	struct child *c;
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (child_fork(&c) == 0) {
		raise(SIGSTOP);
		_exit(6);
	}
	while (child_look(c, &status) == CHILD_RUNS)
		sigwaitinfo(&set, NULL);
	/* told once */
	ck_assert_int_eq(child_look(c, &status), CHILD_RUNS);
	child_signal(c, SIGCONT);
	while (child_look(c, &status) != CHILD_ENDED)
		sigwaitinfo(&set, NULL);
	ck_assert_int_eq(status, 6 << 8);
	children_sweep();
	ck_assert(!is_gone(child_pid(c)));
	child_free(c);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
END_TEST

#define EACH 40

/* A service's thread: its own loop, children one after the other, each with the status of its turn. */
static void *
starter(void *arg)
{
	struct loop *loop = new_loop();

	for (int i = 0; i < EACH; i++) {
		AUTO_FREE char *text = xformat("(setsid true &); exit %d", i);
		struct told t;

		told_start(&t, loop, text);
		run_until(loop, &t.ended, 1);
		if (t.ended == 1 && t.status == i << 8)
			++*(int *)arg;
	}
	loop_free(loop);
	return NULL;
}

/* The main thread sweeps meanwhile, and takes no end from whom it belongs to. */
START_TEST(threads_keep_their_children)
{
	struct loop *loop = adopting_loop();
	pthread_t threads[3];
	int right[3] = { 0 };
	struct told own;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, starter, &right[i]), 0);
	for (int i = 0; i < EACH; i++) {
		told_start(&own, loop, "exit 9");
		run_until(loop, &own.ended, 1);
		ck_assert_int_eq(own.status, 9 << 8);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(right[i], EACH);
	}
	/* orphans that ended while others' zombies stood before them */
	while (waitpid(-1, NULL, WNOHANG) >= 0)
		children_sweep();
	ck_assert_int_ge(orphans, 1);
	end_loop(loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("children");
	TCase *one = tcase_create("one owner"), *threads = tcase_create("threads");
	SRunner *runner;
	int failed;

	tcase_set_timeout(one, 20);
	tcase_add_loop_test(one, an_end_is_told_once_as_wait_has_it, 0, NENDS);
	tcase_add_test(one, a_child_may_be_waited_for_with_and_without_a_loop);
	tcase_add_loop_test(one, a_group_is_signaled_while_its_leader_holds_the_number, 0, 2);
	tcase_add_test(one, an_orphan_is_reaped_and_told);
	tcase_add_test(one, a_zombie_hides_nobody_behind_it);
	tcase_add_test(one, one_that_is_let_be_is_an_orphan);
	tcase_add_test(one, a_callback_may_start_the_next_and_free_another);
	tcase_add_test(one, what_cannot_be_watched_is_ended);
	tcase_add_test(one, all_are_killed);
	tcase_add_test(one, a_forked_one_is_seen_to_stop_and_to_end);
	suite_add_tcase(suite, one);
	tcase_set_timeout(threads, 30);
	tcase_add_test(threads, threads_keep_their_children);
	suite_add_tcase(suite, threads);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
