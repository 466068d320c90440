#include "logpack.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "kernel.h"
#include "memory.h"
#include "thread.h"

/* Frames that a thread holds: as many logs can be read in turn, each forward, without opening one
 * twice. */
#define SLOTS 8
/* What a frame of LOGPACK_FRAME bytes takes at most in the file, rounded up from
 * ZSTD_COMPRESSBOUND. */
#define PACKED_LIMIT (LOGPACK_FRAME + 4096)

_Static_assert(sizeof(struct logpack_head) == 24 && sizeof(struct logpack_mark) == 16 &&
    sizeof(struct logpack_seek) == 8 && sizeof(struct logpack_foot) == 9, "the file's format");
_Static_assert(ZSTD_COMPRESSBOUND(LOGPACK_FRAME) <= PACKED_LIMIT, "any frame fits");

struct slot {
	const struct logpack *owner; /* NULL: free */
	uint64_t frame;
	uint64_t used; /* larger is later */
	char *raw;
	size_t n;
};

static _Thread_local struct {
	struct slot slots[SLOTS];
	uint64_t clock;
	ZSTD_DCtx *decoder;
	char *packed;
} held;

static int
damaged(const struct logpack *p, int64_t at, struct error *e)
{
	return error_set(e, ERROR_INPUT, "%s: damaged at byte %lld", p->name, (long long)at);
}

/* Exactly n bytes of the file; an end before them is damage. */
static int
read_at(const struct logpack *p, void *into, size_t n, int64_t at, struct error *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = kernel.pread(p->fd, (char *)into + done, n - done, at + (off_t)done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_sys(e, "read %s", p->name);
		if (got == 0)
			return damaged(p, at + (int64_t)done, e);
		done += (size_t)got;
	}
	return 0;
}

static int
read_marks(const struct logpack *p, uint64_t first, struct logpack_mark *marks, size_t n,
    struct error *e)
{
	int64_t at = p->marks + (int64_t)(first * sizeof(*marks));

	if (read_at(p, marks, n * sizeof(*marks), at, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		marks[i].packed = le64toh(marks[i].packed);
		marks[i].newlines = le64toh(marks[i].newlines);
		if (marks[i].packed > (uint64_t)p->marks || marks[i].newlines > (uint64_t)p->size)
			return damaged(p, at + (int64_t)(i * sizeof(*marks)), e);
	}
	return 0;
}

/* Finds the map from the seek table's foot, and both must be as long as the number of frames
 * says. */
static int
find_map(struct logpack *p, int64_t file, struct error *e)
{
	const int64_t foot_at = file - (int64_t)sizeof(struct logpack_foot);
	struct logpack_foot foot;
	struct logpack_head head;
	uint32_t seek[2];
	int64_t table, map;

	if (foot_at < 0)
		return damaged(p, file, e);
	if (read_at(p, &foot, sizeof(foot), foot_at, e) < 0)
		return -1;
	p->frames = le32toh(foot.frames);
	if (le32toh(foot.seekable) != LOGPACK_SEEKABLE || foot.descriptor != 0 || p->frames == 0)
		return damaged(p, foot_at, e);
	table = foot_at - (int64_t)(sizeof(seek) + p->frames * sizeof(struct logpack_seek));
	/* a frame fewer than the table has, and a mark more than frames: the map's row, and the
	 * end */
	map = table - (int64_t)(sizeof(head) + p->frames * sizeof(struct logpack_mark));
	p->frames--;
	if (map < 0)
		return damaged(p, foot_at, e);
	if (read_at(p, seek, sizeof(seek), table, e) < 0 ||
	    read_at(p, &head, sizeof(head), map, e) < 0)
		return -1;
	if (le32toh(seek[0]) != LOGPACK_SKIPPABLE ||
	    (int64_t)le32toh(seek[1]) != file - table - (int64_t)sizeof(seek))
		return damaged(p, table, e);
	p->frame = (int64_t)le32toh(head.frame);
	if (le32toh(head.skippable) != LOGPACK_SKIPPABLE || le64toh(head.magic) != LOGPACK_MAGIC ||
	    (int64_t)le32toh(head.length) != table - map - 8 || p->frame < 1 ||
	    p->frame > LOGPACK_FRAME)
		return damaged(p, map, e);
	p->marks = map + (int64_t)sizeof(head);
	return 0;
}

/* The log's length is that of its full frames and what the seek table says of the last. */
static int
find_size(struct logpack *p, int64_t file, struct error *e)
{
	const int64_t map = logpack_packed(p);
	/* the last frame's row stands before the map's */
	const int64_t row = file -
	    (int64_t)(sizeof(struct logpack_foot) + 2 * sizeof(struct logpack_seek));
	struct logpack_seek last = { 0 };
	struct logpack_mark end;

	if (p->frames > 0 && read_at(p, &last, sizeof(last), row, e) < 0)
		return -1;
	last.raw = le32toh(last.raw);
	if (p->frames > 0 && (last.raw == 0 || last.raw > p->frame))
		return damaged(p, row, e);
	p->size = p->frames == 0 ? 0 : (int64_t)(p->frames - 1) * p->frame + last.raw;
	if (read_marks(p, p->frames, &end, 1, e) < 0)
		return -1;
	p->newlines = end.newlines;
	return (int64_t)end.packed == map ? 0 :
	    damaged(p, p->marks + (int64_t)(p->frames * sizeof(end)), e);
}

int
logpack_open(struct logpack *p, int dir, const char *name, struct error *e)
{
	struct stat st;

	*p = (struct logpack){ .fd = kernel_open_file(dir, name) };
	if (p->fd < 0 && errno == ENOENT)
		return error_set(e, ERROR_NOT_FOUND, "%s is not there", name);
	if (p->fd < 0)
		return error_sys(e, "open %s", name);
	p->name = xstrdup(name);
	if (fstat(p->fd, &st) < 0)
		error_sys(e, "read %s", name);
	else if (find_map(p, st.st_size, e) == 0 && find_size(p, st.st_size, e) == 0)
		return 0;
	logpack_close(p);
	return -1;
}

static struct slot *
slot_of(const struct logpack *p, uint64_t frame)
{
	struct slot *oldest = &held.slots[0];

	for (size_t i = 0; i < SLOTS; i++) {
		struct slot *s = &held.slots[i];

		if (s->owner == p && s->frame == frame)
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	oldest->owner = NULL;
	return oldest;
}

static void
drop_held(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < SLOTS; i++)
		free(held.slots[i].raw);
	free(held.packed);
	ZSTD_freeDCtx(held.decoder);
}

static void
prepare(struct slot *s)
{
	if (s->raw == NULL)
		s->raw = xmalloc(LOGPACK_FRAME);
	if (held.packed == NULL) {
		held.packed = xmalloc(PACKED_LIMIT);
		thread_on_end(drop_held, NULL);
	}
	if (held.decoder == NULL)
		held.decoder = ZSTD_createDCtx();
}

/* Decodes a frame into the slot; it must be as long as its place says. */
static int
load(struct logpack *p, uint64_t frame, struct slot *s, struct error *e)
{
	const int64_t start = (int64_t)frame * p->frame;
	const size_t raw = (size_t)(p->size - start < p->frame ? p->size - start : p->frame);
	struct logpack_mark m[2];

	prepare(s);
	if (read_marks(p, frame, m, 2, e) < 0)
		return -1;
	if (m[1].packed < m[0].packed || m[1].packed - m[0].packed > PACKED_LIMIT)
		return damaged(p, p->marks + (int64_t)(frame * sizeof(m[0])), e);
	s->n = m[1].packed - m[0].packed;
	if (read_at(p, held.packed, s->n, (int64_t)m[0].packed, e) < 0)
		return -1;
	if (held.decoder == NULL ||
	    ZSTD_decompressDCtx(held.decoder, s->raw, raw, held.packed, s->n) != raw)
		return damaged(p, (int64_t)m[0].packed, e);
	s->owner = p;
	s->frame = frame;
	s->n = raw;
	return 0;
}

int64_t
logpack_packed(const struct logpack *p)
{
	return p->marks - (int64_t)sizeof(struct logpack_head);
}

int
logpack_piece(struct logpack *p, int64_t at, struct span *piece, struct error *e)
{
	uint64_t frame = (uint64_t)(at / p->frame);
	size_t skip = (size_t)(at % p->frame);
	struct slot *s;

	*piece = (struct span){ NULL, 0 };
	if (at >= p->size)
		return 0;
	s = slot_of(p, frame);
	if (s->owner == NULL && load(p, frame, s, e) < 0)
		return -1;
	s->used = ++held.clock;
	*piece = (struct span){ s->raw + skip, s->n - skip };
	return 0;
}

ssize_t
logpack_read(struct logpack *p, void *into, size_t n, int64_t at, struct error *e)
{
	size_t done = 0;

	while (done < n) {
		struct span piece;

		if (logpack_piece(p, at + (int64_t)done, &piece, e) < 0)
			return -1;
		if (piece.n == 0)
			break;
		if (piece.n > n - done)
			piece.n = n - done;
		memcpy((char *)into + done, piece.p, piece.n);
		done += piece.n;
	}
	return (ssize_t)done;
}

int
logpack_before_byte(struct logpack *p, int64_t at, int64_t *start, uint64_t *newlines,
    struct error *e)
{
	uint64_t frame = (uint64_t)(at / p->frame);
	struct logpack_mark m;

	if (frame >= p->frames)
		frame = p->frames == 0 ? 0 : p->frames - 1;
	if (read_marks(p, frame, &m, 1, e) < 0)
		return -1;
	*start = (int64_t)frame * p->frame;
	*newlines = m.newlines;
	return 0;
}

int
logpack_before_newline(struct logpack *p, uint64_t count, int64_t *start, uint64_t *newlines,
    struct error *e)
{
	uint64_t low = 0, high = p->frames;

	/* the last frame with fewer than count in front of it */
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;
		struct logpack_mark m;

		if (read_marks(p, middle, &m, 1, e) < 0)
			return -1;
		if (m.newlines < count)
			low = middle;
		else
			high = middle;
	}
	return logpack_before_byte(p, (int64_t)low * p->frame, start, newlines, e);
}

void
logpack_close(struct logpack *p)
{
	for (size_t i = 0; i < SLOTS; i++) {
		if (held.slots[i].owner == p)
			held.slots[i] = (struct slot){ .raw = held.slots[i].raw };
	}
	memory_close(&p->fd);
	free(p->name);
	p->name = NULL;
	p->fd = -1;
}
