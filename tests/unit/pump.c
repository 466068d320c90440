/* Streams that descriptors are given: readers of every kind, the ends of them, and what may be done
 * meanwhile. */
#include "pump.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

#define SIZE (3 * PUMP_TURN + 12345)
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static char folder[] = "/tmp/mci-unit-XXXXXX";
static struct loop *loop;
static char *text; /* SIZE bytes that are all over the file */
static int file;

static void
set_up(void)
{
	struct error e;

	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	loop = loop_new(&e);
	ck_assert_ptr_nonnull(loop);
	text = xmalloc(SIZE);
	/* printable, so that a terminal shows it as it is */
	for (size_t i = 0; i < SIZE; i++)
		text[i] = (char)(' ' + (i * 31 + i / 251) % 90);
	file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_eq(kernel_write_all(file, text, SIZE), 0);
}

static void
tear_down(void)
{
	loop_free(loop);
	free(text);
	close(file);
	unlink("file");
	unlink("copy");
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(folder);
}

/* A stream of the file's bytes from at to limit. */
struct stream {
	struct pump pump;
	int64_t at, limit;
	bool ends; /* at limit */
	int steps, serves, overs;
	enum pump_end end;
	int sys;
	void (*then)(struct stream *s); /* last in served and over; NULL: over closes the pump */
	struct stream *other;
};

static enum pump_step
step(void *arg)
{
	struct stream *s = arg;

	s->steps++;
	if (s->at >= s->limit)
		return s->ends ? PUMP_ENDS : PUMP_WAITS;
	s->at += (int64_t)pump_file(&s->pump, file, s->at, (size_t)(s->limit - s->at));
	return PUMP_WENT;
}

static void
served(void *arg)
{
	struct stream *s = arg;

	s->serves++;
	if (s->then != NULL)
		s->then(s);
}

static void
over(void *arg, enum pump_end end, int sys)
{
	struct stream *s = arg;

	s->overs++;
	s->end = end;
	s->sys = sys;
	if (s->then != NULL)
		s->then(s);
	else
		pump_close(&s->pump);
}

static const struct pump_source source = { .step = step, .served = served, .over = over };

/* The ends of what is read and written: ends[0] is the reader's. */
static void
make_pipe(int ends[2])
{
	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	fcntl(ends[0], F_SETFL, 0);
}

static void
make_sockets(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
}

static void
make_terminal(int ends[2])
{
	ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_eq(grantpt(ends[0]) | unlockpt(ends[0]), 0);
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(ends[1], 0);
}

static void
make_blocking_pipe(int ends[2])
{
	ck_assert_int_eq(pipe(ends), 0);
}

static void
make_blocking_sockets(int ends[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static const struct {
	void (*make)(int ends[2]);
	unsigned flags;
} ways[] = {
	{ make_pipe, PUMP_WATCHES },
	{ make_sockets, PUMP_WATCHES },
	{ make_blocking_pipe, PUMP_WATCHES | PUMP_SHARED },
	{ make_blocking_sockets, PUMP_WATCHES | PUMP_SHARED },
	{ make_terminal, PUMP_WATCHES | PUMP_SHARED },
};

static void
begin(struct stream *s, int to, unsigned flags)
{
	struct error e;

	ck_assert_msg(pump_open(&s->pump, loop, to, flags, &source, s, &e) == 0, "%s", e.text);
}

/* What is due now: never waits. */
static void
go_round(void)
{
	struct error e;

	ck_assert_int_eq(loop_round(loop, kernel.now(), &e), 0);
}

/* Reads until it is there, at most so much at once; the bytes are those of the file from at on. */
static void
reads(int fd, int64_t at, int64_t to, size_t most)
{
	AUTO_FREE char *got = xmalloc(most);

	while (at < to) {
		ssize_t n = read(fd, got, most < (size_t)(to - at) ? most : (size_t)(to - at));

		ck_assert_int_gt(n, 0);
		ck_assert_mem_eq(got, text + at, (size_t)n);
		at += n;
		go_round();
	}
}

/* It is given what it takes, and waits for nothing else; its descriptor is as it was. */
START_TEST(test_slow)
{
	struct stream s = { .at = 100, .limit = SIZE - 5 };
	int ends[2], flags;

	ways[_i].make(ends);
	flags = fcntl(ends[1], F_GETFL);
	begin(&s, ends[1], ways[_i].flags);
	pump_serve(&s.pump);
	ck_assert(s.pump.blocked);
	reads(ends[0], 100, SIZE - 5, 7777);
	ck_assert_int_eq(s.at, SIZE - 5);
	ck_assert(!s.pump.blocked);
	ck_assert_int_eq(s.overs, 0);
	ck_assert_int_eq(fcntl(ends[1], F_GETFL), flags);
	pump_close(&s.pump);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(test_byte_by_byte)
{
	struct stream s = { .at = SIZE - 80000, .limit = SIZE, .ends = true };
	int ends[2];

	ways[_i].make(ends);
	begin(&s, ends[1], ways[_i].flags | PUMP_OWNS);
	pump_serve(&s.pump);
	reads(ends[0], SIZE - 80000, SIZE, 1);
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_ENDED);
	close(ends[0]);
}
END_TEST

/* One that stops costs nothing: the loop does not look at it, and the others are served. */
START_TEST(test_stalled)
{
	struct stream slow = { .limit = SIZE }, quick = { .limit = SIZE };
	struct pump_list list = { 0 };
	int ends[2], others[2], steps;

	ways[_i].make(ends);
	make_pipe(others);
	begin(&slow, ends[1], ways[_i].flags);
	begin(&quick, others[1], 0);
	pump_list_add(&list, &quick.pump);
	pump_list_add(&list, &slow.pump);
	pump_list_serve(&list);
	/* a terminal may have room a little later than it is full */
	for (int i = 0; i < 10; i++)
		go_round();
	ck_assert(slow.pump.blocked);
	steps = slow.steps;
	reads(others[0], 0, SIZE, 65536);
	pump_list_serve(&list);
	ck_assert_int_eq(slow.steps, steps);
	ck_assert_int_lt(slow.at, SIZE);
	reads(ends[0], 0, SIZE, 65536);
	ck_assert_int_eq(slow.at, SIZE);
	pump_close(&slow.pump);
	pump_close(&quick.pump);
	ck_assert_ptr_null(list.all);
	ck_assert_uint_eq(list.n, 0);
	close(ends[0]);
	close(ends[1]);
	close(others[0]);
	close(others[1]);
}
END_TEST

/* Its leaving is noticed when it is given something, when it takes no more, and while nothing is
 * said. */
START_TEST(test_leaves)
{
	static const int64_t limits[] = { 0, SIZE };

	for (int i = 0; i < 3; i++) {
		struct stream s = { .limit = limits[i > 0] };
		int ends[2];

		ways[_i].make(ends);
		begin(&s, ends[1], ways[_i].flags);
		if (i < 2)
			pump_serve(&s.pump);
		close(ends[0]);
		if (i < 2)
			go_round();
		else
			pump_serve(&s.pump);
		ck_assert_int_eq(s.overs, 1);
		ck_assert_int_eq(s.end, PUMP_LEFT);
		if (i < 2)
			ck_assert_int_eq(s.sys, 0);
		go_round();
		ck_assert_int_eq(s.overs, 1);
		close(ends[1]);
	}
}
END_TEST

/* Nothing is asked of the loop while there is nothing to give, when somebody else notices the end.
 */
START_TEST(test_unwatched)
{
	struct stream s = { .limit = 10 };
	int ends[2];

	make_sockets(ends);
	begin(&s, ends[1], 0);
	pump_serve(&s.pump);
	close(ends[0]);
	go_round();
	ck_assert_int_eq(s.overs, 0);
	s.limit = 20;
	pump_serve(&s.pump);
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_LEFT);
	ck_assert_int_eq(s.sys, EPIPE);
	close(ends[1]);
}
END_TEST

START_TEST(test_grows)
{
	struct stream s = { 0 };
	int ends[2];

	ways[_i].make(ends);
	begin(&s, ends[1], ways[_i].flags);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.at, 0);
	for (int64_t size = 1; size < 100000; size = size * 3 + 1) {
		int64_t from = s.at;

		s.limit = size;
		pump_serve(&s.pump);
		reads(ends[0], from, size, 65536);
		ck_assert(!s.pump.blocked);
	}
	s.ends = true;
	ck_assert_int_eq(s.overs, 0);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_ENDED);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* A file that is shorter than was said is no end: it has lost bytes. */
START_TEST(test_cut)
{
	struct stream s = { .limit = 5000 };
	int ends[2];

	ways[_i].make(ends);
	ck_assert_int_eq(ftruncate(file, 1000), 0);
	begin(&s, ends[1], ways[_i].flags);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_FAILED);
	ck_assert_int_eq(s.sys, EIO);
	ck_assert_int_eq(s.at, 1000);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void
holds(const char *name, int64_t size)
{
	AUTO_FREE char *got = xmalloc((size_t)size + 1);
	int fd = open(name, O_RDONLY);

	ck_assert_int_eq(read(fd, got, (size_t)size + 1), size);
	ck_assert_mem_eq(got, text, (size_t)size);
	close(fd);
}

/* What is always ready has its turns as well. */
START_TEST(test_file)
{
	struct stream s = { .limit = SIZE }, other = { .limit = SIZE };
	struct pump_list list = { 0 };

	begin(&s, open("copy", O_WRONLY | O_CREAT | O_APPEND, 0600),
	    PUMP_SHARED | PUMP_OWNS | PUMP_WATCHES);
	begin(&other, open("/dev/null", O_WRONLY), PUMP_SHARED | PUMP_OWNS | PUMP_WATCHES);
	pump_list_add(&list, &s.pump);
	pump_list_add(&list, &other.pump);
	for (int turn = 1; turn < 4; turn++) {
		pump_list_serve(&list);
		for (struct pump *p = list.all; p != NULL; p = p->next) {
			const struct stream *it = p->arg;

			ck_assert_int_ge(it->at, (int64_t)turn * PUMP_TURN);
			ck_assert_int_lt(it->at, (int64_t)(turn + 1) * PUMP_TURN);
			ck_assert(p->blocked);
		}
		go_round();
	}
	ck_assert_int_eq(s.at, SIZE);
	ck_assert_int_eq(other.at, SIZE);
	ck_assert(!s.pump.blocked);
	holds("copy", SIZE);
	pump_close(&s.pump);
	pump_close(&other.pump);
}
END_TEST

/* Without a pump: to what the kernel copies to by itself, and to what it does not; as far as there is any. */
START_TEST(test_copy)
{
	static const struct {
		int flags;
		int64_t from, n, want;
	} cases[] = {
		{ O_TRUNC, 0, SIZE, SIZE },
		{ O_TRUNC, 100, 1000, 1000 },
		{ O_TRUNC, SIZE - 10, INT64_MAX, 10 },
		{ O_TRUNC | O_APPEND, 7, SIZE, SIZE - 7 }, /* copy_file_range(2) and sendfile(2) refuse it */
		{ O_TRUNC, SIZE, 1, 0 },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		int to = open("copy", O_RDWR | O_CREAT | cases[i].flags, 0600);
		int64_t at = cases[i].from;
		char *got = xmalloc(SIZE);

		ck_assert_int_eq(pump_copy(file, &at, cases[i].n, to), 0);
		ck_assert_int_eq(at, cases[i].from + cases[i].want);
		ck_assert_int_eq(pread(to, got, SIZE, 0), cases[i].want);
		ck_assert(memcmp(got, text + cases[i].from, (size_t)cases[i].want) == 0);
		free(got);
		close(to);
	}
}
END_TEST

/* A pipe that does not block is waited for, and one that nobody reads is an error. */
START_TEST(test_copy_pipe)
{
	int64_t at = 0;
	char *got = xmalloc(SIZE);
	size_t n = 0;
	ssize_t some;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0)
		_exit(pump_copy(file, &at, SIZE, fds[1]) == 0 && at == SIZE ? 0 : 1);
	close(fds[1]);
	while ((some = kernel_read_some(fds[0], got + n, SIZE - n)) > 0)
		n += (size_t)some;
	ck_assert_uint_eq(n, SIZE);
	ck_assert(memcmp(got, text, SIZE) == 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(fds[0]);
	free(got);
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	ck_assert_int_eq(pump_copy(file, &at, SIZE, fds[1]), -1);
	ck_assert_int_eq(errno, EPIPE);
	close(fds[1]);
}
END_TEST

START_TEST(test_full_disk)
{
	struct stream s = { .limit = SIZE };

	begin(&s, open("/dev/full", O_WRONLY), PUMP_SHARED | PUMP_OWNS);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_LEFT);
	ck_assert_int_eq(s.sys, ENOSPC);
}
END_TEST

/* Two readers of one file, each at a place of its own, and of different speed. */
START_TEST(test_two)
{
	struct stream a = { .at = SIZE - 50000, .limit = SIZE, .ends = true };
	struct stream b = { .limit = SIZE, .ends = true };
	struct pump_list list = { 0 };
	int first[2], second[2];

	make_sockets(first);
	make_pipe(second);
	begin(&a, first[1], 0);
	begin(&b, second[1], 0);
	pump_list_add(&list, &a.pump);
	pump_list_add(&list, &b.pump);
	pump_list_serve(&list);
	reads(first[0], SIZE - 50000, SIZE, 100);
	ck_assert_int_eq(a.end, PUMP_ENDED);
	ck_assert_int_eq(a.overs, 1);
	ck_assert_ptr_eq(list.all, &b.pump);
	reads(second[0], 0, SIZE, 65536);
	ck_assert_int_eq(b.overs, 1);
	ck_assert_ptr_null(list.all);
	close(first[0]);
	close(first[1]);
	close(second[0]);
	close(second[1]);
}
END_TEST

/* Nothing is given inside of it. */
START_TEST(test_wake)
{
	struct stream s = { .limit = 10 };
	int ends[2];

	ways[_i].make(ends);
	begin(&s, ends[1], ways[_i].flags);
	pump_wake(&s.pump);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.at, 0);
	go_round();
	ck_assert_int_eq(s.at, 10);
	ck_assert(!s.pump.blocked);
	pump_close(&s.pump);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* Work that gives nothing has its bound as well. */
static enum pump_step
idle_step(void *arg)
{
	struct stream *s = arg;

	s->steps++;
	pump_spend(&s->pump, PUMP_TURN / 4);
	return s->steps == 7 ? PUMP_WAITS : PUMP_WENT;
}

START_TEST(test_spend)
{
	static const struct pump_source idle = { .step = idle_step, .over = over };
	struct stream s = { 0 };
	struct error e;
	int ends[2];

	make_pipe(ends);
	ck_assert_int_eq(pump_open(&s.pump, loop, ends[1], PUMP_OWNS, &idle, &s, &e), 0);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.steps, 4);
	go_round();
	ck_assert_int_eq(s.steps, 7);
	go_round();
	ck_assert_int_eq(s.steps, 7);
	pump_close(&s.pump);
	close(ends[0]);
}
END_TEST

/* Every other piece of 100 bytes, from memory, in runs. */
static enum pump_step
runs_step(void *arg)
{
	struct stream *s = arg;
	struct iovec runs[16];
	size_t n = 0, done;
	int64_t at = s->at;

	if (s->at >= s->limit)
		return PUMP_ENDS;
	while (n < 16 && at < s->limit) {
		runs[n++] = (struct iovec){ text + at, (size_t)(100 - at % 100) };
		at += 200 - at % 100;
	}
	done = pump_runs(&s->pump, runs, n);
	for (size_t i = 0; i < n && done > 0; i++) {
		size_t some = done < runs[i].iov_len ? done : runs[i].iov_len;

		s->at += (int64_t)some;
		done -= some;
		if (s->at % 200 == 100)
			s->at += 100;
	}
	return PUMP_WENT;
}

START_TEST(test_runs)
{
	static const struct pump_source runs = { .step = runs_step, .over = over };
	struct stream s = { .limit = 1000000 };
	struct error e;
	int ends[2];
	char got[333];

	ways[_i].make(ends);
	ck_assert_int_eq(pump_open(&s.pump, loop, ends[1], ways[_i].flags, &runs, &s, &e), 0);
	pump_serve(&s.pump);
	for (int64_t at = 0; at < 500000;) {
		ssize_t n = read(ends[0], got, sizeof(got));

		ck_assert_int_gt(n, 0);
		for (ssize_t i = 0; i < n; i++, at++)
			ck_assert_int_eq(got[i], text[at / 100 * 200 + at % 100]);
		go_round();
	}
	ck_assert_int_eq(s.overs, 1);
	ck_assert_int_eq(s.end, PUMP_ENDED);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* Of a stream's own records each is taken whole, or the stream is torn. */
START_TEST(test_say)
{
	struct span record = { "{\"type\":\"eof\"}\n", 15 };
	struct stream s = { .limit = SIZE };
	int ends[2];
	char got[16];

	make_sockets(ends);
	begin(&s, ends[1], 0);
	ck_assert_int_eq(pump_say(&s.pump, record), 0);
	ck_assert_int_eq(read(ends[0], got, sizeof(got)), 15);
	ck_assert_mem_eq(got, record.p, 15);
	pump_serve(&s.pump);
	ck_assert(s.pump.blocked);
	ck_assert_int_eq(pump_say(&s.pump, record), -1);
	pump_close(&s.pump);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

/* A terminal gets what is safe to show, and its last piece too. */
START_TEST(test_terminal_safe)
{
	static const char bad[] = "a\033]0;title\007b";
	struct stream s = { .limit = sizeof(bad) - 1, .ends = true };
	char got[64];
	int ends[2];
	ssize_t n;

	ck_assert_int_eq(pwrite(file, bad, sizeof(bad) - 1, 0), (ssize_t)sizeof(bad) - 1);
	make_terminal(ends);
	begin(&s, ends[1], PUMP_SHARED);
	pump_serve(&s.pump);
	ck_assert_int_eq(s.end, PUMP_ENDED);
	n = read(ends[0], got, sizeof(got));
	ck_assert_int_gt(n, 2);
	ck_assert_ptr_null(memchr(got, '\033', (size_t)n));
	ck_assert_ptr_null(memchr(got, '\007', (size_t)n));
	ck_assert_int_eq(got[0], 'a');
	ck_assert_int_eq(got[n - 1], 'b');
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void
free_it(struct stream *s)
{
	pump_close(&s->pump);
	free(s);
}

static void
free_both(struct stream *s)
{
	if (s->other != NULL)
		free_it(s->other);
	free_it(s);
}

static struct stream *
stream_new(struct pump_list *list, int to, int64_t limit, void (*then)(struct stream *s))
{
	struct stream *s = xmalloc(sizeof(*s));

	*s = (struct stream){ .limit = limit, .ends = limit == 1, .then = then };
	begin(s, to, 0);
	pump_list_add(list, &s->pump);
	return s;
}

/* In what is called last a stream may be freed, and others that have not had their turn, or have.
 */
START_TEST(test_free_inside)
{
	static const int64_t limits[] = { 0, 1, 10, SIZE };

	for (int order = 0; order < 2; order++) {
		struct pump_list list = { 0 };
		struct stream *s[3];
		int ends[2];

		make_sockets(ends);
		for (int i = 0; i < 3; i++)
			s[i] = stream_new(&list, ends[1], limits[_i], free_it);
		/* the list goes from the last to the first */
		s[order]->then = free_both;
		s[order]->other = s[order == 0 ? 2 : 0];
		if (order == 0)
			s[2]->then = NULL;
		pump_list_serve(&list);
		ck_assert_uint_eq(list.n, 0);
		ck_assert(!list.serving);
		close(ends[0]);
		close(ends[1]);
	}
}
END_TEST

static struct pump_list nested;

static void
serve_all(struct stream *s)
{
	if (s->serves == 1)
		pump_list_serve(&nested);
}

/* A round in a round: everybody has had a turn, and nobody is served without end. */
START_TEST(test_nested)
{
	struct stream s[3];
	int ends[3][2];

	nested = (struct pump_list){ 0 };
	for (int i = 0; i < 3; i++) {
		s[i] = (struct stream){ .limit = 10, .then = serve_all };
		make_pipe(ends[i]);
		begin(&s[i], ends[i][1], 0);
		pump_list_add(&nested, &s[i].pump);
	}
	pump_list_serve(&nested);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(s[i].at, 10);
		ck_assert_int_le(s[i].serves, 4);
		pump_close(&s[i].pump);
		close(ends[i][0]);
		close(ends[i][1]);
	}
}
END_TEST

/* Of many some at a time; a round that begins anew begins with all. */
START_TEST(test_some)
{
	struct stream s[5];
	struct pump_list list = { 0 };
	int ends[2];

	make_sockets(ends);
	for (int i = 0; i < 5; i++) {
		s[i] = (struct stream){ .limit = 10 };
		begin(&s[i], ends[1], 0);
		pump_list_add(&list, &s[i].pump);
	}
	ck_assert(!pump_list_go(&list, 3));
	pump_list_begin(&list);
	ck_assert(pump_list_go(&list, 2));
	ck_assert_int_eq(s[3].at + s[4].at, 20);
	ck_assert_int_eq(s[0].at + s[1].at + s[2].at, 0);
	/* the one whose turn it is leaves */
	pump_close(&s[2].pump);
	ck_assert(pump_list_go(&list, 1));
	ck_assert_int_eq(s[1].at, 10);
	ck_assert(!pump_list_go(&list, 1));
	ck_assert_int_eq(s[0].at, 10);
	ck_assert_int_eq(s[4].serves, 1);
	pump_list_begin(&list);
	ck_assert(!pump_list_go(&list, 9));
	ck_assert_int_eq(s[4].serves, 2);
	for (int i = 0; i < 5; i++)
		pump_close(&s[i].pump);
	ck_assert_uint_eq(list.n, 0);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pump");
	TCase *t = tcase_create("pump");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, test_slow, 0, COUNT(ways));
	tcase_add_loop_test(t, test_byte_by_byte, 0, COUNT(ways));
	tcase_add_loop_test(t, test_stalled, 0, COUNT(ways));
	tcase_add_loop_test(t, test_leaves, 0, COUNT(ways));
	tcase_add_test(t, test_unwatched);
	tcase_add_loop_test(t, test_grows, 0, COUNT(ways));
	tcase_add_loop_test(t, test_cut, 0, COUNT(ways));
	tcase_add_test(t, test_file);
	tcase_add_test(t, test_copy);
	tcase_add_test(t, test_copy_pipe);
	tcase_add_test(t, test_full_disk);
	tcase_add_test(t, test_two);
	tcase_add_loop_test(t, test_wake, 0, COUNT(ways));
	tcase_add_test(t, test_spend);
	tcase_add_loop_test(t, test_runs, 0, COUNT(ways));
	tcase_add_test(t, test_say);
	tcase_add_test(t, test_terminal_safe);
	tcase_add_loop_test(t, test_free_inside, 0, 4);
	tcase_add_test(t, test_nested);
	tcase_add_test(t, test_some);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
