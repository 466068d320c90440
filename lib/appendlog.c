#include "appendlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

/* What is read at once, backwards for the last newline. */
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
