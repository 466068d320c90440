#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel.h"
#include "logpack.h"
#include "memory.h"
#include "option.h"
#include "verbs.h"

/* The most that an ordinary user may ask for: fewer turns between the two processes. */
#define PIPE_WIDE (1024 * 1024)

/* Keeps none of the parent's descriptors but these: it is not to hold other pipes open. */
static void
close_others(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0U, 0);
}

/* Whoever reads may leave early: SIGPIPE ends it then, unless it is ignored. */
__attribute__((noreturn)) static void
unpack(struct source *s, int to)
{
	struct logpack *p = &s->stored.pack;
	struct span piece;
	struct error e;
	int64_t at = 0;

	close_others(p->fd, to);
	do {
		if (logpack_piece(p, at, &piece, &e) < 0) {
			error_before(&e, "%s: ", s->name);
			option_complain(PROGRAM, &e);
			_exit(2);
		}
		if (piece.n > 0 && kernel_write_all(to, piece.p, piece.n) < 0)
			_exit(errno == EPIPE ? 0 : 2);
		at += (int64_t)piece.n;
	} while (piece.n > 0);
	_exit(0);
}

/* Starts a process that writes an open source whose log is compressed into a pipe; *read is the pipe's end to
 * read from. It ends with 0, or with 2 when the log is damaged, which it says on standard error. 0 or -1. */
static int
unpack_start(struct source *s, int *read, struct child **c, struct error *e)
{
	pid_t pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_sys(e, "pipe");
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_WIDE);
	pid = child_fork(c);
	if (pid == 0)
		unpack(s, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_sys(e, "fork");
	}
	*read = fds[0];
	return 0;
}

#define PIECE 65536

/* The environment's GREP_COLORS with "ne": no erasing of the line's rest, which is no colour. */
static void
set_colors(void)
{
	const char *old = getenv("GREP_COLORS");
	AUTO_FREE char *with = xformat("%s%sne", old == NULL ? "" : old, old == NULL ? "" : ":");

	if (old == NULL || strstr(old, "ne") == NULL)
		setenv("GREP_COLORS", with, 1);
}

/* The grep's arguments, with the label in its place. Caller frees. */
static char **
arguments(const struct search *s, char *label)
{
	char **argv;
	size_t n = 0;

	while (s->argv[n] != NULL)
		n++;
	argv = xmalloc((n + 1) * sizeof(*argv));
	memcpy(argv, s->argv, n * sizeof(*argv));
	if (s->label > 0)
		argv[s->label] = label;
	return argv;
}

/* Starts the grep of one row; in is its standard input and closed here. */
static int
start_grep(const struct search *s, struct search_row *row, int in, struct error *e)
{
	AUTO_FREE char *label = xformat("--label=%s", row->source->name);
	AUTO_FREE char **argv = arguments(s, label);
	struct process_spec spec = { .path = "grep", .argv = argv, .in = in, .err = STDERR_FILENO };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		close(in);
		return error_sys(e, "pipe");
	}
	spec.out = fds[1];
	row->grep = child_start(NULL, &spec, NULL, NULL, e);
	close(fds[1]);
	close(in);
	row->found = fds[0];
	return row->grep == NULL ? -1 : 0;
}

static int
start(const struct search *s, struct search_row *row, struct error *e)
{
	struct source *source = row->source;
	int there = source_get(source, e), in = -1;

	if (there <= 0)
		return there;
	if (source->stored.packed) {
		if (unpack_start(source, &in, &row->unpack, e) < 0)
			return -1;
	} else {
		/* nobody else moves the offset of this descriptor: all others read at offsets */
		in = fcntl(source->stored.fd, F_DUPFD_CLOEXEC, 3);
		if (in < 0)
			return error_sys(e, "dup");
	}
	return start_grep(s, row, in, e);
}

/* The exit status, 2 for a signal; SIGPIPE is how a process ends that nobody reads any more. */
static int
status_of(struct child *c)
{
	int status = child_wait(c);

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return WTERMSIG(status) == SIGPIPE ? 0 : 2;
}

int
search_init(struct search *s, struct error *e)
{
	static char label[] = "--label=-";
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	AUTO_FREE char **argv = arguments(s, label);
	struct process_spec spec = { .path = "grep", .argv = argv, .in = -1, .out = -1,
		.err = STDERR_FILENO };
	struct child *c;

	s->most = processors > 0 ? (size_t)processors : 1;
	s->status = 1;
	set_colors();
	c = child_start(NULL, &spec, NULL, NULL, e);
	if (c == NULL)
		return -1;
	if (status_of(c) > 1)
		s->status = 2;
	return 0;
}

static int
drain(struct search *s, struct search_row *row, struct error *e)
{
	static char buffer[PIECE];

	while (row->grep != NULL) {
		ssize_t got = kernel.read(row->found, buffer, sizeof(buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read what grep found");
		if (got == 0)
			return 0;
		if (s->take(s->arg, row->source, (struct span){ buffer, (size_t)got }, e) < 0)
			return -1;
	}
	return 0;
}

static void
add_status(struct search *s, int status)
{
	if (status > 1)
		s->status = 2;
	else if (status == 0 && s->status == 1)
		s->status = 0;
}

static void
forget_first(struct search *s)
{
	s->n--;
	memmove(s->rows, s->rows + 1, s->n * sizeof(*s->rows));
}

/* Takes all that the first row's grep finds, and its end. */
static int
finish_first(struct search *s, struct error *e)
{
	struct search_row row = s->rows[0];
	int status = 1, result;

	if (row.source == NULL) {
		forget_first(s);
		s->passed(s->arg, row.mark);
		return 0;
	}
	if (drain(s, &row, e) < 0) {
		s->broken = true;
		return -1;
	}
	if (row.grep != NULL) {
		close(row.found);
		status = status_of(row.grep);
	}
	if (row.unpack != NULL && status_of(row.unpack) != 0)
		s->status = 2;
	s->running--;
	forget_first(s);
	add_status(s, status);
	result = s->end(s->arg, row.source, status, e);
	source_close(row.source);
	s->broken = result < 0;
	return result;
}

static struct search_row *
add_row(struct search *s)
{
	if (s->n == s->size) {
		s->size = s->size == 0 ? 8 : s->size * 2;
		s->rows = xrealloc(s->rows, s->size, sizeof(*s->rows));
	}
	s->rows[s->n] = (struct search_row){ .found = -1 };
	return &s->rows[s->n++];
}

int
search_add(struct search *s, struct source *source, struct error *e)
{
	struct search_row *row;
	struct error why;

	while (s->running >= s->most) {
		if (finish_first(s, e) < 0)
			return -1;
	}
	row = add_row(s);
	row->source = source;
	s->running++;
	if (start(s, row, &why) < 0) {
		s->status = 2;
		s->refused(s->arg, &why);
	}
	return 0;
}

int
search_after(struct search *s, void *mark, struct error *e)
{
	add_row(s)->mark = mark;
	while (s->n > 0 && s->rows[0].source == NULL) {
		if (finish_first(s, e) < 0)
			return -1;
	}
	return 0;
}

int
search_finish(struct search *s, struct error *e)
{
	while (s->n > 0) {
		if (finish_first(s, e) < 0)
			return -1;
	}
	return 0;
}

static void
end_process(struct child *c)
{
	if (c == NULL)
		return;
	child_signal(c, SIGKILL);
	child_wait(c);
}

void
search_stop(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct search_row *row = &s->rows[i];

		end_process(row->grep);
		end_process(row->unpack);
		memory_close(&row->found);
		if (row->source == NULL)
			s->passed(s->arg, row->mark);
		else
			source_close(row->source);
	}
	free(s->rows);
	s->rows = NULL;
	s->n = s->running = 0;
}
