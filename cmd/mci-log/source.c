#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

struct source *
source_new(char *name, int run, const char *job, int attempt, const struct log_folders *folders)
{
	struct source *s = xmalloc(sizeof(*s));
	AUTO_BYTES stem = { 0 };

	*s = (struct source){ .name = name, .job = job, .run = run, .attempt = attempt, .folders = folders,
		.bytes = -1, .to = INT64_MAX, .number = 1, .dirty = true, .stored = STORED_NONE,
		.times = { .fd = -1 } };
	/* what the script wrote has one a run */
	logfile_stem(&stem, job == NULL ? "script" : job, job == NULL ? run : attempt);
	s->stem = bytes_give(&stem);
	return s;
}

int
source_open(struct source *s, struct error *e)
{
	int there = s->open ? 1 : stored_open(&s->stored, s->folders, s->stem, e);

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
	AUTO_FREE char *name = xformat("%s.idx", s->stem);

	s->modified = stored_modified(&s->stored);
	if (s->times.fd < 0 && !s->times.damaged) {
		s->times.fd = stored_index(s->folders, s->stem);
		if (s->times.fd < 0 && errno != ENOENT)
			return error_sys(e, "open %s", name);
	}
	return logindex_refresh(&s->times, name, e);
}

bool
source_look(struct source *s, bool locks)
{
	struct stored_state state = { .length = -1 };
	struct stored f;
	/* what cannot be opened is told when it is shown */
	int there = stored_open(&f, s->folders, s->stem, NULL);

	f.index = there == 0 ? -1 : stored_index(s->folders, s->stem);
	if (f.index >= 0)
		(void)stored_look(&f, &state, NULL);
	there = there == 0 || (locks && !state.begun) ? 0 : there;
	if (there != 0) {
		s->started = state.started == 0 && there == 1 && !locks ? stored_modified(&f) : state.started;
		s->first = s->started;
		s->bytes = state.length;
		s->ended = state.ended || (locks && !state.written);
		s->truncated = s->ended && state.truncated;
		s->dirty = true;
	}
	stored_close(&f);
	return there != 0;
}

int64_t
source_size(const struct source *s)
{
	return s->open ? stored_size(&s->stored) : 0;
}

int64_t
source_space(const struct source *s)
{
	return stored_space(&s->stored);
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

static void
set_time(struct source *s)
{
	const struct logfile_record *r = logindex_at(&s->times, s->end - 1);

	s->time = r != NULL ? r->time : s->first > 0 ? s->first : s->modified;
	s->stream = r == NULL ? 0 : r->stream;
}

int
source_line(struct source *s, bool partial, struct error *e)
{
	if (s->searched < s->at)
		s->searched = s->at;
	while (s->searched < s->to) {
		const struct window *w = s->window;
		struct span piece;
		const char *newline;

		/* a line that runs over the window's end gets the window for itself, so that it is whole in
		 * it if it can be */
		if (covered(s, s->searched) == 0 && fill(s, w == NULL || s->at > w->at ||
		    w->n < SOURCE_PIECE ? s->at : s->searched, e) < 0)
			return -1;
		if (stretch(s, s->searched, s->to, &piece, e) < 0)
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
	free(s->stem);
	free(s->why);
	bytes_free(&s->head);
	free(s);
}
