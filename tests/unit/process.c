/* What a started program gets, and that all of what it started is found and ended. */
#include "process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "thread.h"

/* The same is promised of a child that does more than posix_spawn(3) can, if only nothing. */
static const struct childsetup nothing = { .landlock = -1 };
static const struct childsetup *setup;

static void
set_up(void)
{
	setup = &nothing;
}

/* Runs a shell text with descriptor 1 on a pipe; what it printed. Its status in *status. */
static char *
shell(const char *text, struct process_spec *p, int *status)
{
	const char *argv[] = { "sh", "-c", text, NULL };
	struct bytes out = { 0 };
	struct error e;
	int fds[2];
	pid_t pid;
	ssize_t n;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	p->path = "/bin/sh";
	p->argv = (char *const *)(uintptr_t)argv;
	p->out = fds[1];
	if (p->setup == NULL)
		p->setup = setup;
	ck_assert_msg(process_spawn(&pid, p, &e) == 0, "%s", e.text);
	close(fds[1]);
	while ((n = read(fds[0], bytes_reserve(&out, 4096), 4096)) > 0)
		out.len += (size_t)n;
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, status, 0), pid);
	return bytes_give(&out);
}

START_TEST(descriptors_are_those_named)
{
	int extra[2], leak = open("/dev/null", O_RDONLY), status;
	int fds[1][2];
	struct process_spec p = { .in = -1, .err = -1, .extra = fds, .nextra = 1 };
	AUTO_FREE char *text = NULL;
	ssize_t n;
	char got[16];

	ck_assert_int_ge(leak, 3);
	ck_assert_int_eq(pipe2(extra, O_CLOEXEC), 0);
	fds[0][0] = extra[1];
	fds[0][1] = 9;
	text = shell("echo extra >&9; ls /proc/self/fd | tr '\\n' ' '", &p, &status);
	/* 3 is that of ls */
	ck_assert_str_eq(text, "0 1 2 3 9 ");
	n = read(extra[0], got, sizeof(got));
	ck_assert_int_eq(n, 6);
	close(extra[0]);
	close(extra[1]);
	close(leak);
}
END_TEST

START_TEST(descriptors_may_change_places)
{
	int a[2], b[2], status;
	int fds[2][2];
	struct process_spec p = { .in = -1, .err = -1, .extra = fds, .nextra = 2 };
	AUTO_FREE char *text = NULL;
	char got[2] = "";

	ck_assert_int_eq(pipe2(a, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(b, O_CLOEXEC), 0);
	ck_assert_int_lt(b[1], 10);
	fds[0][0] = a[1];
	fds[0][1] = b[1];
	fds[1][0] = b[1];
	fds[1][1] = a[1];
	AUTO_FREE char *script = xformat("printf a >&%d; printf b >&%d", b[1], a[1]);
	text = shell(script, &p, &status);
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert_int_eq(read(a[0], got, 1), 1);
	ck_assert_str_eq(got, "a");
	ck_assert_int_eq(read(b[0], got, 1), 1);
	ck_assert_str_eq(got, "b");
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}
END_TEST

START_TEST(signals_are_as_after_a_login)
{
	struct process_spec p = { .in = -1, .err = -1 };
	AUTO_FREE char *text = NULL;
	sigset_t set;
	int status;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* 1 to 31: those behind belong to the C library */
	text = shell("while read name set; do case $name in SigBlk:|SigIgn:) echo $((0x$set & 0x7fffffff));; "
	    "esac; done </proc/self/status", &p, &status);
	ck_assert_str_eq(text, "0\n0\n");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	signal(SIGPIPE, SIG_DFL);
}
END_TEST

static void *
spawn_in_thread(void *arg)
{
	struct process_spec p = { .in = -1, .err = -1 };
	int status;

	*(char **)arg = shell("sed -n 's/^SigBlk:[^0-9a-f]*//p' /proc/self/status", &p, &status);
	return NULL;
}

/* Threads block all signals: their children do not. */
START_TEST(signals_are_the_same_from_any_thread)
{
	AUTO_FREE char *text = NULL;
	pthread_t thread;

	ck_assert_int_eq(thread_start(&thread, spawn_in_thread, &text), 0);
	pthread_join(thread, NULL);
	ck_assert_str_eq(text, "0000000000000000\n");
}
END_TEST

START_TEST(environment_folder_and_session)
{
	const char *env[] = { "A=1", "PATH=/usr/bin:/bin", NULL };
	struct process_spec p = { .in = -1, .err = -1, .dir = "/", .session = true,
		.env = (char *const *)(uintptr_t)env };
	AUTO_FREE char *text = NULL;
	int status;

	text = shell("pwd; echo $A; test $(ps -o sid= -p $$) = $$ && echo session", &p, &status);
	ck_assert_str_eq(text, "/\n1\nsession\n");
}
END_TEST

START_TEST(what_cannot_be_started_is_named)
{
	static char *const argv[] = { (char *)(uintptr_t)"x", NULL };
	struct process_spec p = { .path = "no-such-program", .argv = argv, .in = -1, .out = -1, .err = -1 };
	struct error e = { 0 };
	pid_t pid;

	ck_assert_int_eq(process_spawn(&pid, &p, &e), -1);
	ck_assert_int_eq(e.sys, ENOENT);
	ck_assert_str_eq(e.text, "no-such-program: No such file or directory");
	p.path = "/etc/passwd";
	ck_assert_int_eq(process_spawn(&pid, &p, &e), -1);
	ck_assert_int_eq(e.sys, EACCES);
}
END_TEST

START_TEST(programs_are_found)
{
	AUTO_FREE char *found = process_find("sh", "/nowhere::/usr/bin:/bin");
	AUTO_FREE char *none = process_find("passwd", "/etc");

	ck_assert_ptr_nonnull(found);
	ck_assert_ptr_nonnull(strstr(found, "/bin/sh"));
	ck_assert_ptr_null(none);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_ptr_null(process_find("no-such-program", "/bin"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(process_find("sh", NULL));
}
END_TEST

static bool
ended(pid_t pid)
{
	int fd = process_pidfd(pid);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool result = fd < 0 || poll(&p, 1, 5000) == 1;

	if (fd >= 0)
		close(fd);
	return result;
}

/* Starts a shell that has started others; returns once it says that they are there. */
static pid_t
family(const char *text, const char *pair)
{
	const char *argv[] = { "sh", "-c", text, NULL }, *env[] = { pair, "PATH=/usr/bin:/bin", NULL };
	struct process_spec p = { .path = "/bin/sh", .argv = (char *const *)(uintptr_t)argv, .in = -1,
		.err = -1, .env = (char *const *)(uintptr_t)env, .session = true };
	struct error e;
	int fds[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	p.out = fds[1];
	ck_assert_msg(process_spawn(&pid, &p, &e) == 0, "%s", e.text);
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	close(fds[0]);
	return pid;
}

START_TEST(descendants_are_listed_and_signaled)
{
	struct process_list l = { 0 };
	pid_t pid = family("sleep 300 & setsid sh -c 'sleep 300 & echo; wait' & wait", "X=1");

	process_descendants(pid, &l);
	/* sleep, the inner shell, its sleep */
	ck_assert_uint_eq(l.n, 3);
	process_signal_tree(pid, true, SIGTERM);
	for (size_t i = 0; i < l.n; i++)
		ck_assert(ended(l.pids[i]));
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	process_list_free(&l);
}
END_TEST

START_TEST(orphans_become_ours_and_keep_their_token)
{
	struct process_list l = { 0 };
	struct error e;
	pid_t pid;

	ck_assert_int_eq(process_adopt_orphans(&e), 0);
	pid = family("(setsid sleep 300 &); echo", "TOKEN=abc");
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	process_children(&l);
	ck_assert_uint_eq(l.n, 1);
	ck_assert(process_has_env(l.pids[0], "TOKEN=abc"));
	ck_assert(!process_has_env(l.pids[0], "TOKEN=ab"));
	ck_assert(!process_has_env(l.pids[0], "OKEN=abc"));
	ck_assert(!process_has_env(l.pids[0], "TOKEN=abcd"));
	kill(l.pids[0], SIGKILL);
	ck_assert_int_eq(waitpid(l.pids[0], NULL, 0), l.pids[0]);
	l.n = 0;
	process_children(&l);
	ck_assert_uint_eq(l.n, 0);
	process_list_free(&l);
}
END_TEST

/* Jobs end beside it, and their worker has no time to sleep. */
START_TEST(one_that_has_ended_has_no_environment_and_is_not_waited_for)
{
	pid_t pid = family("echo", "TOKEN=abc");
	struct rusage before, after;
	siginfo_t info;

	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(getrusage(RUSAGE_THREAD, &before), 0);
	for (int i = 0; i < 50; i++)
		ck_assert(!process_has_env(pid, "TOKEN=abc"));
	ck_assert_int_eq(getrusage(RUSAGE_THREAD, &after), 0);
	ck_assert_int_lt(after.ru_nvcsw - before.ru_nvcsw, 50);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* Each is held by a descriptor before it is signaled: there are more than may be open at once. */
START_TEST(more_than_descriptors_are_signaled)
{
	struct process_list l = { 0 };
	struct rlimit few = { 40, 40 };
	struct error e;
	pid_t pid;

	ck_assert_int_eq(process_adopt_orphans(&e), 0);
	pid = family("n=0; while [ $n -lt 60 ]; do setsid sleep 300 & n=$((n+1)); done; echo; wait", "X=1");
	process_descendants(pid, &l);
	ck_assert_uint_eq(l.n, 60);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	process_signal_tree(pid, true, SIGKILL);
	for (size_t i = 0; i < l.n; i++)
		ck_assert(ended(l.pids[i]));
	while (waitpid(-1, NULL, 0) > 0)
		;
	process_list_free(&l);
}
END_TEST

/* What it is limited by, and who it is, it is before it is its program. */
START_TEST(a_child_sets_itself_up)
{
	int group[1], status;
	struct childsetup_limit limits[] = { { RLIMIT_CORE, { 0, 0 } }, { RLIMIT_NOFILE, { 77, 77 } } };
	struct childsetup s = { .limits = limits, .nlimits = 2, .groups = group, .ngroups = 1,
		.landlock = -1, .other = geteuid() == 0, .uid = 65534, .gid = 65534 };
	struct process_spec p = { .in = -1, .err = -1, .setup = &s };
	AUTO_FREE char *text = NULL;
	char joined[2] = "";

	group[0] = memfd_create("group", MFD_CLOEXEC);
	text = shell("ulimit -c; ulimit -n; id -u; id -G", &p, &status);
	if (s.other)
		ck_assert_str_eq(text, "0\n77\n65534\n65534\n");
	else
		ck_assert(strncmp(text, "0\n77\n", 5) == 0);
	ck_assert_int_eq(pread(group[0], joined, 1, 0), 1);
	ck_assert_str_eq(joined, "0");
}
END_TEST

START_TEST(what_cannot_be_set_up_is_named)
{
	const int group[] = { -1 };
	struct childsetup s = { .groups = group, .ngroups = 1, .landlock = -1 };
	const char *argv[] = { "true", NULL };
	struct process_spec p = { .path = "/bin/true", .argv = (char *const *)(uintptr_t)argv, .in = -1,
		.out = -1, .err = -1, .setup = &s };
	struct error e;
	pid_t pid;

	ck_assert_int_eq(process_spawn(&pid, &p, &e), -1);
	ck_assert_str_eq(e.text, "/bin/true: control group: Bad file descriptor");
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

static void
starting_add(TCase *start)
{
	tcase_add_test(start, descriptors_are_those_named);
	tcase_add_test(start, descriptors_may_change_places);
	tcase_add_test(start, signals_are_as_after_a_login);
	tcase_add_test(start, signals_are_the_same_from_any_thread);
	tcase_add_test(start, environment_folder_and_session);
}

int
main(void)
{
	Suite *suite = suite_create("process");
	TCase *start = tcase_create("start"), *end = tcase_create("end"), *child = tcase_create("setup");
	SRunner *runner;
	int failed;

	starting_add(start);
	tcase_add_test(start, what_cannot_be_started_is_named);
	tcase_add_test(start, programs_are_found);
	suite_add_tcase(suite, start);
	starting_add(child);
	tcase_add_checked_fixture(child, set_up, NULL);
	tcase_add_test(child, a_child_sets_itself_up);
	tcase_add_test(child, what_cannot_be_set_up_is_named);
	suite_add_tcase(suite, child);
	tcase_set_timeout(end, 20);
	tcase_add_test(end, descendants_are_listed_and_signaled);
	tcase_add_test(end, orphans_become_ours_and_keep_their_token);
	tcase_add_test(end, one_that_has_ended_has_no_environment_and_is_not_waited_for);
	tcase_add_test(end, more_than_descriptors_are_signaled);
	suite_add_tcase(suite, end);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
