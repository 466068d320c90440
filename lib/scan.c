#include "scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "utf8.h"

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

static int
bad(const struct scan *s, const char *at, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, "not JSON: %s at byte %zu", what, (size_t)(at - s->start) + 1);
}

/* Plain characters of a string: everything that needs no look: not ", not \, not control, ASCII. */
static bool
plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#define BYTES(c) (UINT64_C(0x0101010101010101) * (c))

/* Whether all eight bytes are plain. Borrows between bytes only ever say no too often. */
static bool
plain_word(uint64_t w)
{
	uint64_t quote = w ^ BYTES('"'), backslash = w ^ BYTES('\\');

	return ((w | (w - BYTES(0x20)) | (quote - BYTES(1)) | (backslash - BYTES(1))) & BYTES(0x80)) == 0;
}

/* The first character from p on that is not plain. Eight at a time: most of what is read are strings. */
static const char *
skip_plain(const char *p, const char *end)
{
	uint64_t word;

	for (; end - p >= (ptrdiff_t)sizeof(word); p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		if (!plain_word(word))
			break;
	}
	while (p < end && plain((unsigned char)*p))
		p++;
	return p;
}

static int
hex4(const char *p, const char *end, unsigned *out)
{
	unsigned value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return -1;
		value = value * 16 +
		    (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	}
	*out = value;
	return 0;
}

/* The escape behind a backslash; a surrogate must be one half of a pair. The end of it, or NULL. */
static const char *
skip_escape(const char *p, const char *end)
{
	unsigned high, low;

	if (p == end)
		return NULL;
	if (*p != 'u')
		return strchr("\"\\/bfnrt", *p) != NULL && *p != '\0' ? p + 1 : NULL;
	if (hex4(p + 1, end, &high) < 0 || (high >= 0xdc00 && high <= 0xdfff))
		return NULL;
	if (high < 0xd800 || high > 0xdbff)
		return p + 5;
	if (end - p < 11 || p[5] != '\\' || p[6] != 'u' || hex4(p + 7, end, &low) < 0 ||
	    low < 0xdc00 || low > 0xdfff)
		return NULL;
	return p + 11;
}

/* A string with its quotes; *p is moved behind it. */
static int
skip_string(const struct scan *s, const char **at, struct error *e)
{
	const char *p = *at + 1;

	for (;;) {
		size_t n;

		p = skip_plain(p, s->end);
		if (p == s->end)
			return bad(s, *at, "a string without its closing quote", e);
		if (*p == '"')
			break;
		if (*p == '\\') {
			const char *next = skip_escape(p + 1, s->end);
			if (next == NULL)
				return bad(s, p, "a broken escape", e);
			p = next;
			continue;
		}
		if ((unsigned char)*p < 0x20)
			return bad(s, p, "a raw control character", e);
		n = utf8_length(p, (size_t)(s->end - p));
		if (n == 0)
			return bad(s, p, "a byte that is not UTF-8", e);
		p += n;
	}
	*at = p + 1;
	return 0;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static int
skip_number(const struct scan *s, const char **at, struct error *e)
{
	const char *p = *at, *from;

	if (*p == '-')
		p++;
	from = p;
	p = skip_digits(p, s->end);
	if (p == from || (*from == '0' && p - from > 1))
		return bad(s, *at, "a broken number", e);
	if (p < s->end && *p == '.') {
		from = p + 1;
		p = skip_digits(from, s->end);
		if (p == from)
			return bad(s, *at, "a broken number", e);
	}
	if (p < s->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < s->end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = skip_digits(from, s->end);
		if (p == from)
			return bad(s, *at, "a broken number", e);
	}
	*at = p;
	return 0;
}

static int
skip_word(const struct scan *s, const char **at, const char *word, struct error *e)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - *at) < n || memcmp(*at, word, n) != 0)
		return bad(s, *at, "an unknown word", e);
	*at += n;
	return 0;
}

static int
skip_scalar(const struct scan *s, const char **p, enum scan_type *type, struct error *e)
{
	switch (**p) {
	case '"':
		*type = SCAN_STRING;
		return skip_string(s, p, e);
	case 't':
		*type = SCAN_TRUE;
		return skip_word(s, p, "true", e);
	case 'f':
		*type = SCAN_FALSE;
		return skip_word(s, p, "false", e);
	case 'n':
		*type = SCAN_NULL;
		return skip_word(s, p, "null", e);
	default:
		*type = SCAN_NUMBER;
		if (**p != '-' && (**p < '0' || **p > '9'))
			return bad(s, *p, "a value was expected", e);
		return skip_number(s, p, e);
	}
}

/* A key and its colon. */
static int
skip_key(const struct scan *s, const char **p, struct span *key, struct error *e)
{
	const char *from = *p;

	if (*p == s->end || **p != '"')
		return bad(s, *p, "a key in quotes was expected", e);
	if (skip_string(s, p, e) < 0)
		return -1;
	if (key != NULL)
		*key = (struct span){ from + 1, (size_t)(*p - from) - 2 };
	*p = skip_space(*p, s->end);
	if (*p == s->end || **p != ':')
		return bad(s, *p, "':' was expected", e);
	*p = skip_space(*p + 1, s->end);
	return 0;
}

/*
 * One value with everything in it. Open brackets are kept on a stack of SCAN_DEPTH bytes instead of
 * recursing: the input decides the depth.
 */
static int
skip_value(const struct scan *s, const char **at, enum scan_type *type, struct error *e)
{
	char stack[SCAN_DEPTH];
	int depth = 0;
	const char *p = *at;
	enum scan_type inner;

	for (;;) {
		bool opened = false;

		if (p == s->end)
			return bad(s, p, "the line ends inside a value", e);
		if (*p == '{' || *p == '[') {
			if (depth == SCAN_DEPTH - 1)
				return bad(s, p, "nested too deep", e);
			inner = *p == '{' ? SCAN_OBJECT : SCAN_ARRAY;
			stack[depth++] = *p == '{' ? '}' : ']';
			opened = true;
			p = skip_space(p + 1, s->end);
		} else if (skip_scalar(s, &p, &inner, e) < 0) {
			return -1;
		}
		if (depth == (int)opened)
			*type = inner;
		while (depth > 0) {
			p = skip_space(p, s->end);
			if (p == s->end)
				return bad(s, p, "the line ends inside a value", e);
			if (*p == stack[depth - 1]) {
				depth--;
				p++;
				opened = false;
				continue;
			}
			if (!opened) {
				if (*p != ',')
					return bad(s, p, "',' was expected", e);
				p = skip_space(p + 1, s->end);
			}
			if (stack[depth - 1] == '}' && skip_key(s, &p, NULL, e) < 0)
				return -1;
			break;
		}
		if (depth == 0)
			break;
	}
	*at = p;
	return 0;
}

int
scan_open(struct scan *s, const char *text, size_t n, struct error *e)
{
	/* a text that is not there has no bytes to point at */
	if (n == 0)
		text = "";
	s->start = text;
	s->end = text + n;
	s->p = skip_space(text, s->end);
	if (s->p == s->end)
		return bad(s, s->p, "nothing there", e);
	if (*s->p != '{' && *s->p != '[')
		return bad(s, s->p, "an object was expected", e);
	s->close = *s->p == '{' ? '}' : ']';
	s->first = true;
	s->p++;
	return 0;
}

static int
scan_finish(struct scan *s, struct error *e)
{
	s->p = skip_space(s->p + 1, s->end);
	if (s->p != s->end)
		return bad(s, s->p, "something behind the value", e);
	return 0;
}

int
scan_next(struct scan *s, struct scan_member *m, struct error *e)
{
	const char *p = skip_space(s->p, s->end);
	const char *from;

	s->p = p;
	if (p == s->end)
		return bad(s, p, "the line ends inside a value", e);
	if (*p == s->close)
		return scan_finish(s, e);
	if (!s->first) {
		if (*p != ',')
			return bad(s, p, "',' was expected", e);
		p = skip_space(p + 1, s->end);
	}
	s->first = false;
	m->from = p;
	m->key = (struct span){ p, 0 };
	if (s->close == '}' && skip_key(s, &p, &m->key, e) < 0)
		return -1;
	from = p;
	if (skip_value(s, &p, &m->value.type, e) < 0)
		return -1;
	m->value.raw = (struct span){ from, (size_t)(p - from) };
	s->p = p;
	return 1;
}

int
scan_check(const char *text, size_t n, enum scan_type *type, struct error *e)
{
	struct scan s = { .start = text, .end = text + n };

	s.p = skip_space(text, s.end);
	if (skip_value(&s, &s.p, type, e) < 0)
		return -1;
	s.p = skip_space(s.p, s.end);
	return s.p == s.end ? 0 : bad(&s, s.p, "something behind the value", e);
}

/* Behind the string that begins at p, its opening quote; *zero is set when it holds U+0000. */
static const char *
pass_string(const char *p, const char *end, bool *zero)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p != '\\')
			continue;
		*zero = *zero || (end - p > 5 && memcmp(p, "\\u0000", 6) == 0);
		p++;
	}
	return p < end ? p + 1 : end;
}

int
scan_carried(struct span json, struct error *e)
{
	const char *p = json.p, *end = json.p + json.n;
	bool zero = false;
	int depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = pass_string(p, end, &zero);
			continue;
		}
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		if (depth > SCAN_CARRIED)
			return error_set(e, ERROR_INPUT, "nested deeper than %d", SCAN_CARRIED);
		p++;
	}
	return zero ? error_set(e, ERROR_INPUT, "a string may not hold U+0000") : 0;
}

/* The escape at p (behind the backslash), already checked by skip_escape; what follows it. */
static const char *
escape_add(struct bytes *b, const char *p, const char *end, bool *zero)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	unsigned c = 0, low = 0;

	if (*p != 'u') {
		bytes_char(b, to[strchr(from, *p) - from]);
		return p + 1;
	}
	hex4(p + 1, end, &c);
	*zero = *zero || c == 0;
	p += 5;
	if (c >= 0xd800 && c <= 0xdbff) {
		hex4(p + 2, end, &low);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	bytes_utf8(b, c);
	return p;
}

int
scan_text(const struct scan_value *v, struct bytes *into, struct error *e)
{
	const char *p = v->raw.p + 1, *end = v->raw.p + v->raw.n - 1;
	bool zero = false;

	if (v->type != SCAN_STRING)
		return error_set(e, ERROR_INPUT, "expected a string, found %s",
		    scan_type_name(v->type));
	while (p < end) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));

		if (stop == NULL)
			stop = end;
		bytes_add(into, p, (size_t)(stop - p));
		p = stop == end ? end : escape_add(into, stop + 1, end, &zero);
	}
	if (zero)
		return error_set(e, ERROR_INPUT, "a string may not hold U+0000");
	return 0;
}

bool
scan_text_is(const struct scan_value *v, const char *text)
{
	return v->type == SCAN_STRING &&
	    span_is((struct span){ v->raw.p + 1, v->raw.n - 2 }, text);
}

int
scan_integer(const struct scan_value *v, int64_t min, int64_t max, int64_t *out, struct error *e)
{
	if (v->type != SCAN_NUMBER)
		return error_set(e, ERROR_INPUT, "expected a number, found %s",
		    scan_type_name(v->type));
	return number_parse(v->raw.p, v->raw.n, min, max, out, e);
}

int
scan_seconds(const struct scan_value *v, int64_t *ns, struct error *e)
{
	char text[40];
	double seconds;

	if (v->type != SCAN_NUMBER || v->raw.n >= sizeof(text))
		return error_set(e, ERROR_INPUT, "expected a number of seconds, found %s",
		    scan_type_name(v->type));
	memcpy(text, v->raw.p, v->raw.n);
	text[v->raw.n] = '\0';
	seconds = strtod(text, NULL);
	if (!(seconds >= 0 && seconds < 1e9))
		return error_set(e, ERROR_INPUT, "%s is not a number of seconds", text);
	*ns = (int64_t)(seconds * 1e9);
	return 0;
}

const char *
scan_type_name(enum scan_type type)
{
	static const char *const names[] = {
		[SCAN_NULL] = "null",
		[SCAN_FALSE] = "false",
		[SCAN_TRUE] = "true",
		[SCAN_NUMBER] = "a number",
		[SCAN_STRING] = "a string",
		[SCAN_ARRAY] = "an array",
		[SCAN_OBJECT] = "an object",
	};

	return names[type];
}
