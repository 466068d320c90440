#include "raw.h"

#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "standard.h"

/* What is copied in one call, so that a follower's other logs get their turn. */
#define COPY_STEP (16 << 20)

static int
write_error(struct error *e)
{
	return error_sys(e, "write standard output");
}

/* Piece by piece through the output's buffer, made safe. */
static int
copy_to_terminal(struct output *o, struct source *s, struct error *e)
{
	while (s->at < s->to) {
		int64_t left = s->to - s->at;
		struct span piece;

		if (source_piece(s, s->at, left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			return 0;
		safe_add(&o->safe, &o->buffer, piece.p, piece.n);
		s->at += (int64_t)piece.n;
		if (output_batch(o, e) < 0)
			return -1;
	}
	return 0;
}

/* A compressed log, frame by frame. */
static int
copy_packed(struct source *s, struct error *e)
{
	while (s->at < s->to) {
		struct span piece;

		if (logpack_piece(&s->stored.pack, s->at, &piece, e) < 0)
			return error_before(e, "%s: ", s->name);
		if (piece.n == 0)
			return 0;
		if ((int64_t)piece.n > s->to - s->at)
			piece.n = (size_t)(s->to - s->at);
		if (standard_write(STDOUT_FILENO, piece.p, piece.n) < 0)
			return write_error(e);
		s->at += (int64_t)piece.n;
	}
	return 0;
}

/* The kernel copies, if it can do so between these two files; else 0 with EINVAL or the like, or
 * -1. */
static ssize_t
copy_by_kernel(const struct source *s, int64_t *at, size_t n, bool file)
{
	ssize_t done = -1;

	if (file)
		done = copy_file_range(s->stored.fd, at, STDOUT_FILENO, NULL, n, 0);
	/* appending, across file systems, or no regular file */
	if (done < 0 && errno != ENOSPC && errno != EIO)
		done = sendfile(STDOUT_FILENO, s->stored.fd, at, n);
	return done;
}

static ssize_t
copy_by_hand(struct source *s, int64_t *at, size_t n, struct error *e)
{
	struct span piece;

	if (source_piece(s, *at, n < WINDOW_SIZE ? n : WINDOW_SIZE, &piece, e) < 0)
		return -1;
	if (standard_write(STDOUT_FILENO, piece.p, piece.n) < 0)
		return write_error(e);
	*at += (int64_t)piece.n;
	return (ssize_t)piece.n;
}

static bool
unsupported(int sys)
{
	return sys == EINVAL || sys == ENOSYS || sys == EOPNOTSUPP || sys == EXDEV || sys == EBADF;
}

static int
copy_plain(struct source *s, struct error *e)
{
	struct stat st;
	bool file = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);

	while (s->at < s->to) {
		int64_t left = s->to - s->at;
		size_t n = left < COPY_STEP ? (size_t)left : COPY_STEP;
		ssize_t done = copy_by_kernel(s, &s->at, n, file);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN) {
			kernel_await(STDOUT_FILENO, POLLOUT);
			continue;
		}
		if (done < 0 && !unsupported(errno))
			return write_error(e);
		if (done < 0 && (done = copy_by_hand(s, &s->at, n, e)) < 0)
			return -1;
		if (done == 0)
			return 0;
	}
	return 0;
}

int
raw_copy(struct output *o, struct source *s, struct error *e)
{
	if (o->terminal)
		return copy_to_terminal(o, s, e);
	if (output_flush(o, e) < 0)
		return -1;
	return s->stored.packed ? copy_packed(s, e) : copy_plain(s, e);
}
