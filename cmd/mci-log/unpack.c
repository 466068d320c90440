#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel.h"
#include "logpack.h"
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

int
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
