/* A limit, chunk sizes, and a stream that is read in those chunks: the lines are those that a
 * plain split of the whole stream gives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
add(struct bytes *out, enum line_result kind, const char *p, size_t n)
{
	bytes_format(out, "%d %zu ", (int)kind, n);
	bytes_add(out, p, n);
	bytes_char(out, '\n');
}

/* The plain twin. Of a line that is too long its first bytes are shown, as many as every reader
 * has. */
static void
split(struct bytes *out, const char *p, size_t n, size_t limit)
{
	while (n > 0) {
		const char *end = memchr(p, '\n', n);
		size_t length = end == NULL ? n : (size_t)(end - p);

		if (end != NULL ? length + 1 > limit : length >= limit)
			add(out, LINE_LONG, p, 0);
		else if (end != NULL)
			add(out, LINE_OK, p, length);
		else
			add(out, LINE_NONE, p, length);
		length += end != NULL;
		p += length;
		n -= length;
	}
}

static void
drain(struct line_reader *r, struct bytes *out, uint64_t *number)
{
	struct span line;
	enum line_result got;

	while ((got = line_next(r, &line)) != LINE_NONE) {
		add(out, got, line.p, got == LINE_OK ? line.n : 0);
		if (r->number != ++*number)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct line_reader r = { 0 };
	AUTO_BYTES got = { 0 };
	AUTO_BYTES expected = { 0 };
	const char *text = (const char *)data + 3;
	size_t chunks[2];
	uint64_t number = 0;
	struct span rest;

	if (n < 3)
		return 0;
	n -= 3;
	/* a line's first 64 bytes are shown of one that is too long, so limits begin there */
	r.limit = 64 + data[0];
	chunks[0] = data[1] + 1U;
	chunks[1] = data[2] * 16U + 1U;
	for (size_t at = 0, i = 0; at < n; i++) {
		size_t size = n - at < chunks[i & 1] ? n - at : chunks[i & 1];

		line_add(&r, text + at, size);
		drain(&r, &got, &number);
		at += size;
	}
	rest = line_rest(&r);
	if (rest.n > 0)
		add(&got, LINE_NONE, rest.p, rest.n);
	split(&expected, text, n, r.limit);
	if (got.len != expected.len || (got.len > 0 && memcmp(got.data, expected.data, got.len) != 0))
		abort();
	line_free(&r);
	return 0;
}
