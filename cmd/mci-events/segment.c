#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "kernel.h"
#include "memory.h"
#include "message.h"
#include "names.h"
#include "sums.h"

#define CHUNK 65536

void
segment_name(struct bytes *into, uint64_t first, const char *suffix)
{
	bytes_format(into, "%020" PRIu64 ".%s", first, suffix);
}

/* The descriptor, or -1 with an error, and errno. */
static int
open_file(const struct segment *s, const char *suffix, int flags, struct error *e)
{
	AUTO_BYTES name = { 0 };
	int fd, sys;

	segment_name(&name, s->first, suffix);
	/* a FIFO that was put in its place holds nobody up: it cannot be written, and is refused to read */
	fd = flags == O_RDONLY ? kernel_open_file(s->dir, bytes_string(&name)) :
	    kernel.open(s->dir, bytes_string(&name), flags | O_NONBLOCK, 0600);
	sys = errno;
	if (fd < 0)
		error_sys(e, "open %s", name.data);
	errno = sys;
	return fd;
}

struct segment *
segment_new(int dir, uint64_t first)
{
	struct segment *s = xmalloc(sizeof(*s));

	*s = (struct segment){ .dir = dir, .first = first, .last = first - 1, .data = -1, .sums = -1 };
	return s;
}

struct segment *
segment_create(int dir, uint64_t first, struct error *e)
{
	struct segment *s = segment_new(dir, first);

	/* truncated: a segment of that name that is left over was cut off as a whole */
	s->data = open_file(s, "ndjson", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, e);
	s->sums = s->data < 0 ? -1 : open_file(s, "sum", O_RDWR | O_CREAT | O_TRUNC | O_APPEND, e);
	if (s->sums >= 0)
		return s;
	if (s->data >= 0)
		segment_unlink(s);
	segment_free(s);
	return NULL;
}

struct segment *
segment_open(int dir, uint64_t first, struct error *e)
{
	struct segment *s = segment_new(dir, first);

	s->data = open_file(s, "ndjson", O_RDWR | O_APPEND, e);
	if (s->data >= 0)
		s->sums = open_file(s, "sum", O_RDWR | O_CREAT | O_APPEND, e);
	if (s->sums >= 0 || (s->data >= 0 && (errno == ENOSPC || errno == EDQUOT)))
		return s;
	segment_free(s);
	return NULL;
}

static void
close_files(struct segment *s)
{
	if (s->data >= 0)
		close(s->data);
	if (s->sums >= 0)
		close(s->sums);
	s->data = s->sums = -1;
}

void
segment_free(struct segment *s)
{
	close_files(s);
	free(s->proof);
	free(s);
}

static void
add_record(struct segment *s, const struct sums_record *r)
{
	AUTO_BYTES name = { 0 };

	/* there was no room for it before */
	if (s->sums < 0)
		s->sums = open_file(s, "sum", O_RDWR | O_CREAT | O_APPEND, NULL);
	if (s->sums < 0)
		return;
	segment_name(&name, s->first, "sum");
	/* a record that is missing costs nothing but a look at the lines it would have covered */
	if (sums_append(s->sums, s->sums_size, r, 1, bytes_string(&name), NULL) == 0)
		s->sums_size += (int64_t)SUMS_SIZE;
}

int
segment_append(struct segment *s, const char *p, size_t n, uint32_t count, int64_t received,
    struct error *e)
{
	if (kernel_write_all(s->data, p, n) < 0) {
		AUTO_BYTES name = { 0 };

		segment_name(&name, s->first, "ndjson");
		error_sys(e, "write %s", bytes_string(&name));
		/* what arrived of it was given to nobody */
		if (ftruncate(s->data, s->size) < 0)
			error_sys(e, "truncate %s", name.data);
		return -1;
	}
	add_record(s, &(struct sums_record){ .at = (uint64_t)s->size, .first = s->last + 1,
	    .received = received, .length = (uint32_t)n, .count = count,
	    .sum = checksum_add(0, p, n), .kind = SUMS_BATCH });
	if (s->last < s->first)
		s->began = received;
	s->newest = received;
	s->last += count;
	s->size += (int64_t)n;
	return 0;
}

void
segment_mark(struct segment *s)
{
	if (s->marked == s->synced)
		return;
	s->marked = s->synced;
	add_record(s, &(struct sums_record){ .at = (uint64_t)s->synced, .kind = SUMS_SYNCED });
}

bool
segment_glance(struct segment *s, bool *marked)
{
	struct sums_record mark = { 0 }, begin, end;
	int64_t n = sums_count(s->sums);
	struct stat st;

	if (fstat(s->data, &st) < 0)
		return false;
	s->size = st.st_size;
	s->sums_size = n * (int64_t)SUMS_SIZE;
	if (sums_read(s->sums, 0, &begin, 1) != 1 || begin.kind != SUMS_BATCH ||
	    sums_read(s->sums, n - 1, &mark, 1) != 1 ||
	    sums_find(s->sums, SUMS_BY_OFFSET, INT64_MAX, &end) != 1)
		return false;
	s->last = end.first + end.count - 1;
	s->began = begin.received;
	s->newest = end.received;
	*marked = mark.kind == SUMS_SYNCED && (int64_t)mark.at == s->size;
	return (int64_t)(end.at + end.length) == s->size;
}

int
segment_use(struct segment *s, struct error *e)
{
	if (s->data < 0)
		s->data = open_file(s, "ndjson", O_RDONLY, e);
	if (s->data >= 0 && s->sums < 0)
		s->sums = open_file(s, "sum", O_RDONLY, e);
	if (s->data < 0 || (s->sums < 0 && errno != ENOENT))
		return -1;
	s->users++;
	return 0;
}

void
segment_leave(struct segment *s, bool sealed)
{
	if (--s->users > 0)
		return;
	if (s->removed)
		segment_free(s);
	else if (sealed)
		close_files(s);
}

void
segment_give_up(struct segment *s, struct bytes *names)
{
	static const char *const suffixes[] = { "ndjson", "sum", "builds" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		segment_name(names, s->first, suffixes[i]);
		bytes_char(names, '\0');
	}
	s->removed = true;
}

void
segment_unlink(struct segment *s)
{
	AUTO_BYTES names = { 0 };

	segment_give_up(s, &names);
	names_remove_each(s->dir, names.data, names.len);
}

int64_t
segment_readable(const struct segment *s)
{
	return s->proven < s->doubtful ? s->proven : s->size;
}

/* The byte behind the next n lines from at on, or the segment's size. -1 and errno. */
static int64_t
skip_lines(const struct segment *s, int64_t at, uint64_t n)
{
	char buffer[CHUNK];

	while (n > 0 && at < s->size) {
		size_t want = s->size - at < CHUNK ? (size_t)(s->size - at) : CHUNK;
		ssize_t got = kernel.pread(s->data, buffer, want, at);
		const char *p = buffer, *end;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		while (n > 0 && (end = memchr(p, '\n', (size_t)(buffer + got - p))) != NULL) {
			p = end + 1;
			n--;
		}
		at += n == 0 ? p - buffer : got;
	}
	return at;
}

static int
unreadable(const struct segment *s, struct error *e)
{
	AUTO_BYTES name = { 0 };

	segment_name(&name, s->first, "ndjson");
	return error_sys(e, "read %s", bytes_string(&name));
}

int64_t
segment_find(const struct segment *s, uint64_t offset, struct error *e)
{
	struct sums_record r;
	int64_t at;

	if (offset > s->last)
		return s->size;
	if (sums_find(s->sums, SUMS_BY_OFFSET, (int64_t)offset, &r) != 1)
		r = (struct sums_record){ .at = 0, .first = s->first };
	at = skip_lines(s, (int64_t)r.at, offset - r.first);
	return at < 0 ? unreadable(s, e) : at;
}

int64_t
segment_find_time(const struct segment *s, int64_t received)
{
	struct sums_record r;
	int64_t at = 0;

	/* all events of a batch have one time: it begins behind the last batch that is older */
	if (sums_find(s->sums, SUMS_BY_TIME, received - 1, &r) == 1)
		at = (int64_t)(r.at + r.length);
	return at > s->size ? s->size : at;
}

/* Where the line that holds this byte begins. */
static int64_t
line_begin(const struct segment *s, int64_t at)
{
	char buffer[4096];

	while (at > 0) {
		int64_t from = at > (int64_t)sizeof(buffer) ? at - (int64_t)sizeof(buffer) : 0;
		ssize_t got = kernel.pread(s->data, buffer, (size_t)(at - from), from);
		const char *newline = got <= 0 ? NULL : memrchr(buffer, '\n', (size_t)got);

		if (newline != NULL)
			return from + (newline - buffer) + 1;
		at = from;
	}
	return 0;
}

uint64_t
segment_offset(const struct segment *s, int64_t at)
{
	char head[64];
	ssize_t got;

	if (at >= s->size)
		return s->last + 1;
	got = kernel.pread(s->data, head, sizeof(head), line_begin(s, at));
	return got <= 0 ? s->first : (uint64_t)message_offset(head, (size_t)got);
}
