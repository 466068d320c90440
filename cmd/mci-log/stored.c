#include "stored.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

int
shelf_open(const struct shelf *f, const char *name, bool *archived)
{
	int fd = -1;

	errno = ENOENT;
	if (f->live >= 0)
		fd = kernel.open(f->live, name, O_RDONLY, 0);
	*archived = fd < 0 && errno == ENOENT && f->archive >= 0;
	return *archived ? kernel.open(f->archive, name, O_RDONLY, 0) : fd;
}

/* In one folder; the compressed form second, since the plain one goes when that is complete. */
static int
open_in(struct stored *s, int dir, const char *name, struct error *e)
{
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, name);
	struct error why;

	if (dir < 0)
		return 0;
	s->fd = kernel.open(dir, name, O_RDONLY, 0);
	if (s->fd >= 0)
		return 1;
	if (errno != ENOENT)
		return error_sys(e, "open %s", name);
	s->packed = logpack_open(&s->pack, dir, packed, &why) == 0;
	if (s->packed || why.code == ERROR_NOT_FOUND)
		return s->packed;
	if (e != NULL)
		*e = why;
	return -1;
}

int
stored_open(struct stored *s, const struct shelf *f, const char *name, struct error *e)
{
	int there;

	*s = (struct stored){ .fd = -1, .pack = { .fd = -1 } };
	there = open_in(s, f->live, name, e);
	if (there != 0)
		return there;
	s->archived = true;
	return open_in(s, f->archive, name, e);
}

static struct stat
status_of(const struct stored *s)
{
	struct stat st = { 0 };

	(void)fstat(s->packed ? s->pack.fd : s->fd, &st);
	return st;
}

int64_t
stored_size(const struct stored *s)
{
	return s->packed ? s->pack.size : status_of(s).st_size;
}

int64_t
stored_space(const struct stored *s)
{
	return status_of(s).st_size;
}

int64_t
stored_modified(const struct stored *s)
{
	struct stat st = status_of(s);

	return st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
}

ssize_t
stored_read(struct stored *s, void *into, size_t n, int64_t at, struct error *e)
{
	ssize_t got;

	if (s->packed)
		return logpack_read(&s->pack, into, n, at, e);
	do
		got = kernel.pread(s->fd, into, n, at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? error_sys(e, "read a log") : got;
}

void
stored_close(struct stored *s)
{
	memory_close(&s->fd);
	s->fd = -1;
	if (s->packed)
		logpack_close(&s->pack);
	s->packed = false;
}
