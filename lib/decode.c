#include "decode.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define PAIR 12 /* bytes of a surrogate pair, the longest escape */

void
decoded_clear(struct decoded *d)
{
	d->text.len = 0;
}

void
decoded_free(struct decoded *d)
{
	bytes_free(&d->text);
	free(d->places);
	*d = (struct decoded){ 0 };
}

static void
grow(struct decoded *d)
{
	d->size = d->size == 0 ? 256 : d->size * 2;
	bytes_reserve(&d->text, d->size - d->text.len);
	d->places = xrealloc(d->places, d->size, sizeof(*d->places));
}

static inline void
put(struct decoded *d, char c, struct decode_place place)
{
	if (d->text.len == d->size)
		grow(d);
	d->places[d->text.len] = place;
	d->text.data[d->text.len++] = c;
}

void
decoded_put(struct decoded *d, char c, size_t at, size_t length, bool broken, bool line)
{
	put(d, c,
	    (struct decode_place){ (uint32_t)at, (uint32_t)length & 0x3fffffff, broken, line });
}

static int
digit(char c, int base)
{
	int value = c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f'         ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F'         ? c - 'A' + 10 :
					   base;

	return value < base ? value : -1;
}

/* The number in the digits at p, at most limit of them; *used is how many there are. */
static unsigned
digits(const char *p, size_t n, int base, size_t limit, size_t *used)
{
	unsigned value = 0;

	for (*used = 0; *used < n && *used < limit && digit(p[*used], base) >= 0; (*used)++)
		value = value * (unsigned)base + (unsigned)digit(p[*used], base);
	return value;
}

static size_t
utf8_put(char out[4], unsigned code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* What each escape returns: its length; 1 when the sign is nothing but itself; 0 when more must be
 * known. */
static size_t
itself(const char *p, char out[4], size_t *length)
{
	out[0] = *p;
	*length = 1;
	return 1;
}

/* "\u002b" and "%u002B": four digits, two such for what is over U+FFFF. */
static size_t
unit_utf16(const char *p, size_t n, bool last, char out[4], size_t *length)
{
	size_t used, low_used = 0;
	unsigned code = digits(p + 2, n - 2, 16, 4, &used), low;

	if (used < 4)
		return used + 2 == n && !last ? 0 : itself(p, out, length);
	if (code >= 0xdc00 && code < 0xe000)
		return itself(p, out, length);
	if (code < 0xd800 || code >= 0xe000) {
		*length = utf8_put(out, code);
		return 6;
	}
	if (n < 8 || p[6] != p[0] || p[7] != 'u')
		return !last && (n == 6 || (n == 7 && p[6] == p[0])) ? 0 : itself(p, out, length);
	low = digits(p + 8, n - 8, 16, 4, &low_used);
	if (low_used < 4)
		return low_used + 8 == n && !last ? 0 : itself(p, out, length);
	if (low < 0xdc00 || low >= 0xe000)
		return itself(p, out, length);
	*length = utf8_put(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
	return PAIR;
}

static size_t
unit_url(const char *p, size_t n, bool last, char out[4], size_t *length)
{
	size_t used;
	unsigned code;

	if (n >= 2 && p[1] == 'u')
		return unit_utf16(p, n, last, out, length);
	code = digits(p + 1, n - 1, 16, 2, &used);
	if (used < 2)
		return used + 1 == n && !last ? 0 : itself(p, out, length);
	out[0] = (char)code;
	*length = 1;
	return 3;
}

/* \u{1f511} */
static size_t
unit_braces(const char *p, size_t n, bool last, char out[4], size_t *length)
{
	size_t used;
	unsigned code = digits(p + 3, n - 3, 16, 6, &used);

	if (used + 3 == n && used < 7 && !last)
		return 0;
	if (used == 0 || used + 3 == n || p[used + 3] != '}' || code > 0x10ffff)
		return itself(p, out, length);
	*length = utf8_put(out, code);
	return used + 4;
}

static size_t
unit_number(const char *p, size_t n, bool last, size_t skip, int base, size_t limit, char out[4],
    size_t *length)
{
	size_t used;
	unsigned code = digits(p + skip, n - skip, base, limit, &used);

	if (used < limit && used + skip == n && !last)
		return 0;
	if (used == 0)
		return itself(p, out, length);
	out[0] = (char)code;
	*length = 1;
	return skip + used;
}

static size_t
unit_backslash(const char *p, size_t n, bool last, char out[4], size_t *length)
{
	static const char from[] = "abefnrtvE", to[] = "\a\b\033\f\n\r\t\v\033";
	const char *found;

	if (n == 1)
		return last ? itself(p, out, length) : 0;
	if (p[1] == 'u' && n == 2)
		return last ? itself(p, out, length) : 0;
	if (p[1] == 'u')
		return p[2] == '{' ? unit_braces(p, n, last, out, length) :
				     unit_utf16(p, n, last, out, length);
	if (p[1] == 'x')
		return unit_number(p, n, last, 2, 16, 2, out, length);
	if (p[1] >= '0' && p[1] <= '7')
		return unit_number(p, n, last, 1, 8, 3, out, length);
	found = p[1] == '\0' ? NULL : strchr(from, p[1]);
	if (found == NULL &&
	    ((p[1] >= 'a' && p[1] <= 'z') || (p[1] >= 'A' && p[1] <= 'Z') || p[1] == '8' ||
		p[1] == '9'))
		return itself(p, out, length);
	out[0] = found != NULL ? to[found - from] : p[1];
	*length = 1;
	return 2;
}

static size_t
unit_entity(const char *p, size_t n, bool last, char out[4], size_t *length)
{
	static const struct {
		const char *name;
		char c;
	} names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
		{ "&apos;", '\'' } };
	bool hex = n > 2 && (p[2] == 'x' || p[2] == 'X');
	size_t used, skip = hex ? 3 : 2;
	unsigned code;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t size = strlen(names[i].name);

		if (memcmp(p, names[i].name, n < size ? n : size) != 0)
			continue;
		/* so it is when there is but the sign */
		if (n < size)
			return last ? itself(p, out, length) : 0;
		out[0] = names[i].c;
		*length = 1;
		return size;
	}
	if (p[1] != '#')
		return itself(p, out, length);
	if (n < skip + 1)
		return last ? itself(p, out, length) : 0;
	code = digits(p + skip, n - skip, hex ? 16 : 10, 7, &used);
	if (used + skip == n && used < 8 && !last)
		return 0;
	if (used == 0 || used + skip == n || p[used + skip] != ';' || code > 0x10ffff)
		return itself(p, out, length);
	*length = utf8_put(out, code);
	return skip + used + 1;
}

static const struct escape {
	char sign;
	size_t longest; /* bytes of the longest */
	size_t (*unit)(const char *p, size_t n, bool last, char out[4], size_t *length);
} escapes[DECODE_ESCAPES] = {
	[DECODE_NONE] = { '\0', 1, NULL },
	[DECODE_URL] = { '%', PAIR, unit_url },
	[DECODE_BACKSLASH] = { '\\', PAIR, unit_backslash },
	[DECODE_ENTITY] = { '&', 11, unit_entity },
};

char
decode_sign(enum decode_escape escape)
{
	return escapes[escape].sign;
}

size_t
decode_unit(
    enum decode_escape escape, const char *p, size_t n, bool last, char out[4], size_t *length)
{
	return escapes[escape].unit(p, n, last, out, length);
}

/* A run of white space while it is read: it is in d already, as it is. */
struct run {
	size_t from; /* in d */
	size_t at;   /* in the text */
	bool any, newline;
};

/* The run ends before end: what it becomes. Whether it became nothing. */
static bool
run_end(struct decoded *d, const struct run *r, struct decode_way way, size_t end)
{
	bool gap = way.space == DECODE_NO_SPACE || (way.space == DECODE_BREAKS && r->newline);
	bool long_run = end - r->at > DECODE_GAP;

	if (!r->any || (!gap && way.space == DECODE_BREAKS && !long_run))
		return false;
	d->text.len = r->from;
	if (long_run)
		decoded_put(d, '\n', r->at, end - r->at, false, false);
	else if (way.space == DECODE_BLANKS)
		decoded_put(d, ' ', r->at, end - r->at, false, false);
	return gap && !long_run;
}

static void
run_add(struct run *r, const struct decoded *d, size_t at, char c)
{
	if (!r->any)
		*r = (struct run){ .from = d->text.len, .at = at, .any = true };
	r->newline |= c == '\n';
}

size_t
decode_add(struct decoded *d, struct decode_way way, const char *text, size_t n, size_t at,
    size_t enough, bool last)
{
	const struct escape *escape = &escapes[way.escape];
	size_t start = d->text.len;
	struct run run = { 0 };

	d->unfinished = SIZE_MAX;
	while (at < n) {
		size_t length = 1, took = 1;
		char out[4] = { text[at] };

		/* most are what they look like */
		if (!run.any && out[0] != escape->sign && !decode_blank(out[0])) {
			put(d, out[0], (struct decode_place){ (uint32_t)at++, 1, 0, 0 });
			if (d->text.len - start >= enough)
				return at;
			continue;
		}
		if (way.escape != DECODE_NONE && text[at] == escape->sign)
			took = escape->unit(text + at, n - at, last, out, &length);
		if (took == 0) {
			d->unfinished = at;
			break;
		}
		if (length == 1 && decode_blank(out[0])) {
			run_add(&run, d, at, out[0]);
			decoded_put(d, out[0], at, took, false, false);
		} else {
			bool broken = run_end(d, &run, way, at);

			run.any = false;
			for (size_t i = 0; i < length; i++)
				decoded_put(d, out[i], at, took, broken && i == 0,
				    broken && i == 0 && run.newline);
		}
		at += took;
		if (!run.any && d->text.len - start >= enough)
			return at;
	}
	if (run.any && last) {
		run_end(d, &run, way, at);
	} else if (run.any) {
		d->text.len = run.from;
		at = run.at;
	}
	return at;
}

/* Where a row of the sign begins that ends behind at. */
static size_t
row_start(const char *text, size_t at)
{
	size_t first = at;

	while (first > 0 && text[first - 1] == text[at])
		first--;
	return first;
}

/* The first half of a surrogate pair whose second one is at at. */
static bool
is_high_before(const char *text, size_t at)
{
	const char *p = text + at - 6;

	return at >= 6 && p[0] == text[at] && p[1] == 'u' && (p[2] == 'd' || p[2] == 'D') &&
	    digit(p[3], 16) >= 8 && digit(p[3], 16) < 12 && digit(p[4], 16) >= 0 &&
	    digit(p[5], 16) >= 0;
}

/*
 * An escape that at lies in begins with the last sign before it, or with the one before that when
 * the two are halves of a pair. Of a row of backslashes every other one is an escape, counted from
 * its start; a row lies in no escape but such a pair.
 */
size_t
decode_start(enum decode_escape kind, const char *text, size_t n, size_t at)
{
	const struct escape *escape = &escapes[kind];
	size_t window = at < escape->longest - 1 ? at : escape->longest - 1, from;
	const char *sign = window == 0 ? NULL : memrchr(text + at - window, escape->sign, window);

	if (sign == NULL)
		return at;
	from = (size_t)(sign - text);
	if (kind == DECODE_BACKSLASH)
		from = row_start(text, from);
	if (is_high_before(text, from))
		from = kind == DECODE_BACKSLASH ? row_start(text, from - 6) : from - 6;
	while (from < at) {
		size_t length, took = 1;
		char out[4];

		if (text[from] == escape->sign)
			took = escape->unit(text + from, n - from, true, out, &length);
		if (from + took > at)
			return from;
		from += took;
	}
	return at;
}

size_t
decode_back(enum decode_escape kind, const char *text, size_t n, size_t at, size_t bytes)
{
	size_t run = 0;

	/* over so much white space nothing goes on */
	while (at > 0 && bytes > 0 && run <= DECODE_GAP) {
		bool blank = decode_blank(text[--at]);

		run = blank ? run + 1 : 0;
		bytes -= !blank;
	}
	return decode_start(kind, text, n, at);
}
