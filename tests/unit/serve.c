/* The skeleton of a server program, in a child: how it begins, stops, and reads its settings anew. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "serve.h"

static const struct contract_method note_rows[] = {
	{ .name = "note/keep", .errors = "" },
	{ .name = "note/take", .errors = "" },
};
static const struct contract_service note_contract = { .name = "note", .methods = note_rows,
	.nmethods = 2 };

/* Keeps what it is asked until it is told to reload. */
struct notes {
	struct serve_options serve;
	struct request *kept[8];
	int n;
};

static void
keep(void *self, struct request *r)
{
	struct notes *n = self;

	n->kept[n->n++] = r;
}

static void
take(void *self, struct request *r)
{
	(void)self;
	request_reply(r, (struct span){ NULL, 0 });
}

static const struct service_method methods[] = { { "note/keep", keep }, { "note/take", take } };
static const struct service notes_service = { .contract = &note_contract, .methods = methods,
	.nmethods = 2 };

static int
open_notes(struct serve *s, void *arg, struct error *e)
{
	return serve_add(s, &notes_service, arg, e);
}

static void
close_notes(void *arg)
{
	(void)arg;
}

static void
reload(void *arg)
{
	struct notes *n = arg;

	while (n->n > 0)
		request_reply(n->kept[--n->n], (struct span){ "\"anew\"", 6 });
}

static const struct serve_program program = { .name = "notes", .variable = "NOTES", .socket = "notes.sock",
	.folder = "notes", .open = open_notes, .close = close_notes, .reload = reload };

static char folder[32];
static char *data, *address;
static pid_t child;
static int lifeline[2] = { -1, -1 }; /* of the next one that is started; it has the reading end */

/* Starts the program with a grace; 0: a long one. Returns when it serves. */
static void
start(int64_t grace)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		const char *listen = address;
		struct notes n = { .serve = { .listen = { &listen, 1 }, .folder = data,
			.grace = grace > 0 ? grace : 60 * 1000000000LL, .ready = ready[1] } };

		/* Check has handlers for them */
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		close(ready[0]);
		close(lifeline[1]);
		_exit(serve_run(&program, &n.serve, &n));
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static void
setup(void)
{
	strcpy(folder, "/tmp/mci-serve.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	data = xformat("%s/data", folder);
	address = xformat("unix:%s/s", folder);
}

static void
teardown(void)
{
	(void)names_remove_tree(folder, NULL);
	free(data);
	free(address);
}

static int
end(void)
{
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static int
connected(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/s", folder);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

#define KEEP "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"note/keep\"}\n"
#define TAKE "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"note/take\"}\n"
#define TAKEN "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n"
#define ANEW "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"anew\"}\n"

static void
say(int fd, const char *text)
{
	ck_assert_int_eq(kernel_write_all(fd, text, strlen(text)), 0);
}

/* Waits for that answer. */
static void
hear(int fd, const char *expected)
{
	char text[200] = "";
	size_t n = 0;

	while (n < strlen(expected)) {
		ssize_t got = read(fd, text + n, sizeof(text) - 1 - n);

		ck_assert_msg(got > 0, "heard only %s", text);
		n += (size_t)got;
	}
	ck_assert_str_eq(text, expected);
}

/* A request that waits for its answer; what is asked behind it was taken, so it is there. */
static int
waiting(void)
{
	int fd = connected();

	say(fd, KEEP TAKE);
	hear(fd, TAKEN);
	return fd;
}

/* Waits until it is stopping: its socket is gone. */
static void
stopping(void)
{
	while (access(address + strlen("unix:"), F_OK) == 0)
		usleep(1000);
}

START_TEST(reloads)
{
	int fd;

	start(0);
	fd = waiting();
	kill(child, SIGHUP);
	hear(fd, ANEW);
	say(fd, TAKE);
	hear(fd, TAKEN);
	kill(child, SIGTERM);
	ck_assert_int_eq(end(), 0);
	close(fd);
}
END_TEST

/* What is open is answered before it ends. */
START_TEST(answers_first)
{
	char byte;
	int fd, idle;

	start(0);
	fd = waiting();
	idle = connected();
	say(idle, TAKE);
	hear(idle, TAKEN);
	kill(child, SIGTERM);
	stopping();
	ck_assert_int_eq(read(idle, &byte, 1), 0);
	kill(child, SIGHUP);
	hear(fd, ANEW);
	ck_assert_int_eq(read(fd, &byte, 1), 0);
	ck_assert_int_eq(end(), 0);
	close(fd);
	close(idle);
}
END_TEST

START_TEST(waits_no_longer)
{
	char byte;
	int fd;

	start(50 * 1000000);
	fd = waiting();
	kill(child, SIGINT);
	ck_assert_int_eq(read(fd, &byte, 1), 0);
	ck_assert_int_eq(end(), 0);
	close(fd);
}
END_TEST

START_TEST(at_once_when_asked_twice)
{
	int fd, status;

	start(0);
	fd = waiting();
	kill(child, SIGTERM);
	stopping();
	kill(child, _i == 0 ? SIGTERM : SIGINT);
	status = end();
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == (_i == 0 ? SIGTERM : SIGINT));
	close(fd);
}
END_TEST

/* One folder has one server, as long as that lives, however it ends. */
START_TEST(one_a_folder)
{
	struct error e = { 0 };
	int dir, lock, other;

	start(0);
	dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(folder_is_locked(dir));
	ck_assert_int_eq(folder_take(data, &e), -1);
	ck_assert_int_eq(e.code, ERROR_BUSY);
	ck_assert_int_eq(error_status(&e), 75);
	kill(child, SIGKILL);
	end();
	ck_assert(!folder_is_locked(dir));
	lock = folder_take(data, &e);
	ck_assert_int_ge(lock, 0);
	other = folder_lock(dir, data, &e);
	ck_assert_int_eq(other, -1);
	close(lock);
	ck_assert(!folder_is_locked(dir));
	close(dir);
}
END_TEST

static void
give_lifeline(void)
{
	char number[16];

	ck_assert_int_eq(pipe(lifeline), 0);
	snprintf(number, sizeof(number), "%d", lifeline[0]);
	setenv("MCI_LIFELINE", number, 1);
}

/* Whoever started it is gone, and whoever was to end before it. */
START_TEST(ends_with_its_lifeline)
{
	char byte;
	int fd;

	give_lifeline();
	start(0);
	fd = waiting();
	close(lifeline[1]);
	lifeline[1] = -1;
	stopping();
	kill(child, SIGHUP);
	hear(fd, ANEW);
	ck_assert_int_eq(read(fd, &byte, 1), 0);
	ck_assert_int_eq(end(), 0);
	close(fd);
}
END_TEST

/* The one before it may be about to end, at the end of its own. */
START_TEST(waits_for_the_lock_when_it_has_a_lifeline)
{
	int dir, lock = folder_take(data, NULL);
	pid_t holder;

	ck_assert_int_ge(lock, 0);
	holder = fork();
	if (holder == 0) {
		usleep(50000);
		_exit(0);
	}
	close(lock);
	give_lifeline();
	start(0);
	dir = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert(folder_is_locked(dir));
	ck_assert_int_eq(waitpid(holder, NULL, 0), holder);
	kill(child, SIGTERM);
	ck_assert_int_eq(end(), 0);
	close(dir);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("serve");
	TCase *t = tcase_create("serve");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, reloads);
	tcase_add_test(t, answers_first);
	tcase_add_test(t, waits_no_longer);
	tcase_add_loop_test(t, at_once_when_asked_twice, 0, 2);
	tcase_add_test(t, one_a_folder);
	tcase_add_test(t, ends_with_its_lifeline);
	tcase_add_test(t, waits_for_the_lock_when_it_has_a_lifeline);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
