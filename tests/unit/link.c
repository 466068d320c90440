#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "connect.h"
#include "duration.h"
#include "kernel.h"
#include "link.h"
#include "memory.h"

/* One end of a link and what it was told. */
struct end {
	struct link *link;
	struct bytes lines;
	int fds[32];
	int nfds;
	struct error why;
	int drained, ended, closed, released;
	int pause_at; /* pauses itself at this line */
};

static struct loop *loop;

static void
on_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	struct end *end = arg;

	bytes_format(&end->lines, "%llu:", (unsigned long long)link_line_number(l));
	bytes_add(&end->lines, line.p, line.n);
	if (nfds > 0)
		bytes_format(&end->lines, "+%d", nfds);
	bytes_char(&end->lines, ';');
	for (int i = 0; i < nfds; i++)
		end->fds[end->nfds++] = fds[i];
	if (end->pause_at > 0 && link_line_number(l) == (uint64_t)end->pause_at)
		link_pause(l, 1);
}

static void
on_too_long(void *arg, struct link *l, uint64_t number, struct span head)
{
	struct end *end = arg;

	(void)l;
	(void)head;
	bytes_format(&end->lines, "%llu:!;", (unsigned long long)number);
}

static void
on_drained(void *arg, struct link *l)
{
	struct end *end = arg;

	ck_assert_uint_eq(link_unsent(l), 0);
	end->drained++;
}

static void
on_ended(void *arg, struct link *l, const struct error *why)
{
	struct end *end = arg;

	(void)l;
	end->why = *why;
	end->ended++;
}

static void
on_closed(void *arg, struct link *l, const struct error *why)
{
	struct end *end = arg;

	ck_assert_ptr_eq(l, end->link);
	end->why = *why;
	end->closed++;
	end->link = NULL;
}

static void
on_release(void *arg)
{
	struct end *end = arg;

	end->released++;
}

static const struct link_events whole = { .line = on_line, .too_long = on_too_long, .drained = on_drained,
	.ended = on_ended, .closed = on_closed };
static const struct link_events plain = { .line = on_line, .drained = on_drained, .closed = on_closed };

static void
setup(void)
{
	loop = loop_new(NULL);
}

static void
teardown(void)
{
	loop_free(loop);
}

static void
take(struct end *end, int in, int out, const struct link_events *events)
{
	end->link = link_take(loop, in, out, events, end, NULL);
	ck_assert_ptr_nonnull(end->link);
	link_on_release(end->link, on_release, end);
}

/* A link on one end of a socket pair; the other end is returned. */
static int
take_pair(struct end *end, const struct link_events *events)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	take(end, ends[0], ends[0], events);
	return ends[1];
}

/* Rounds until nothing more happens. */
static void
settle(void)
{
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_round(loop, kernel.now(), NULL), 0);
}

static void
finish(struct end *end)
{
	link_close(end->link);
	ck_assert_int_eq(end->released, 1);
	bytes_free(&end->lines);
}

START_TEST(both_ways)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &whole);
	char text[16];

	ck_assert_int_eq(link_peer(a.link)->pid, getpid());
	ck_assert_uint_eq(link_peer(a.link)->uid, getuid());
	ck_assert_int_eq(link_send(a.link, "one\n", 4), 0);
	ck_assert_int_eq(kernel.read(fd, text, sizeof(text)), 4);
	ck_assert_int_eq(kernel_write_all(fd, "two\nthr", 7), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:two;");
	ck_assert_int_eq(kernel_write_all(fd, "ee\n\n", 4), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:two;2:three;3:;");
	close(fd);
	settle();
	ck_assert_int_eq(a.ended, 1);
	ck_assert_int_eq(a.why.code, ERROR_NONE);
	if (a.link != NULL)
		link_close(a.link);
	a.link = NULL;
	finish(&a);
}
END_TEST

/* Half closed: the owner is told once, may still send, and sees the real end later. */
START_TEST(half_closed)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &whole);
	char text[16];

	ck_assert_int_eq(kernel_write_all(fd, "x\ncut", 5), 0);
	shutdown(fd, SHUT_WR);
	settle();
	ck_assert_int_eq(a.ended, 1);
	ck_assert_int_eq(a.closed, 0);
	ck_assert_int_eq(a.why.code, ERROR_INPUT);
	ck_assert_str_eq(a.why.text, "the stream ended inside line 2: 3 bytes without a newline were "
	    "dropped");
	ck_assert_int_eq(link_send(a.link, "late\n", 5), 0);
	ck_assert_int_eq(kernel.read(fd, text, sizeof(text)), 5);
	close(fd);
	settle();
	ck_assert_int_eq(a.ended, 1);
	ck_assert_int_eq(a.closed, 1);
	finish(&a);
}
END_TEST

START_TEST(closed_when_nobody_wants_half)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &plain);

	ck_assert_int_eq(kernel_write_all(fd, "x\n", 2), 0);
	close(fd);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:x;");
	ck_assert_int_eq(a.closed, 1);
	ck_assert_int_eq(a.why.code, ERROR_NONE);
	finish(&a);
}
END_TEST

/* What the other end said before it broke off is heard, also when sending fails first. */
START_TEST(last_words)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &plain);

	ck_assert_int_eq(kernel_write_all(fd, "sorry\n", 6), 0);
	close(fd);
	ck_assert_int_eq(link_send(a.link, "x\n", 2), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:sorry;");
	ck_assert_int_eq(a.closed, 1);
	finish(&a);
}
END_TEST

/* Pipes: the reader of ours goes away, its writer had something left to say. */
START_TEST(last_words_on_pipes)
{
	struct end a = { 0 };
	int to[2], from[2];

	ck_assert_int_eq(pipe2(to, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(from, O_CLOEXEC), 0);
	take(&a, from[0], to[1], &plain);
	ck_assert_int_eq(kernel_write_all(from[1], "sorry\n", 6), 0);
	close(to[0]);
	ck_assert_int_eq(link_send(a.link, "x\n", 2), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:sorry;");
	ck_assert_int_eq(a.closed, 1);
	ck_assert_int_eq(a.why.code, ERROR_DISCONNECTED);
	close(from[1]);
	finish(&a);
}
END_TEST

START_TEST(too_long)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &whole);
	char *line = xmalloc(LINE_LIMIT + 2);

	memset(line, 'x', LINE_LIMIT + 1);
	for (size_t at = 0; at < LINE_LIMIT + 1;) {
		ssize_t n = send(fd, line + at, LINE_LIMIT + 1 - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else
			settle();
	}
	ck_assert_int_eq(kernel_write_all(fd, "\nnext\n", 6), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:!;2:next;");
	free(line);
	close(fd);
	finish(&a);
}
END_TEST

static int
same_file(int a, int b)
{
	struct stat one, two;

	return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_ino == two.st_ino;
}

/* Descriptors arrive with the line that they were sent with, whatever lines are around it. */
START_TEST(descriptors)
{
	struct end a = { 0 }, b = { 0 };
	int ends[2], pipes[3][2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	take(&a, ends[0], ends[0], &whole);
	take(&b, ends[1], ends[1], &whole);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pipe2(pipes[i], O_CLOEXEC), 0);
	ck_assert_int_eq(link_send(a.link, "before\n", 7), 0);
	ck_assert_int_eq(link_send_fds(a.link, "two\n", 4, pipes[0], 2), 0);
	ck_assert_int_eq(link_send(a.link, "between\nand\n", 12), 0);
	ck_assert_int_eq(link_send_fds(a.link, "one\n", 4, pipes[1], 1), 0);
	ck_assert_int_eq(link_send_fds(a.link, "also\n", 5, pipes[2], 2), 0);
	ck_assert_int_eq(link_send(a.link, "after\n", 6), 0);
	/* copies were sent: ours may go at once */
	settle();
	ck_assert_str_eq(bytes_string(&b.lines), "1:before;2:two+2;3:between;4:and;5:one+1;6:also+2;"
	    "7:after;");
	ck_assert(same_file(b.fds[0], pipes[0][0]) && same_file(b.fds[1], pipes[0][1]));
	ck_assert(same_file(b.fds[2], pipes[1][0]) && same_file(b.fds[3], pipes[2][0]));
	ck_assert(fcntl(b.fds[0], F_GETFD) & FD_CLOEXEC);
	/* too many, none, and links that cannot carry any */
	ck_assert_int_lt(link_send_fds(a.link, "x\n", 2, pipes[0], 0), 0);
	ck_assert_int_lt(link_send_fds(a.link, "x\n", 2, b.fds, LINK_FDS + 1), 0);
	finish(&a);
	finish(&b);
}
END_TEST

/* More than the socket takes at once, with descriptors in the middle of it. */
START_TEST(descriptors_behind_a_queue)
{
	struct end a = { 0 }, b = { 0 };
	int ends[2], pipes[2];
	char *text = xmalloc(LINE_LIMIT);

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	take(&a, ends[0], ends[0], &plain);
	memset(text, 'x', LINE_LIMIT);
	text[LINE_LIMIT - 1] = '\n';
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(link_send(a.link, text, LINE_LIMIT), 0);
	ck_assert_int_eq(link_send_fds(a.link, "fds\n", 4, pipes, 2), 0);
	ck_assert_int_eq(link_send(a.link, text, LINE_LIMIT / 2), 0);
	/* the bound holds */
	ck_assert_int_lt(link_send(a.link, text, LINE_LIMIT), 0);
	ck_assert_uint_gt(link_unsent(a.link), LINK_PAUSE);
	ck_assert_int_eq(a.drained, 0);
	take(&b, ends[1], ends[1], &whole);
	for (int i = 0; i < 2000 && link_unsent(a.link) > 0; i++)
		settle();
	settle();
	ck_assert_int_eq(a.drained, 1);
	ck_assert_int_eq(b.nfds, 2);
	ck_assert(same_file(b.fds[1], pipes[1]));
	ck_assert_ptr_nonnull(memmem(b.lines.data, b.lines.len, ";4:fds+2;", 9));
	free(text);
	finish(&a);
	finish(&b);
}
END_TEST

static int
open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Descriptors of a line that never ends, or that nobody wants, are closed with the link. */
START_TEST(descriptors_unclaimed)
{
	struct end a = { 0 }, b = { 0 };
	int before = open_descriptors();
	int ends[2], pipes[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	take(&a, ends[0], ends[0], &plain);
	take(&b, ends[1], ends[1], &whole);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(link_send_fds(a.link, "part ", 5, pipes, 2), 0);
	settle();
	ck_assert_uint_eq(b.lines.len, 0);
	finish(&a);
	finish(&b);
	close(pipes[0]);
	close(pipes[1]);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

START_TEST(paused)
{
	struct end a = { .pause_at = 2 };
	int fd = take_pair(&a, &whole);

	ck_assert_int_eq(kernel_write_all(fd, "a\nb\nc\nd\n", 8), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:a;2:b;");
	ck_assert_int_eq(kernel_write_all(fd, "e\n", 2), 0);
	close(fd);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:a;2:b;");
	ck_assert_int_eq(a.ended + a.closed, 0);
	/* not inside the call, but from the loop */
	link_pause(a.link, 0);
	ck_assert_str_eq(bytes_string(&a.lines), "1:a;2:b;");
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:a;2:b;3:c;4:d;5:e;");
	ck_assert_int_eq(a.ended, 1);
	finish(&a);
}
END_TEST

START_TEST(finished)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &plain);
	char text[16];

	ck_assert_int_eq(link_send(a.link, "bye\n", 4), 0);
	link_finish(a.link);
	ck_assert_int_lt(link_send(a.link, "x\n", 2), 0);
	ck_assert_int_eq(kernel.read(fd, text, sizeof(text)), 4);
	ck_assert_int_eq(kernel.read(fd, text, sizeof(text)), 0);
	ck_assert_int_eq(kernel_write_all(fd, "answer\n", 7), 0);
	close(fd);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:answer;");
	ck_assert_int_eq(a.closed, 1);
	finish(&a);
}
END_TEST

/* Only for sending: closed when everything is out, or when the reader goes. */
START_TEST(one_way)
{
	struct end a = { 0 }, b = { 0 };
	int ends[2];
	char text[16];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	take(&a, -1, ends[1], &plain);
	ck_assert_int_eq(link_send(a.link, "x\n", 2), 0);
	link_finish(a.link);
	settle();
	ck_assert_int_eq(a.closed, 1);
	ck_assert_int_eq(a.why.code, ERROR_NONE);
	ck_assert_int_eq(kernel.read(ends[0], text, sizeof(text)), 2);
	ck_assert_int_eq(kernel.read(ends[0], text, sizeof(text)), 0);
	close(ends[0]);
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	take(&b, -1, ends[1], &plain);
	close(ends[0]);
	settle();
	ck_assert_int_eq(b.closed, 1);
	ck_assert_int_eq(b.why.code, ERROR_DISCONNECTED);
	finish(&a);
	finish(&b);
}
END_TEST

/* Regular files and /dev/null cannot be watched: they are read all the same. */
START_TEST(files)
{
	struct end a = { 0 }, b = { 0 };
	char path[] = "/tmp/mci-link.XXXXXX", text[64];
	int fd = mkstemp(path), out;

	unlink(path);
	ck_assert_int_eq(kernel_write_all(fd, "one\ntwo\n", 8), 0);
	lseek(fd, 0, SEEK_SET);
	out = kernel.open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, 0600);
	unlink(path);
	take(&a, fd, fcntl(out, F_DUPFD_CLOEXEC, 3), &whole);
	ck_assert_int_eq(link_send(a.link, "back\n", 5), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:one;2:two;");
	ck_assert_int_eq(a.ended, 1);
	ck_assert_int_eq(kernel.pread(out, text, sizeof(text), 0), 5);
	finish(&a);
	take(&b, kernel.open(AT_FDCWD, "/dev/null", O_RDONLY, 0), -1, &whole);
	settle();
	ck_assert_int_eq(b.closed, 1);
	finish(&b);
	close(out);
}
END_TEST

START_TEST(taken_over)
{
	struct end a = { 0 };
	int fd = take_pair(&a, &whole);
	char text[16];
	int stream;

	ck_assert_int_eq(kernel_write_all(fd, "x\n", 2), 0);
	settle();
	stream = link_take_over(a.link);
	ck_assert_int_ge(stream, 0);
	ck_assert_int_eq(link_take_over(a.link), stream);
	ck_assert_int_lt(link_send(a.link, "x\n", 2), 0);
	ck_assert_int_eq(kernel_write_all(fd, "unheard\n", 8), 0);
	ck_assert_int_eq(kernel_write_all(stream, "stream\n", 7), 0);
	ck_assert_int_eq(kernel.read(fd, text, sizeof(text)), 7);
	shutdown(fd, SHUT_WR);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:x;");
	ck_assert_int_eq(a.closed + a.ended, 0);
	close(fd);
	settle();
	ck_assert_int_eq(a.closed, 1);
	finish(&a);
}
END_TEST

static void
close_at_line(void *arg, struct link *l, struct span line, int *fds, int nfds)
{
	on_line(arg, l, line, fds, nfds);
	link_close(l);
	ck_assert_int_lt(link_send(l, "x\n", 2), 0);
}

START_TEST(closed_inside_its_callback)
{
	static const struct link_events closing = { .line = close_at_line, .closed = on_closed };
	struct end a = { 0 };
	int fd = take_pair(&a, &closing);

	ck_assert_int_eq(kernel_write_all(fd, "a\nb\n", 4), 0);
	settle();
	ck_assert_str_eq(bytes_string(&a.lines), "1:a;");
	ck_assert_int_eq(a.closed, 0);
	ck_assert_int_eq(a.released, 1);
	bytes_free(&a.lines);
	close(fd);
}
END_TEST

static struct link *
run(struct end *end, const char *command)
{
	struct address a;
	struct link *l;

	ck_assert_int_eq(address_parse(&a, command, NULL), 0);
	l = connect_open(loop, &a, &plain, end, NULL);
	address_free(&a);
	ck_assert_ptr_nonnull(l);
	end->link = l;
	return l;
}

static void
until_closed(struct end *end)
{
	int64_t deadline = kernel.now() + 20 * SECOND;

	while (end->closed == 0 && kernel.now() < deadline)
		ck_assert_int_eq(loop_round(loop, deadline, NULL), 0);
	ck_assert_int_eq(end->closed, 1);
}

START_TEST(child)
{
	struct end a = { 0 };

	run(&a, "exec:cat");
	ck_assert_int_eq(link_send(a.link, "through cat\n", 12), 0);
	link_finish(a.link);
	until_closed(&a);
	ck_assert_str_eq(bytes_string(&a.lines), "1:through cat;");
	connect_reap(loop);
	ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
	ck_assert_int_eq(errno, ECHILD);
	bytes_free(&a.lines);
}
END_TEST

/* A child that does not care that its input has ended, with a child of its own in its group. */
START_TEST(child_that_stays)
{
	struct end a = { 0 };

	run(&a, "exec:sh -c 'echo up; sleep 1000 & sleep 1001; wait'");
	while (a.lines.len == 0)
		ck_assert_int_eq(loop_round(loop, -1, NULL), 0);
	link_close(a.link);
	connect_reap(loop);
	ck_assert_int_lt(waitpid(-1, NULL, WNOHANG), 0);
	ck_assert_int_eq(errno, ECHILD);
	bytes_free(&a.lines);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link");
	TCase *t = tcase_create("link");
	SRunner *runner = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, both_ways);
	tcase_add_test(t, half_closed);
	tcase_add_test(t, closed_when_nobody_wants_half);
	tcase_add_test(t, last_words);
	tcase_add_test(t, last_words_on_pipes);
	tcase_add_test(t, too_long);
	tcase_add_test(t, descriptors);
	tcase_add_test(t, descriptors_behind_a_queue);
	tcase_add_test(t, descriptors_unclaimed);
	tcase_add_test(t, paused);
	tcase_add_test(t, finished);
	tcase_add_test(t, one_way);
	tcase_add_test(t, files);
	tcase_add_test(t, taken_over);
	tcase_add_test(t, closed_inside_its_callback);
	tcase_add_test(t, child);
	tcase_add_test(t, child_that_stays);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
