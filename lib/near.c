#include "near.h"

#include <string.h>

#include "hexdump.h"

#define CONTEXT ((size_t)NEEDLES_BLOCK)

_Static_assert(NEEDLES_BLOCK * 2 == sizeof(uint64_t), "two blocks are a word");

static bool
is_inside(const struct needles *needles, const char *p)
{
	return needles_inside(needles, needles_block(p));
}

/* Whether two blocks of needles stand one behind the other in the n bytes: the first such pair, and
 * the last. */
static bool
has_two(const struct needles *needles, const char *p, size_t n, size_t *first, size_t *last)
{
	bool before = false, any = false;

	for (size_t i = 0; i + CONTEXT <= n; i++) {
		bool inside = is_inside(needles, p + i);

		if (inside && before && !any)
			*first = i - 1;
		if (inside && before)
			*last = i;
		any |= inside && before;
		before = inside;
	}
	return any;
}

#define ONES UINT64_C(0x0101010101010101)
#define TOPS UINT64_C(0x8080808080808080)

/* Eight bytes, the first one lowest. */
static uint64_t
word_at(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return le64toh(word);
}

/* The high bits of the bytes that are below c, or are it (and perhaps of some above one that is:
 * Anderson, Bit Twiddling Hacks). */
static uint64_t
below(uint64_t word, unsigned char c)
{
	return (word - ONES * c) & ~word & TOPS;
}

static uint64_t
equal(uint64_t word, char c)
{
	return below(word ^ ONES * (unsigned char)c, 1);
}

/* Bytes that are what they look like: no control characters, no beginning of an escape, no two
 * blanks. When in doubt they are not. */
static bool
is_plain(uint64_t word, char sign, bool no_blank)
{
	uint64_t blank = equal(word, ' ');

	return (below(word, ' ') | equal(word, sign) | (no_blank ? blank : blank & blank << 8)) ==
	    0;
}

/*
 * Of a newline at p, with bytes on both sides: it stands alone among bytes that are what they look
 * like, and no needle lies over it. A word of three bytes that matter, and one more, on the left, and
 * three on the right.
 */
static bool
is_cold(const struct needles *needles, const char *p)
{
	uint64_t word = word_at(p - CONTEXT), blank = equal(word, ' ');
	const uint64_t newline = UINT64_C(0x80) << 32, beside = UINT64_C(0x8000800080000000);
	uint32_t left = (uint32_t)(word >> 8 & 0xffffff) | (uint32_t)(word >> 40) << 24;
	uint32_t right = (uint32_t)(word >> 24 & 0xff) | (uint32_t)(word >> 40) << 8;

	return ((below(word, ' ') & ~newline) | (blank & blank << 8) | (blank & beside)) == 0 &&
	    !needles_inside(needles, left) && !needles_inside(needles, right);
}

size_t
near_newline(const struct needles *needles, const struct decode_text *t, size_t at)
{
	const char *newline;

	for (; at < t->n && (newline = memchr(t->p + at, '\n', t->n - at)) != NULL; at++) {
		at = (size_t)(newline - t->p);
		if (at < CONTEXT || t->n - at <= CONTEXT || hexdump_maybe(newline + 1, t->n - at - 1) ||
		    !is_cold(needles, newline))
			return at;
	}
	return t->n;
}

/*
 * A needle that lies over the place has two blocks one behind the other, of which each holds the
 * place or touches it, and of these one of the outer two that hold it. Where the neighbours are not
 * what they look like nothing is known.
 */
bool
near_cold(const struct needles *needles, const struct decode_text *t, struct decode_way way,
    size_t from, size_t to, const char *c)
{
	const char *before = t->p + from - CONTEXT, *behind = t->p + to;
	char around[2 * NEEDLES_BLOCK + 1];
	size_t n = c == NULL ? 0 : 1, first, last;

	if (from <= CONTEXT || t->n - to <= CONTEXT)
		return false;
	memcpy(around, before, CONTEXT);
	memcpy(around + CONTEXT, behind, CONTEXT);
	/* what is beyond tells whether an outer blank belongs to more white space */
	if (!is_plain(word_at(around), way.escape == DECODE_NONE ? '\n' : decode_sign(way.escape),
		way.space == DECODE_NO_SPACE) ||
	    (before[0] == ' ' && decode_blank(before[-1])) ||
	    (behind[CONTEXT - 1] == ' ' && decode_blank(behind[CONTEXT])))
		return false;
	if (c != NULL) {
		memmove(around + CONTEXT + 1, around + CONTEXT, CONTEXT);
		around[CONTEXT] = *c;
	}
	return (!is_inside(needles, around + 1) && !is_inside(needles, around + CONTEXT - 1 + n)) ||
	    !has_two(needles, around, 2 * CONTEXT + n, &first, &last);
}

size_t
near_blanks(const struct decode_text *t, size_t at)
{
	/* by words that overlap by a byte, so that a pair is in one */
	for (; at + sizeof(uint64_t) <= t->n; at += sizeof(uint64_t) - 1) {
		uint64_t word = word_at(t->p + at), blank = equal(word, ' ');

		if ((below(word, ' ') | (blank & blank << 8)) != 0)
			break;
	}
	for (; at < t->n; at++) {
		unsigned char c = (unsigned char)t->p[at];

		/* of other bytes this is the only comparison */
		if (c > ' ')
			continue;
		if (c == ' ' ? at + 1 < t->n && decode_blank(t->p[at + 1]) : decode_blank((char)c))
			break;
	}
	return at;
}

/* The nearest bytes but white space. */
bool
near_cold_line(const struct needles *needles, const struct decode_text *t, size_t from, size_t to)
{
	char around[2 * NEEDLES_BLOCK];
	size_t first, last, n = 0;

	while (n < CONTEXT && from > 0) {
		if (!decode_blank(t->p[--from]))
			around[CONTEXT - ++n] = t->p[from];
	}
	for (n = n < CONTEXT ? 0 : n; n >= CONTEXT && n < 2 * CONTEXT && to < t->n; to++) {
		if (!decode_blank(t->p[to]))
			around[n++] = t->p[to];
	}
	return n == 2 * CONTEXT &&
	    ((!is_inside(needles, around + 1) && !is_inside(needles, around + CONTEXT - 1)) ||
		!has_two(needles, around, n, &first, &last));
}

#define NEAR 8 /* bytes that are decoded at first on each side */

/* What was decoded around a place, and the part of it that may be of needles over the place: all
 * blocks of such a needle are blocks of needles. */
struct part {
	size_t start;         /* where decoding began in the text */
	bool left, right;     /* there is no more on that side */
	size_t place, behind; /* the first bytes that stand in the place, and behind it */
	size_t first;    /* of what is surely right: white space at the start may be part of more */
	size_t from, to; /* the part */
};

/* Decodes so many bytes before the place and as many behind it: more than the last time, where
 * there are more. */
static void
part_decode(const struct near *s, struct part *x, size_t from, size_t to, size_t bytes)
{
	const struct decode_text *t = s->text;
	struct decoded *d = s->decoded;
	/* in a long row of backslashes the way back to a place to begin is as long */
	bool known = bytes == NEAR && s->start > 0 && from - s->start < NEAR * NEAR &&
	    t->p[from - 1] == '\\';
	size_t at = known ? s->start : decode_back(s->way.escape, t->p, t->n, from, bytes);

	decoded_clear(d);
	x->left = at == 0 || at == x->start;
	x->start = at;
	for (size_t before = SIZE_MAX; at < to && at != before;) {
		before = at;
		at = decode_add(d, s->way, t->p, t->n, at, 1, t->last);
	}
	x->place = 0;
	while (x->place < d->text.len && d->places[x->place].at < from)
		x->place++;
	x->behind = x->place;
	while (x->behind < d->text.len && d->places[x->behind].at < to)
		x->behind++;
	decode_add(d, s->way, t->p, t->n, at, bytes, t->last);
	x->right = d->text.len < x->behind + bytes;
	x->first = 0;
	while (x->first < d->text.len && decode_blank(d->text.data[x->first]))
		x->first++;
}

/* Whether something may be there, as far as that can be told from what was decoded. */
static bool
part_find(const struct near *s, struct part *x)
{
	const struct decoded *d = s->decoded;
	size_t from = x->place < CONTEXT ? 0 : x->place - CONTEXT, first = 0, last = 0;
	size_t to = x->behind + CONTEXT < d->text.len ? x->behind + CONTEXT : d->text.len;

	if (to < from || !has_two(s->needles, d->text.data + from, to - from, &first, &last))
		return false;
	x->from = from + first;
	x->to = from + last + CONTEXT;
	while (x->from > x->first && is_inside(s->needles, d->text.data + x->from - 1))
		x->from--;
	while (x->to < d->text.len && is_inside(s->needles, d->text.data + x->to + 1 - CONTEXT))
		x->to++;
	return true;
}

bool
near_look(struct near *s, size_t from, size_t to, struct near_part *part)
{
	const struct decoded *d = s->decoded;
	size_t longest = s->needles->longest;
	struct part x = { .start = SIZE_MAX };

	if (to <= s->done)
		return false;
	for (size_t bytes = NEAR;; bytes *= 4) {
		part_decode(s, &x, from, to, bytes);
		if (!x.left && x.place < x.first + CONTEXT + 1)
			continue;
		if (!part_find(s, &x))
			return false;
		if ((x.left || x.from > x.first || x.place - x.first > longest) &&
		    (x.right || x.to < d->text.len || d->text.len - x.behind > longest))
			break;
	}
	if (x.to > x.behind + CONTEXT)
		s->done = d->places[x.to - CONTEXT].at;
	*part = (struct near_part){ x.from, x.to };
	return true;
}
