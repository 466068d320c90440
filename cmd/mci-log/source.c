#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"

/* The pieces of logs that are in memory: few enough that any number of logs takes 1 MiB. A log whose
 * piece was taken for another one reads it again. */
#define WINDOWS 16

struct window {
	struct window **owner; /* where the log keeps it; set to NULL when it is taken */
	int64_t at;            /* offset of its first byte */
	size_t n;
	uint64_t used;         /* larger is later */
	char *bytes;
};

/* The log is done with it; NULL is allowed. */
static void
window_release(struct window *w)
{
	if (w == NULL)
		return;
	if (w->owner != NULL)
		*w->owner = NULL;
	w->owner = NULL;
	w->n = 0;
}

/* Gives *owner a window, empty if it had none, and marks it as the one used last. */
static struct window *
window_get(struct window **owner)
{
	static struct window windows[WINDOWS];
	static uint64_t clock;
	struct window *w = *owner;

	if (w == NULL) {
		w = &windows[0];
		for (size_t i = 0; i < WINDOWS && w->owner != NULL; i++) {
			if (windows[i].owner == NULL || windows[i].used < w->used)
				w = &windows[i];
		}
		window_release(w);
		if (w->bytes == NULL)
			w->bytes = xmalloc(SOURCE_PIECE);
		w->owner = owner;
		*owner = w;
	}
	w->used = ++clock;
	return w;
}

/* Opens a file of that name in the first folder that has it: the descriptor, with whether it is the
 * archive's; -1 and errno (ENOENT: in neither). */
static int
folders_open(const struct log_folders *f, const char *name, bool *archived)
{
	int fd = -1;

	errno = ENOENT;
	if (f->live >= 0)
		fd = kernel_open_file(f->live, name);
	*archived = fd < 0 && errno == ENOENT && f->archive >= 0;
	return *archived ? kernel_open_file(f->archive, name) : fd;
}

/* In one folder; the compressed form second, since the plain one goes when that is complete. */
static int
open_in(struct stored *s, int dir, const char *name, struct error *e)
{
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, name);
	struct error why;

	if (dir < 0)
		return 0;
	s->fd = kernel_open_file(dir, name);
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

/* Opens the log of that name ("unit.log"); 1, 0 when it is nowhere (yet), -1. */
static int
stored_open(struct stored *s, const struct log_folders *f, const char *name, struct error *e)
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

/* The length of the log; of one that grows, now. */
static int64_t
stored_size(const struct stored *s)
{
	return s->packed ? s->pack.size : status_of(s).st_size;
}

/* When it was written last, nanoseconds since 1970. */
static int64_t
stored_modified(const struct stored *s)
{
	struct stat st = status_of(s);

	return st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
}

/* Like pread(2) of the log's bytes. -1 with an error. */
static ssize_t
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

static void
stored_close(struct stored *s)
{
	memory_close(&s->fd);
	s->fd = -1;
	if (s->packed)
		logpack_close(&s->pack);
	s->packed = false;
}

static const char *
base(const struct source *s)
{
	return s->job == NULL ? "script" : s->job;
}

/* Which of that name its file is: what the script wrote has one a run. */
static int
number(const struct source *s)
{
	return s->job == NULL ? s->run : s->attempt;
}

struct source *
source_new(char *name, int run, const char *job, int attempt, const struct log_folders *folders)
{
	struct source *s = xmalloc(sizeof(*s));
	AUTO_BYTES file = { 0 };

	*s = (struct source){ .name = name, .job = job, .run = run, .attempt = attempt, .folders = folders,
		.bytes = -1, .to = INT64_MAX, .number = 1, .dirty = true, .stored = { .fd = -1 },
		.times = { .fd = -1 } };
	logfile_name(&file, base(s), number(s), "log");
	s->file = bytes_give(&file);
	return s;
}

int
source_open(struct source *s, struct error *e)
{
	int there = s->open ? 1 : stored_open(&s->stored, s->folders, s->file, e);

	s->open = there == 1;
	return there;
}

int
source_get(struct source *s, struct error *e)
{
	if (s->fetch != NULL && !s->fetched && s->fetch(s->fetch_arg, s, e) < 0)
		return -1;
	return source_open(s, e);
}

int
source_refresh(struct source *s, struct error *e)
{
	AUTO_BYTES index = { 0 };
	bool archived;

	s->modified = stored_modified(&s->stored);
	logfile_name(&index, base(s), number(s), "idx");
	if (s->times.fd < 0 && !s->times.damaged)
		s->times.fd = folders_open(s->folders, bytes_string(&index), &archived);
	if (s->times.fd < 0 && !s->times.damaged && errno != ENOENT)
		return error_sys(e, "open %s", bytes_string(&index));
	return logindex_refresh(&s->times, bytes_string(&index), e);
}

static bool
locked(int index)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(index, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

/* Whoever makes an index locks it next, and writes to it only then: before that it says nothing. */
static bool
begun(int index)
{
	struct stat st;

	return (fstat(index, &st) == 0 && st.st_size > 0) || locked(index);
}

/* What an open index says. */
static void
take_index(struct source *s, int index, bool locks)
{
	/* the lock first: a writer ends its index before it lets go */
	bool written = !locks || locked(index), ended;
	struct logfile_record r;
	off_t size;

	if (logindex_records(index, 0, &r, 1) == 1 && r.stream != LOGFILE_END)
		s->started = r.time;
	ended = logindex_last(index, &r, &size) == 0 && r.stream == LOGFILE_END;
	if (ended)
		s->bytes = (int64_t)r.offset;
	s->truncated = ended ? (r.flags & LOGFILE_TRUNCATED) != 0 : !written;
	s->ended = ended || !written;
}

bool
source_look(struct source *s, bool locks)
{
	AUTO_CLOSE int index = -1;
	AUTO_BYTES name = { 0 };
	bool open = s->open, archived;
	/* what cannot be opened is told when it is shown */
	int there = source_open(s, NULL);

	logfile_name(&name, base(s), number(s), "idx");
	index = there == 0 ? -1 : folders_open(s->folders, bytes_string(&name), &archived);
	if (there == 0 || (locks && (index < 0 || !begun(index)))) {
		if (!open)
			source_close(s);
		return false;
	}
	s->started = there == 1 && !locks ? stored_modified(&s->stored) : 0;
	if (!open)
		source_close(s);
	if (index >= 0)
		take_index(s, index, locks);
	s->first = s->started;
	s->dirty = true;
	return true;
}

int64_t
source_size(const struct source *s)
{
	return s->open ? stored_size(&s->stored) : 0;
}

int64_t
source_space(const struct source *s)
{
	return status_of(&s->stored).st_size;
}

int64_t
source_length(const struct source *s)
{
	int64_t size = source_size(s), length = s->bytes > s->times.length ? s->bytes : s->times.length;

	return length > size ? length : size;
}

bool
source_truncated(const struct source *s)
{
	return s->truncated || s->times.truncated || (s->ended && source_size(s) < source_length(s));
}

/* Loads the window with what is at offset. */
static int
fill(struct source *s, int64_t offset, struct error *e)
{
	struct window *w = window_get(&s->window);
	ssize_t got = stored_read(&s->stored, w->bytes, SOURCE_PIECE, offset, e);

	w->at = offset;
	w->n = got < 0 ? 0 : (size_t)got;
	return got < 0 ? error_before(e, "%s: ", s->name) : 0;
}

/* How many bytes of the window stand at offset. */
static size_t
covered(const struct source *s, int64_t offset)
{
	const struct window *w = s->window;

	return w == NULL || offset < w->at || offset >= w->at + (int64_t)w->n ?
	    0 : (size_t)(w->at + (int64_t)w->n - offset);
}

/* At most n bytes of the window at offset. */
static struct span
piece_at(const struct source *s, int64_t offset, int64_t n)
{
	size_t there = covered(s, offset);

	if (there == 0)
		return (struct span){ "", 0 };
	return (struct span){ s->window->bytes + (offset - s->window->at),
		(int64_t)there < n ? there : (size_t)n };
}

int
source_piece(struct source *s, int64_t offset, size_t n, struct span *piece, struct error *e)
{
	if (covered(s, offset) < n && fill(s, offset, e) < 0)
		return -1;
	*piece = piece_at(s, offset, (int64_t)n);
	return 0;
}

/* The bytes of the window at offset, which is filled when it holds none; ended by limit. */
static int
stretch(struct source *s, int64_t offset, int64_t limit, struct span *piece, struct error *e)
{
	if (covered(s, offset) == 0 && fill(s, offset, e) < 0)
		return -1;
	*piece = piece_at(s, offset, limit - offset);
	return 0;
}

/* A line that runs over the window's end gets the window for itself, so that it is whole in it if
 * it can be. */
static int
slide(struct source *s, struct error *e)
{
	const struct window *w = s->window;

	if (covered(s, s->searched) > 0)
		return 0;
	return fill(s, w == NULL || s->at > w->at || w->n < SOURCE_PIECE ? s->at : s->searched, e);
}

static void
set_time(struct source *s)
{
	const struct logfile_record *r = logindex_at(&s->times, s->end - 1);

	if (r == NULL)
		s->time = s->first > 0 ? s->first : s->modified;
	else
		s->time = r->time;
	s->stream = r == NULL ? 0 : r->stream;
}

int
source_line(struct source *s, bool partial, struct error *e)
{
	if (s->searched < s->at)
		s->searched = s->at;
	while (s->searched < s->to) {
		struct span piece;
		const char *newline;

		if (slide(s, e) < 0 || stretch(s, s->searched, s->to, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		newline = memchr(piece.p, '\n', piece.n);
		if (newline != NULL) {
			s->end = s->searched + (newline - piece.p) + 1;
			set_time(s);
			return 1;
		}
		s->searched += (int64_t)piece.n;
	}
	if (!partial || s->searched == s->at)
		return 0;
	s->end = s->searched;
	set_time(s);
	return 1;
}

void
source_advance(struct source *s)
{
	s->at = s->searched = s->end;
	s->number++;
}

/* Newlines in front of offset, in a compressed log, whose map knows most of them. */
static int
count_before(struct source *s, int64_t offset, uint64_t *newlines, struct error *e)
{
	int64_t start;
	uint64_t rest;

	if (logpack_before_byte(&s->stored.pack, offset, &start, newlines, e) < 0)
		return -1;
	for (; start < offset; *newlines += rest) {
		struct span piece;

		rest = 0;
		if (stretch(s, start, offset, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			return 0;
		for (size_t i = 0; i < piece.n; i++)
			rest += piece.p[i] == '\n';
		start += (int64_t)piece.n;
	}
	return 0;
}

/* Moves from, in a compressed log, to the frame that matters; *seen is the newlines that were
 * skipped. */
static int
skip_frames(struct source *s, int64_t *from, uint64_t count, int64_t limit, uint64_t *seen,
    struct error *e)
{
	struct logpack *p = &s->stored.pack;
	uint64_t base, before;
	int64_t start;

	if (count_before(s, *from, &base, e) < 0)
		return -1;
	if (count > UINT64_MAX - base)
		count = UINT64_MAX - base;
	if (logpack_before_newline(p, base + count, &start, &before, e) < 0 ||
	    (start > limit && logpack_before_byte(p, limit, &start, &before, e) < 0))
		return -1;
	if (start > *from) {
		*from = start;
		*seen = before - base;
	}
	return 0;
}

int64_t
source_forward(struct source *s, int64_t from, uint64_t count, int64_t limit, uint64_t *found,
    struct error *e)
{
	uint64_t seen = 0;

	if (s->stored.packed && count > 0 && skip_frames(s, &from, count, limit, &seen, e) < 0)
		return -1;
	while (from < limit && seen < count) {
		struct span piece;
		const char *newline;

		if (stretch(s, from, limit, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		newline = memchr(piece.p, '\n', piece.n);
		from += newline == NULL ? (int64_t)piece.n : newline - piece.p + 1;
		seen += newline != NULL;
	}
	if (found != NULL)
		*found = seen;
	return from;
}

int64_t
source_backward(struct source *s, int64_t from, uint64_t count, struct error *e)
{
	while (from > 0) {
		int64_t start = from > SOURCE_PIECE ? from - SOURCE_PIECE : 0;
		size_t n = (size_t)(from - start);
		struct span piece;
		const char *newline;

		if (source_piece(s, start, n, &piece, e) < 0)
			return -1;
		for (n = piece.n; (newline = memrchr(piece.p, '\n', n)) != NULL;) {
			n = (size_t)(newline - piece.p);
			if (--count == 0)
				return start + (int64_t)n + 1;
		}
		from = start;
	}
	return 0;
}

void
source_close(struct source *s)
{
	if (s->open)
		stored_close(&s->stored);
	s->open = false;
	window_release(s->window);
	logindex_close(&s->times);
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	source_close(s);
	free(s->name);
	free(s->file);
	free(s->why);
	bytes_free(&s->head);
	free(s);
}
