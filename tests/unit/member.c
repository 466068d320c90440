/* How a command of a part is started again, by a clock of ours: the pauses, what a quiet minute forgives, and when it
 * is given up. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "children.h"
#include "cmd/mci-supervise/launch.h"
#include "cmd/mci-supervise/member.h"
#include "cmd/mci-supervise/parse.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"

static int64_t clock_now;
static struct member member;
static struct bytes told;
static char folder[32];
static int lifeline[2];
static struct loop *loop;
static struct wiring wiring;

static int64_t
virtual_now(void)
{
	return clock_now;
}

/* Processes take real time; timers none. */
static int
virtual_wait(int epoll, struct epoll_event *events, int n, int64_t deadline)
{
	int got = epoll_wait(epoll, events, n, member_runs(&member) ? 10000 : 0);

	if (got == 0 && deadline > clock_now)
		clock_now = deadline;
	return got < 0 ? 0 : got;
}

static void
nothing(void *arg)
{
	(void)arg;
}

static void
no_environment(void *arg, struct environment *v)
{
	(void)arg;
	(void)v;
}

static int
no_keeps(void *arg, const struct wiring_part *p, int *fds)
{
	(void)arg;
	(void)p;
	(void)fds;
	return 0;
}

static void
no_post(void *arg, const struct bytes *line)
{
	(void)arg;
	(void)line;
}

/* Keeps what stands behind "again in ", and that it was given up. */
static void
tell(void *arg, const struct error *e)
{
	const char *pause = strstr(e->text, "again in "), *failed = strstr(e->text, "failed: ");

	(void)arg;
	if (pause != NULL)
		bytes_format(&told, "%s ", pause + strlen("again in "));
	else if (failed != NULL)
		bytes_format(&told, "%s", failed);
}

static struct host host = { .changed = nothing, .environment = no_environment, .keeps = no_keeps,
	.post = no_post, .tell = tell, .mask = 077, .files = 1024 };

static void
complain(void *arg, const struct error *e)
{
	(void)arg;
	ck_abort_msg("%s", e->text);
}

/* A member whose part is that text. */
static void
open_member(const char *text)
{
	const struct wiring_place place = { .name = "w", .dir = folder, .run = folder, .http = "unix:http.sock" };
	struct error e;

	strcpy(folder, "/tmp/mci-member.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(pipe(lifeline), 0);
	clock_now = 1000 * SECOND;
	kernel.now = virtual_now;
	kernel.wait = virtual_wait;
	loop = loop_new(&e);
	host.loop = loop;
	host.dir = folder;
	ck_assert_int_eq(wiring_read(&wiring, (struct span){ text, strlen(text) }, &place, complain, NULL), 0);
	ck_assert_int_eq(member_open(&member, &host, wiring.parts[0], 0, NULL, &e), 0);
	member.lifeline = lifeline[0];
	bytes_free(&told);
}

static void
close_member(void)
{
	member_close(&member);
	wiring_free(&wiring);
	loop_free(loop);
	close(lifeline[0]);
	close(lifeline[1]);
	(void)names_remove_tree(folder, NULL);
	bytes_free(&told);
}

static void
run_until(enum member_state state)
{
	while (member.state != state)
		ck_assert_int_eq(loop_round(loop, -1, NULL), 0);
}

START_TEST(pauses)
{
	open_member("a: false\n");
	member_start(&member);
	run_until(MEMBER_FAILED);
	ck_assert_str_eq(bytes_string(&told), "1s 2s 4s 8s 16s 32s 1m 1m 1m 1m failed: exit 1, 11 times in a row");
	ck_assert_int_eq(member.restarts, 10);
	close_member();
}
END_TEST

/* It runs for so long, and is killed. */
static void
live(int64_t ns)
{
	run_until(MEMBER_RUNS);
	clock_now += ns;
	kill(child_pid(member.child), SIGKILL);
	run_until(MEMBER_PAUSES);
}

START_TEST(quiet_minute)
{
	open_member("a: sleep 1000\n\tretries 4\n");
	member_start(&member);
	live(SECOND);
	live(59 * SECOND);
	live(0);
	live(60 * SECOND);
	live(SECOND);
	ck_assert_str_eq(bytes_string(&told), "1s 2s 4s 1s 2s ");
	close_member();
}
END_TEST

/* One that cannot be started at all is tried again in the same way. */
START_TEST(cannot_start)
{
	open_member("a: true\n\tdir /nowhere/at/all\n\tretries 2\n\tpause 5s\n");
	member_start(&member);
	run_until(MEMBER_FAILED);
	ck_assert_str_eq(bytes_string(&told),
	    "5s 10s failed: /nowhere/at/all: No such file or directory, 3 times in a row");
	close_member();
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("member");
	TCase *t = tcase_create("member");
	SRunner *runner;
	int failed;

	/* a member's process begins as this program */
	if (argc > 1 && strcmp(argv[1], LAUNCH) == 0)
		return launch_run(argc, argv);
	runner = srunner_create(s);
	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, pauses);
	tcase_add_test(t, quiet_minute);
	tcase_add_test(t, cannot_start);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
