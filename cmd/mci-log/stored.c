#include "stored.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "logfile.h"
#include "logindex.h"
#include "memory.h"
#include "names.h"

int
stored_archive(const char *address, const char **folder, struct error *e)
{
	if (address != NULL && strncmp(address, "file:", 5) == 0)
		address += 5;
	else if (address != NULL && strchr(address, ':') != NULL)
		return error_set(e, ERROR_USAGE, "--archive: '%s': expected file:DIR", address);
	*folder = address;
	return 0;
}

/* In one folder; the compressed form second, since the plain one goes when that is complete. */
static int
open_in(struct stored *s, int dir, const char *stem, struct error *e)
{
	AUTO_FREE char *plain = xformat("%s.log", stem);
	AUTO_FREE char *packed = xformat("%s.log" LOGPACK_SUFFIX, stem);
	struct error why;

	if (dir < 0)
		return 0;
	s->log = kernel_open_file(dir, plain);
	if (s->log >= 0)
		return 1;
	if (errno == ENOTDIR)
		return 0;
	if (errno != ENOENT)
		return error_sys(e, "open %s", plain);
	s->packed = logpack_open(&s->pack, dir, packed, &why) == 0;
	if (s->packed || why.code == ERROR_NOT_FOUND)
		return s->packed;
	if (e != NULL)
		*e = why;
	return -1;
}

int
stored_open(struct stored *s, const struct log_folders *f, const char *stem, struct error *e)
{
	int there;

	*s = (struct stored)STORED_NONE;
	there = open_in(s, f->live, stem, e);
	if (there != 0)
		return there;
	s->archived = true;
	return open_in(s, f->archive, stem, e);
}

int
stored_index(const struct log_folders *f, const char *stem)
{
	AUTO_FREE char *name = xformat("%s.idx", stem);
	int fd = -1;

	errno = ENOENT;
	if (f->live >= 0)
		fd = kernel_open_file(f->live, name);
	return fd < 0 && errno == ENOENT && f->archive >= 0 ? kernel_open_file(f->archive, name) : fd;
}

bool
stored_unlocked(int index, bool take)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (take)
		return fcntl(index, F_OFD_SETLK, &l) == 0;
	return fcntl(index, F_OFD_GETLK, &l) < 0 || l.l_type == F_UNLCK;
}

static struct stat
status_of(int fd)
{
	struct stat st = { 0 };

	(void)fstat(fd, &st);
	return st;
}

int
stored_look(const struct stored *s, struct stored_state *state, struct error *e)
{
	struct logfile_record r;
	off_t size = status_of(s->index).st_size;

	/* the lock second: whoever makes an index locks it next, and writes to it only then; and before the
	 * rest: a writer ends its index before it lets go */
	*state = (struct stored_state){ .length = -1, .written = !stored_unlocked(s->index, false) };
	state->begun = size > 0 || state->written;
	if (logindex_records(s->index, 0, &r, 1) == 1 && r.stream != LOGFILE_END)
		state->started = r.time;
	if (logindex_last(s->index, &r, &size) < 0)
		return error_sys(e, "read an index");
	state->size = stored_size(s);
	state->packed = s->packed ? logpack_packed(&s->pack) : 0;
	state->ended = r.stream == LOGFILE_END;
	if (state->ended)
		state->length = (int64_t)r.offset;
	state->truncated = state->ended ? (r.flags & LOGFILE_TRUNCATED) != 0 || state->size < state->length :
	    !state->written;
	return 0;
}

static struct stat
log_status(const struct stored *s)
{
	return status_of(s->packed ? s->pack.fd : s->log);
}

ino_t
stored_inode(const struct stored *s)
{
	return status_of(s->index).st_ino;
}

int64_t
stored_size(const struct stored *s)
{
	return s->packed ? s->pack.size : log_status(s).st_size;
}

int64_t
stored_space(const struct stored *s)
{
	return log_status(s).st_size + (s->index < 0 ? 0 : status_of(s->index).st_size);
}

int64_t
stored_modified(const struct stored *s)
{
	struct stat st = log_status(s);

	return st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
}

ssize_t
stored_read(struct stored *s, void *into, size_t n, int64_t at, struct error *e)
{
	ssize_t got;

	if (s->packed)
		return logpack_read(&s->pack, into, n, at, e);
	do
		got = kernel.pread(s->log, into, n, at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? error_sys(e, "read a log") : got;
}

void
stored_close(struct stored *s)
{
	memory_close(&s->log);
	memory_close(&s->index);
	if (s->packed)
		logpack_close(&s->pack);
	*s = (struct stored)STORED_NONE;
}

int
stored_remove(const struct log_folders *f, const char *stem, struct error *e)
{
	static const char *const suffixes[] = { "log", "log" LOGPACK_SUFFIX, "log" LOGPACK_SUFFIX ".tmp",
		"idx" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		AUTO_FREE char *name = xformat("%s.%s", stem, suffixes[i]);

		if (f->live >= 0 && names_remove(f->live, name, e) < 0)
			return -1;
		if (f->archive >= 0 && names_remove(f->archive, name, e) < 0)
			return error_before(e, "the archive: ");
	}
	return 0;
}
