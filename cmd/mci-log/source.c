#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

/* What is held of a log in memory, whatever the length of its lines. */
#define WINDOW 65536

static const char *
base(const struct source *s)
{
	return s->job == NULL ? "script" : s->job;
}

struct source *
source_new(char *name, const char *job, int attempt, int dir)
{
	struct source *s = xmalloc(sizeof(*s));
	AUTO_BYTES file = { 0 };

	*s = (struct source){ .name = name, .job = job, .attempt = attempt, .dir = dir, .fd = -1,
		.bytes = -1, .to = INT64_MAX, .number = 1, .dirty = true };
	logfile_name(&file, base(s), attempt, "log");
	s->file = bytes_give(&file);
	return s;
}

int
source_open(struct source *s, struct error *e)
{
	if (s->fd >= 0)
		return 1;
	s->fd = kernel.open(s->dir, s->file, O_RDONLY, 0);
	if (s->fd >= 0)
		return 1;
	return errno == ENOENT ? 0 : error_sys(e, "open %s", s->file);
}

int
source_refresh(struct source *s, struct error *e)
{
	struct stat st;

	if (fstat(s->fd, &st) == 0)
		s->modified = st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
	if (s->index.ended)
		return 0;
	return logfile_index_read(&s->index, s->dir, base(s), s->attempt, e);
}

int64_t
source_size(const struct source *s)
{
	struct stat st;

	return s->fd < 0 || fstat(s->fd, &st) < 0 ? 0 : st.st_size;
}

/* Loads the window with what is at offset. */
static int
fill(struct source *s, int64_t offset, struct error *e)
{
	ssize_t got;

	if (s->window == NULL)
		s->window = xmalloc(WINDOW);
	do
		got = kernel.pread(s->fd, s->window, WINDOW, offset);
	while (got < 0 && errno == EINTR);
	s->window_at = offset;
	s->window_len = got < 0 ? 0 : (size_t)got;
	return got < 0 ? error_sys(e, "read the log of %s", s->name) : 0;
}

/* How many bytes of the window stand at offset. */
static size_t
covered(const struct source *s, int64_t offset)
{
	int64_t end = s->window_at + (int64_t)s->window_len;

	return offset < s->window_at || offset >= end ? 0 : (size_t)(end - offset);
}

int
source_piece(struct source *s, int64_t offset, size_t n, struct span *piece, struct error *e)
{
	if (covered(s, offset) < n && fill(s, offset, e) < 0)
		return -1;
	piece->p = s->window + (offset - s->window_at);
	piece->n = covered(s, offset);
	if (piece->n > n)
		piece->n = n;
	return 0;
}

/* The bytes of the window at offset, which is filled when it holds none; ended by limit. */
static int
stretch(struct source *s, int64_t offset, int64_t limit, struct span *piece, struct error *e)
{
	if (covered(s, offset) == 0 && fill(s, offset, e) < 0)
		return -1;
	piece->p = s->window + (offset - s->window_at);
	piece->n = covered(s, offset);
	if ((int64_t)piece->n > limit - offset)
		piece->n = (size_t)(limit - offset);
	return 0;
}

/* A line that runs over the window's end gets the window for itself, so that it is whole in it if it
 * can be. */
static int
slide(struct source *s, struct error *e)
{
	if (covered(s, s->searched) > 0)
		return 0;
	return fill(s, s->at > s->window_at || s->window_len < WINDOW ? s->at : s->searched, e);
}

static void
set_time(struct source *s)
{
	const struct logfile_index *x = &s->index;
	uint64_t last = (uint64_t)(s->end - 1);

	if (x->n == 0) {
		s->time = s->first > 0 ? s->first : s->modified;
		s->stream = 0;
		return;
	}
	while (s->record + 1 < x->n && x->records[s->record + 1].offset <= last)
		s->record++;
	s->time = x->records[s->record].time;
	s->stream = x->records[s->record].stream;
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

int64_t
source_forward(struct source *s, int64_t from, uint64_t count, int64_t limit, uint64_t *found,
    struct error *e)
{
	uint64_t seen = 0;

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
		int64_t start = from > WINDOW ? from - WINDOW : 0;
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
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->window);
	s->window = NULL;
	s->window_len = 0;
	logfile_index_free(&s->index);
	s->record = 0;
}

void
source_free(struct source *s)
{
	if (s == NULL)
		return;
	source_close(s);
	free(s->name);
	free(s->file);
	free(s);
}
