#include "appendlog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* What is read at once, backwards for the last newline and forwards for what splice cannot serve. */
#define CHUNK 65536

/* The offset behind the last newline before end, not looking before from; -1 and errno. */
static int64_t
last_line_end(int fd, int64_t from, int64_t end)
{
	AUTO_FREE char *buffer = xmalloc(CHUNK);

	while (end > from) {
		int64_t at = end - from > CHUNK ? end - CHUNK : from;
		ssize_t got = kernel.pread(fd, buffer, (size_t)(end - at), at);
		const char *newline;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		newline = memrchr(buffer, '\n', (size_t)got);
		if (newline != NULL)
			return at + (newline - buffer) + 1;
		end = at;
	}
	return from;
}

int
appendlog_open(struct appendlog *l, const char *path, int64_t *cut, struct error *e)
{
	struct stat st;
	int64_t end;

	*l = (struct appendlog){ .fd = -1 };
	l->fd = kernel.open(AT_FDCWD, path, O_RDWR | O_CREAT | O_APPEND, 0600);
	if (l->fd < 0)
		return error_sys(e, "open %s", path);
	l->path = xstrdup(path);
	if (fstat(l->fd, &st) < 0 || (end = last_line_end(l->fd, 0, st.st_size)) < 0) {
		error_sys(e, "read %s", path);
		goto fail;
	}
	if (end < st.st_size && ftruncate(l->fd, end) < 0) {
		error_sys(e, "truncate %s", path);
		goto fail;
	}
	l->size = end;
	if (cut != NULL)
		*cut = st.st_size - end;
	return 0;
fail:
	appendlog_close(l);
	return -1;
}

/* After a failed write: whole lines that did arrive stay (a follower may have seen them), the torn
 * rest goes. Nothing is appended any more, whatever becomes of the cut. */
static void
cut_torn(struct appendlog *l)
{
	struct stat st;
	int64_t end;

	l->failed = true;
	if (fstat(l->fd, &st) < 0 || st.st_size <= l->size)
		return;
	end = last_line_end(l->fd, l->size, st.st_size);
	if (end >= 0 && (end == st.st_size || ftruncate(l->fd, end) == 0))
		l->size = end;
}

static int
refused(const struct appendlog *l, struct error *e)
{
	return error_set(e, ERROR_SYSTEM, "%s takes no more: an earlier write failed", l->path);
}

int
appendlog_append(struct appendlog *l, const void *p, size_t n, struct error *e)
{
	if (l->failed)
		return refused(l, e);
	if (kernel_write_all(l->fd, p, n) < 0) {
		error_sys(e, "write %s", l->path);
		cut_torn(l);
		return -1;
	}
	l->size += (int64_t)n;
	return 0;
}

int
appendlog_sync(struct appendlog *l, struct error *e)
{
	if (l->failed)
		return refused(l, e);
	if (l->synced == l->size)
		return 0;
	if (kernel.sync(l->fd) < 0) {
		l->failed = true;
		return error_sys(e, "sync %s", l->path);
	}
	l->synced = l->size;
	return 0;
}

void
appendlog_close(struct appendlog *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct appendlog){ .fd = -1 };
}

int
logfeed_open(struct logfeed *f, const char *path, int to, int64_t at, struct error *e)
{
	struct stat st;

	*f = (struct logfeed){ .from = -1, .to = to, .own = -1, .at = at };
	if (fstat(to, &st) < 0)
		return error_sys(e, "descriptor %d", to);
	f->file = S_ISREG(st.st_mode);
	f->socket = S_ISSOCK(st.st_mode);
	f->from = kernel.open(AT_FDCWD, path, O_RDONLY, 0);
	if (f->from < 0)
		return error_sys(e, "open %s", path);
	f->terminal = isatty(to) == 1;
	if (S_ISCHR(st.st_mode))
		f->own = kernel_own(to, O_WRONLY);
	return 0;
}

/* Whether a write would be taken, or at least fail, at once. */
static bool
writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0;
}

/* Writes what is taken without waiting. */
static ssize_t
give(const struct logfeed *f, const char *p, size_t n)
{
	if (f->socket)
		return send(f->to, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (f->file || f->own >= 0)
		return kernel.write(f->own >= 0 ? f->own : f->to, p, n);
	if (!writable(f->to)) {
		errno = EAGAIN;
		return -1;
	}
	/* what a pipe that polls as writable takes without blocking (PIPE_BUF) */
	return kernel.write(f->to, p, n < 4096 ? n : 4096);
}

/* One step through a buffer: for files, sockets and what else splice does not serve. */
static ssize_t
copy_step(struct logfeed *f, size_t n)
{
	char buffer[CHUNK];
	ssize_t got = kernel.pread(f->from, buffer, n < sizeof(buffer) ? n : sizeof(buffer), f->at);

	if (got <= 0)
		return got;
	got = give(f, buffer, (size_t)got);
	if (got > 0)
		f->at += got;
	return got;
}

static ssize_t
show_step(struct logfeed *f, size_t n)
{
	char buffer[CHUNK];
	ssize_t got;

	if (f->shown.len == 0) {
		got = kernel.pread(f->from, buffer, n < sizeof(buffer) ? n : sizeof(buffer), f->at);
		if (got <= 0)
			return got;
		f->at += got;
		safe_add(&f->safe, &f->shown, buffer, (size_t)got);
		if (f->shown.len == 0)
			return got;
	}
	got = give(f, f->shown.data, f->shown.len);
	if (got > 0)
		bytes_drop(&f->shown, (size_t)got);
	return got;
}

static ssize_t
step(struct logfeed *f, size_t n)
{
	ssize_t done;

	if (f->terminal)
		return show_step(f, n);
	if (f->file || f->socket || f->own >= 0)
		return copy_step(f, n);
	done = splice(f->from, &f->at, f->to, NULL, n, SPLICE_F_NONBLOCK);
	/* EINVAL: not a pipe, or a file system without splice */
	return done < 0 && errno == EINVAL ? copy_step(f, n) : done;
}

enum logfeed_result
logfeed_pump(struct logfeed *f, int64_t limit)
{
	while (!f->gone && (f->at < limit || f->shown.len > 0)) {
		int64_t left = limit - f->at;
		ssize_t done = step(f, left > INT32_MAX ? INT32_MAX : (size_t)left);

		if (done > 0 || (done < 0 && errno == EINTR))
			continue;
		if (done < 0 && errno == EAGAIN)
			return LOGFEED_BLOCKED;
		/* a log never shrinks below what append accepted */
		if (done == 0)
			errno = EIO;
		f->gone = true;
	}
	return f->gone ? LOGFEED_GONE : LOGFEED_DONE;
}

void
logfeed_close(struct logfeed *f)
{
	if (f->from >= 0)
		close(f->from);
	if (f->own >= 0)
		close(f->own);
	f->from = f->own = -1;
	bytes_free(&f->shown);
}
