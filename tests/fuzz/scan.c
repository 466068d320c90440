/* A text that scan accepts is what a plain recursive reading of RFC 8259 accepts, and the other
 * way round. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The plain twin: each function reads one production at p and gives what follows it, or NULL. */
static const char *value(const char *p, const char *end, int depth);

static const char *
space(const char *p, const char *end)
{
	while (p < end && memchr(" \t\r\n", *p, 4) != NULL)
		p++;
	return p;
}

static int
digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

static int
hex(const char *p, const char *end)
{
	unsigned code = 0;

	for (int i = 0; i < 4; i++, p++) {
		if (p == end)
			return -1;
		if (digit(p, end))
			code = code << 4 | (unsigned)(*p - '0');
		else if ((*p >= 'a' && *p <= 'f') || (*p >= 'A' && *p <= 'F'))
			code = code << 4 | (unsigned)((*p & 7) + 9);
		else
			return -1;
	}
	return (int)code;
}

/* One character beyond ASCII: its code is put together and must have needed all its bytes. */
static const char *
character(const char *p, const char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*p;
	int length = first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
	uint32_t code = first & (0x7fU >> length);

	if (length == 0 || end - p < length)
		return NULL;
	for (int i = 1; i < length; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return NULL;
		code = code << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return NULL;
	return p + length;
}

static const char *
escape(const char *p, const char *end)
{
	int code, low;

	if (p == end)
		return NULL;
	if (*p != 'u')
		return memchr("\"\\/bfnrt", *p, 8) != NULL ? p + 1 : NULL;
	code = hex(p + 1, end);
	if (code < 0 || (code & 0xfc00) == 0xdc00)
		return NULL;
	if ((code & 0xfc00) != 0xd800)
		return p + 5;
	if (end - p < 7 || p[5] != '\\' || p[6] != 'u')
		return NULL;
	low = hex(p + 7, end);
	return low >= 0 && (low & 0xfc00) == 0xdc00 ? p + 11 : NULL;
}

static const char *
string(const char *p, const char *end)
{
	if (p == end || *p++ != '"')
		return NULL;
	while (p != NULL && p < end && *p != '"') {
		if (*p == '\\')
			p = escape(p + 1, end);
		else if ((unsigned char)*p >= 0x80)
			p = character(p, end);
		else
			p = (unsigned char)*p < 0x20 ? NULL : p + 1;
	}
	return p == NULL || p == end ? NULL : p + 1;
}

static const char *
number(const char *p, const char *end)
{
	p += *p == '-';
	if (!digit(p, end))
		return NULL;
	if (*p++ != '0') {
		while (digit(p, end))
			p++;
	}
	if (p < end && *p == '.') {
		if (!digit(++p, end))
			return NULL;
		while (digit(p, end))
			p++;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		if (!digit(p, end))
			return NULL;
		while (digit(p, end))
			p++;
	}
	return p;
}

static const char *
word(const char *p, const char *end, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(end - p) >= n && memcmp(p, text, n) == 0 ? p + n : NULL;
}

static const char *
member(const char *p, const char *end, int depth, char close)
{
	if (close == '}') {
		p = string(p, end);
		if (p == NULL)
			return NULL;
		p = space(p, end);
		if (p == end || *p != ':')
			return NULL;
		p = space(p + 1, end);
	}
	return value(p, end, depth);
}

static const char *
collection(const char *p, const char *end, int depth)
{
	char close = *p == '{' ? '}' : ']';

	if (depth == 0)
		return NULL;
	p = space(p + 1, end);
	if (p < end && *p == close)
		return p + 1;
	for (;;) {
		p = member(p, end, depth - 1, close);
		if (p == NULL)
			return NULL;
		p = space(p, end);
		if (p < end && *p == close)
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = space(p + 1, end);
	}
}

static const char *
value(const char *p, const char *end, int depth)
{
	if (p == end)
		return NULL;
	switch (*p) {
	case '{':
	case '[':
		return collection(p, end, depth);
	case '"':
		return string(p, end);
	case 't':
		return word(p, end, "true");
	case 'f':
		return word(p, end, "false");
	case 'n':
		return word(p, end, "null");
	default:
		return digit(p, end) || *p == '-' ? number(p, end) : NULL;
	}
}

static int
twin(const char *text, size_t n, int depth)
{
	const char *end = text + n, *p = value(space(text, end), end, depth);

	return p != NULL && space(p, end) == end ? 0 : -1;
}

/* Decoded, written and decoded again, a text is the same. */
static void
check_text(const struct scan_value *v)
{
	AUTO_BYTES once = { 0 };
	AUTO_BYTES written = { 0 };
	AUTO_BYTES twice = { 0 };
	struct scan_value again = { SCAN_STRING, { NULL, 0 } };

	if (scan_text(v, &once, NULL) < 0)
		return;
	emit_string(&written, once.data, once.len);
	again.raw = (struct span){ written.data, written.len };
	if (twin(written.data, written.len, 1) < 0 || scan_text(&again, &twice, NULL) < 0 ||
	    twice.len != once.len || (once.len > 0 && memcmp(once.data, twice.data, once.len) != 0))
		abort();
}

/* The members that a walk finds are values of their own, one behind the other. */
static int
walk(const char *text, size_t n)
{
	struct scan s;
	struct scan_member m;
	const char *behind = text;
	int got;

	if (scan_open(&s, text, n, NULL) < 0)
		return -1;
	while ((got = scan_next(&s, &m, NULL)) > 0) {
		enum scan_type type;
		int64_t number_is;

		if (m.from < behind || m.value.raw.p < m.from || m.value.raw.n == 0 ||
		    m.value.raw.p + m.value.raw.n > text + n)
			abort();
		behind = m.value.raw.p + m.value.raw.n;
		if (twin(m.value.raw.p, m.value.raw.n, SCAN_DEPTH - 1) < 0 ||
		    scan_check(m.value.raw.p, m.value.raw.n, &type, NULL) < 0 || type != m.value.type)
			abort();
		if (m.value.type == SCAN_STRING)
			check_text(&m.value);
		scan_integer(&m.value, INT64_MIN, INT64_MAX, &number_is, NULL);
		scan_seconds(&m.value, &number_is, NULL);
	}
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	enum scan_type type;
	const char *first = space(text, text + n);
	int whole = first < text + n && (*first == '{' || *first == '[');

	if ((scan_check(text, n, &type, NULL) == 0) != (twin(text, n, SCAN_DEPTH - 1) == 0))
		abort();
	if ((walk(text, n) == 0) != (whole && twin(text, n, SCAN_DEPTH) == 0))
		abort();
	return 0;
}
