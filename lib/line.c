#include "line.h"

#include <string.h>

/* One read asks for this much: a pipe's whole content. */
#define CHUNK (64 * 1024)

static size_t
limit_of(const struct line_reader *r)
{
	return r->limit == 0 ? LINE_LIMIT : r->limit;
}

/* Moves what is left to the front, so that the buffer stays one line and a chunk long. */
static void
compact(struct line_reader *r)
{
	if (r->at == 0)
		return;
	bytes_drop(&r->buffer, r->at);
	r->searched -= r->at;
	r->at = 0;
}

static ssize_t
fill(struct line_reader *r, int fd, ssize_t (*read)(int fd, void *into, size_t n))
{
	char *into;
	ssize_t n;

	compact(r);
	into = bytes_reserve(&r->buffer, r->buffer.size == 0 ? 4096 : CHUNK);
	n = read(fd, into, r->buffer.size - r->buffer.len);
	if (n > 0)
		r->buffer.len += (size_t)n;
	return n;
}

ssize_t
line_read(struct line_reader *r, int fd)
{
	return fill(r, fd, kernel.read);
}

ssize_t
line_wait(struct line_reader *r, int fd)
{
	return fill(r, fd, kernel_read_some);
}

void
line_add(struct line_reader *r, const void *p, size_t n)
{
	compact(r);
	bytes_add(&r->buffer, p, n);
}

/* No newline in sight: drops the bytes of a line that is over the limit already. */
static enum line_result
overlong(struct line_reader *r, struct span *line)
{
	size_t n = r->buffer.len - r->at;

	if (n < limit_of(r) && !r->skipping)
		return LINE_NONE;
	if (r->skipping) {
		r->at = r->searched = r->buffer.len;
		return LINE_NONE;
	}
	*line = (struct span){ r->buffer.data + r->at, n < 64 ? n : 64 };
	r->skipping = true;
	r->number++;
	r->at = r->searched = r->buffer.len;
	return LINE_LONG;
}

enum line_result
line_next(struct line_reader *r, struct span *line)
{
	if (r->buffer.data == NULL)
		return LINE_NONE;
	for (;;) {
		char *from = r->buffer.data + r->at;
		char *end = NULL;
		size_t n;

		if (r->searched < r->buffer.len)
			end = memchr(r->buffer.data + r->searched, '\n', r->buffer.len - r->searched);
		if (end == NULL) {
			r->searched = r->buffer.len;
			return overlong(r, line);
		}
		n = (size_t)(end - from);
		r->at += n + 1;
		r->searched = r->at;
		if (r->skipping) {
			r->skipping = false;
			continue;
		}
		r->number++;
		*line = (struct span){ from, n };
		if (n + 1 > limit_of(r)) {
			line->n = 64;
			return LINE_LONG;
		}
		return LINE_OK;
	}
}

/* Goes to the end of the line that is being skipped; false when it is not there yet. */
static bool
skip(struct line_reader *r)
{
	char *from = r->buffer.data + r->at;
	char *end = memchr(from, '\n', r->buffer.len - r->at);

	if (end == NULL) {
		r->at = r->searched = r->buffer.len;
		return false;
	}
	r->at = r->searched = (size_t)(end - r->buffer.data) + 1;
	r->skipping = false;
	return true;
}

enum line_result
line_run(struct line_reader *r, struct span *lines)
{
	char *from, *end = NULL;

	if (r->buffer.data == NULL || (r->skipping && !skip(r)))
		return LINE_NONE;
	from = r->buffer.data + r->at;
	if (r->searched < r->buffer.len)
		end = memrchr(r->buffer.data + r->searched, '\n', r->buffer.len - r->searched);
	if (end == NULL) {
		r->searched = r->buffer.len;
		return overlong(r, lines);
	}
	*lines = (struct span){ from, (size_t)(end + 1 - from) };
	r->at += lines->n;
	r->searched = r->buffer.len;
	r->number++;
	return LINE_OK;
}

struct span
line_rest(const struct line_reader *r)
{
	if (r->skipping || r->buffer.len == r->at)
		return (struct span){ NULL, 0 };
	return (struct span){ r->buffer.data + r->at, r->buffer.len - r->at };
}

struct span
line_take(struct line_reader *r, uint64_t n)
{
	struct span piece = { r->buffer.data + r->at, r->buffer.len - r->at };

	if (n < piece.n)
		piece.n = (size_t)n;
	r->at += piece.n;
	r->searched = r->at;
	return piece;
}

bool
line_drop(struct line_reader *r)
{
	if (r->searched < r->buffer.len || r->at == r->buffer.len)
		return false;
	r->number += !r->skipping;
	r->skipping = true;
	r->at = r->searched = r->buffer.len;
	return true;
}

void
line_fit(struct line_reader *r)
{
	compact(r);
	bytes_fit(&r->buffer);
}

void
line_free(struct line_reader *r)
{
	bytes_free(&r->buffer);
}
