#include "range.h"

#include <string.h>

#include "kernel.h"
#include "moment.h"
#include "number.h"

int
range_parse(const char *text, int64_t least, int64_t *first, int64_t *last, struct error *e)
{
	const char *dash = strchr(text, '-');
	size_t n = dash == NULL ? strlen(text) : (size_t)(dash - text);
	const char *second = dash == NULL ? text : dash + 1;
	size_t rest = strlen(second);

	*first = least;
	*last = INT64_MAX;
	if (strcmp(text, "-") == 0 || *text == '\0' ||
	    (n > 0 && number_parse(text, n, least, INT64_MAX - 1, first, NULL) < 0) ||
	    (rest > 0 && number_parse(second, rest, *first, INT64_MAX - 1, last, NULL) < 0))
		return error_set(e, ERROR_USAGE, "'%s': expected A-B, A-, -B or A, from %lld on", text,
		    (long long)least);
	return 0;
}

int
range_since(const char *text, int64_t *since, struct error *e)
{
	return moment_parse(text, kernel.wall(), since, e);
}

bool
range_set(const struct range *r)
{
	return r->first_line > 0 || r->last_line != INT64_MAX || r->first_byte > 0 ||
	    r->last_byte != INT64_MAX || r->since > 0 || r->tail >= 0;
}

static void
apply_bytes(const struct range *r, struct source *s)
{
	if (s->at < r->first_byte)
		s->at = r->first_byte;
	if (r->last_byte < s->to - 1)
		s->to = r->last_byte + 1;
}

static int
apply_lines(const struct range *r, struct source *s, struct error *e)
{
	int64_t first = r->first_line > 0 ? r->first_line : 1;
	int64_t from = source_forward(s, 0, (uint64_t)first - 1, s->to, NULL, e);
	int64_t to = s->to;

	if (from < 0)
		return -1;
	if (r->last_line != INT64_MAX)
		to = source_forward(s, from, (uint64_t)(r->last_line - first) + 1, s->to, NULL, e);
	if (to < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	s->to = to;
	return 0;
}

/* Where the first chunk that came at since or later begins; the end when none did. */
static int64_t
chunk_since(struct source *s, int64_t since)
{
	int64_t offset;

	if (s->times.count == 0)
		return (s->first > 0 ? s->first : s->modified) >= since ? 0 : s->to;
	offset = logindex_since(&s->times, since);
	return offset < 0 ? s->to : offset;
}

/* A line's time is that of its last byte, so the line that a chunk ends belongs to it. */
static int
apply_since(const struct range *r, struct source *s, struct error *e)
{
	int64_t from = chunk_since(s, r->since);

	if (from < s->to)
		from = source_backward(s, from, 1, e);
	if (from < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	return 0;
}

static int
apply_tail(const struct range *r, struct source *s, struct error *e)
{
	int64_t end = s->to, from;
	struct span last;

	if (r->tail == 0) {
		s->at = s->to;
		return 0;
	}
	if (end > 0) {
		if (source_piece(s, end - 1, 1, &last, e) < 0)
			return -1;
		/* the newline that ends the last line begins no other */
		end -= last.n == 1 && *last.p == '\n';
	}
	from = source_backward(s, end, (uint64_t)r->tail, e);
	if (from < 0)
		return -1;
	if (s->at < from)
		s->at = from;
	return 0;
}

int
range_apply(const struct range *r, struct source *s, int64_t size, bool number, struct error *e)
{
	uint64_t before;

	s->at = 0;
	s->to = size;
	apply_bytes(r, s);
	if ((r->first_line > 0 || r->last_line != INT64_MAX) && apply_lines(r, s, e) < 0)
		return -1;
	if (r->since > 0 && apply_since(r, s, e) < 0)
		return -1;
	if (r->tail >= 0 && apply_tail(r, s, e) < 0)
		return -1;
	if (s->at > s->to)
		s->at = s->to;
	if (!number)
		return 0;
	if (source_forward(s, 0, UINT64_MAX, s->at, &before, e) < 0)
		return -1;
	s->number = before + 1;
	return 0;
}
