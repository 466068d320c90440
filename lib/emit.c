#include "emit.h"

#include <string.h>

#include "kernel.h"
#include "timestamp.h"
#include "utf8.h"

static bool
plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Whether any byte of the word is zero (both tests: Anderson, Bit Twiddling Hacks). */
static uint64_t
has_zero(uint64_t word)
{
	return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* How many plain bytes stand at p. Eight at a time: lines of logs are written at 1.5 times the
 * speed. */
static size_t
plain_run(const char *p, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	size_t at = 0;

	for (; n - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
		uint64_t word, bad;

		memcpy(&word, p + at, sizeof(word));
		/* over 0x7f, below 0x20, DEL, quote, backslash */
		bad = (word & tops) | ((word - ones * 0x20) & ~word & tops) |
		    has_zero(word ^ ones * 0x7f) | has_zero(word ^ ones * '"') | has_zero(word ^ ones * '\\');
		if (bad != 0)
			break;
	}
	while (at < n && plain((unsigned char)p[at]))
		at++;
	return at;
}

static void
escape(struct bytes *b, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = strchr(from, c);

	if (c != '\0' && found != NULL) {
		bytes_char(b, '\\');
		bytes_char(b, to[found - from]);
	} else {
		bytes_format(b, "\\u%04x", c);
	}
}

void
emit_string(struct bytes *b, const char *p, size_t n)
{
	size_t at = 0;

	bytes_char(b, '"');
	while (at < n) {
		size_t run = plain_run(p + at, n - at), length;

		bytes_add(b, p + at, run);
		at += run;
		if (at == n)
			break;
		if ((unsigned char)p[at] < 0x80) {
			escape(b, (unsigned char)p[at++]);
			continue;
		}
		length = utf8_length(p + at, n - at);
		if (length == 0) {
			bytes_text(b, "\xef\xbf\xbd");
			at++;
		} else {
			bytes_add(b, p + at, length);
			at += length;
		}
	}
	bytes_char(b, '"');
}

void
emit_open(struct bytes *b)
{
	bytes_char(b, '{');
}

void
emit_event(struct bytes *b, const char *type)
{
	bytes_text(b, "{\"type\":\"");
	bytes_text(b, type);
	bytes_text(b, "\",\"time\":\"");
	timestamp_write(b, kernel.wall());
	bytes_char(b, '"');
}

void
emit_key(struct bytes *b, const char *key)
{
	if (b->len > 0 && b->data[b->len - 1] != '{')
		bytes_char(b, ',');
	bytes_char(b, '"');
	bytes_text(b, key);
	bytes_text(b, "\":");
}

void
emit_text(struct bytes *b, const char *key, const char *text)
{
	emit_key(b, key);
	emit_string(b, text, strlen(text));
}

void
emit_span(struct bytes *b, const char *key, struct span text)
{
	emit_key(b, key);
	emit_string(b, text.p, text.n);
}

void
emit_integer(struct bytes *b, const char *key, int64_t value)
{
	emit_key(b, key);
	bytes_number(b, value);
}

void
emit_bool(struct bytes *b, const char *key, bool value)
{
	emit_key(b, key);
	bytes_text(b, value ? "true" : "false");
}

void
emit_seconds(struct bytes *b, const char *key, int64_t ns)
{
	int64_t ms = ns < 0 ? 0 : (ns + 500000) / 1000000;

	emit_key(b, key);
	bytes_number(b, ms / 1000);
	if (ms % 1000 != 0) {
		char digits[3] = { (char)('0' + ms % 1000 / 100), (char)('0' + ms % 100 / 10),
			(char)('0' + ms % 10) };
		size_t n = digits[2] != '0' ? 3 : digits[1] != '0' ? 2 : 1;

		bytes_char(b, '.');
		bytes_add(b, digits, n);
	}
}

void
emit_time(struct bytes *b, const char *key, int64_t ns)
{
	emit_key(b, key);
	bytes_char(b, '"');
	timestamp_write(b, ns);
	bytes_char(b, '"');
}

void
emit_raw(struct bytes *b, const char *key, struct span json)
{
	emit_key(b, key);
	bytes_add(b, json.p, json.n);
}

void
emit_list(struct bytes *b, const char *key, const char *const *texts, size_t n)
{
	emit_key(b, key);
	bytes_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(b, ',');
		emit_string(b, texts[i], strlen(texts[i]));
	}
	bytes_char(b, ']');
}

void
emit_line(struct bytes *b)
{
	bytes_text(b, "}\n");
}
