#include "encodings.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"
#include "utf8.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define XXD_LINE 30 /* bytes */

struct output {
	void (*form)(void *arg, const void *bytes, size_t length);
	void *arg;
	struct bytes text; /* the form that is being made */
};

static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";

static void
give(struct output *o)
{
	if (o->text.len > 0)
		o->form(o->arg, o->text.data, o->text.len);
	o->text.len = 0;
}

static void
hex_put(struct bytes *b, unsigned char c, const char *digits)
{
	bytes_char(b, digits[c >> 4]);
	bytes_char(b, digits[c & 15]);
}

static void
hex_each(struct output *o, const unsigned char *p, size_t n)
{
	static const char *const digits[] = { upper, lower };

	for (size_t i = 0; i < COUNT(digits); i++) {
		for (size_t at = 0; at < n; at++)
			hex_put(&o->text, p[at], digits[i]);
		give(o);
	}
	for (size_t at = 0; at < n; at++) {
		hex_put(&o->text, p[at], lower);
		if (at % XXD_LINE == XXD_LINE - 1)
			give(o);
	}
	give(o);
}

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits from bit at on, of bytes that are followed by zeros. */
static unsigned
six_bits(const unsigned char *p, size_t n, size_t at)
{
	size_t byte = at / 8;
	unsigned pair = (unsigned)p[byte] << 8 | (byte + 1 < n ? p[byte + 1] : 0);

	return pair >> (10 - at % 8) & 63;
}

/* Appends the characters that hold bits of p alone, which stands behind skip bytes (0 to 2) of a group of
 * three; with end also the last one when the encoded bytes end there. */
static void
base64_put(struct bytes *b, const unsigned char *p, size_t n, size_t skip, const char *alphabet,
    bool end)
{
	static const size_t first[] = { 0, 4, 2 }; /* bits of p in the character shared with what is before */
	size_t bits = n * 8;

	for (size_t at = first[skip]; end ? at < bits : at + 6 <= bits; at += 6)
		bytes_char(b, alphabet[six_bits(p, n, at)]);
}

static void
base64_lines(struct output *o, const unsigned char *p, size_t n, size_t width)
{
	size_t step = width / 4 * 3;

	for (size_t at = 0; at < n && n > step; at += step) {
		base64_put(&o->text, p + at, n - at < step ? n - at : step, 0, standard, true);
		give(o);
	}
}

static void
base64_each(struct output *o, const unsigned char *p, size_t n)
{
	static const char *const alphabets[] = { standard, url_safe };

	for (size_t i = 0; i < COUNT(alphabets) * 6; i++) {
		base64_put(&o->text, p, n, i % 3, alphabets[i / 6], i / 3 % 2 == 1);
		give(o);
	}
	base64_lines(o, p, n, 76);
	base64_lines(o, p, n, 64);
}

static bool
alphanumeric(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* What stays as it is, beside letters and digits. */
static const struct url {
	const char *plain;
	const char *digits;
	bool plus; /* a blank is '+' */
} urls[] = {
	{ "-._~", upper, false },                       /* RFC 3986 */
	{ "-._~", lower, false },
	{ "-._~/", upper, false },                      /* paths */
	{ "-._~!'()*", upper, false },                  /* encodeURIComponent */
	{ "-._~!'()*;/?:@&=+$,#", upper, false },       /* encodeURI */
	{ "-._*", upper, true },                        /* forms */
	{ "-._~", upper, true },
};

static void
url_each(struct output *o, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < COUNT(urls); i++) {
		for (size_t at = 0; at < n; at++) {
			if (alphanumeric(p[at]) || (p[at] != '\0' && strchr(urls[i].plain, p[at]) != NULL)) {
				bytes_char(&o->text, (char)p[at]);
			} else if (p[at] == ' ' && urls[i].plus) {
				bytes_char(&o->text, '+');
			} else {
				bytes_char(&o->text, '%');
				hex_put(&o->text, p[at], urls[i].digits);
			}
		}
		give(o);
	}
}

/* What is escaped although it need not be. */
static const struct json {
	const char *more;
	bool ascii; /* all but ASCII, as UTF-16 */
	const char *digits;
} jsons[] = {
	{ "", false, lower },
	{ "", false, upper },
	{ "\x7f", false, lower },
	{ "/", false, lower },
	{ "<>&", false, lower },
	{ "", true, lower },
	{ "/", true, lower },
	{ "\x7f", true, lower },
};

static void
json_unit(struct bytes *b, unsigned unit, const char *digits)
{
	bytes_text(b, "\\u");
	hex_put(b, (unsigned char)(unit >> 8), digits);
	hex_put(b, (unsigned char)unit, digits);
}

static void
json_ascii(struct bytes *b, const struct json *j, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = c == '\0' ? NULL : strchr(from, c);

	if (found != NULL) {
		bytes_char(b, '\\');
		bytes_char(b, to[found - from]);
	} else if (c == '/' && strchr(j->more, c) != NULL) {
		bytes_text(b, "\\/");
	} else if (c < 0x20 || strchr(j->more, c) != NULL) {
		json_unit(b, c, j->digits);
	} else {
		bytes_char(b, (char)c);
	}
}

static void
json_wide(struct bytes *b, const struct json *j, const unsigned char *p, size_t length)
{
	unsigned code = p[0] & (0xffU >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (p[i] & 0x3f);
	if (code < 0x10000) {
		json_unit(b, code, j->digits);
		return;
	}
	json_unit(b, 0xd800 + ((code - 0x10000) >> 10), j->digits);
	json_unit(b, 0xdc00 + ((code - 0x10000) & 0x3ff), j->digits);
}

static void
json_each(struct output *o, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < COUNT(jsons); i++) {
		for (size_t at = 0; at < n;) {
			size_t length = utf8_length((const char *)p + at, n - at);

			if (p[at] < 0x80)
				json_ascii(&o->text, &jsons[i], p[at]);
			else if (length > 0 && jsons[i].ascii)
				json_wide(&o->text, &jsons[i], p + at, length);
			else
				bytes_add(&o->text, p + at, length > 0 ? length : 1);
			at += length > 0 ? length : 1;
		}
		give(o);
	}
}

/* Between single quotes only the quote itself is written another way. */
static void
shell_single(struct bytes *b, unsigned char c)
{
	if (c == '\'')
		bytes_text(b, "'\\''");
	else
		bytes_char(b, (char)c);
}

static void
shell_single_double(struct bytes *b, unsigned char c)
{
	if (c == '\'')
		bytes_text(b, "'\"'\"'");
	else
		bytes_char(b, (char)c);
}

static void
shell_double(struct bytes *b, unsigned char c)
{
	if (c != '\0' && strchr("$`\"\\", c) != NULL)
		bytes_char(b, '\\');
	bytes_char(b, (char)c);
}

/* A backslash before everything that means something to a shell. */
static void
shell_backslash(struct bytes *b, unsigned char c)
{
	if (c < 0x80 && !alphanumeric(c) && (c == '\0' || strchr("_-./:=@%+#~", c) == NULL))
		bytes_char(b, '\\');
	bytes_char(b, (char)c);
}

/* $'...' */
static void
shell_dollar(struct bytes *b, unsigned char c)
{
	static const char from[] = "\a\b\033\f\n\r\t\v'\\", to[] = "abEfnrtv'\\";
	const char *found = c == '\0' ? NULL : strchr(from, c);

	if (found != NULL) {
		bytes_char(b, '\\');
		bytes_char(b, to[found - from]);
	} else if (c < 0x20 || c == 0x7f) {
		bytes_format(b, "\\%03o", c);
	} else {
		bytes_char(b, (char)c);
	}
}

/* The same where the locale has only ASCII. */
static void
shell_dollar_ascii(struct bytes *b, unsigned char c)
{
	if (c >= 0x80)
		bytes_format(b, "\\%03o", c);
	else
		shell_dollar(b, c);
}

static void (*const shells[])(struct bytes *b, unsigned char c) = {
	shell_single, shell_single_double, shell_double, shell_backslash, shell_dollar,
	shell_dollar_ascii,
};

static void
shell_each(struct output *o, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < COUNT(shells); i++) {
		for (size_t at = 0; at < n; at++)
			shells[i](&o->text, p[at]);
		give(o);
	}
}

void
encodings_each(const void *p, size_t n,
    void (*form)(void *arg, const void *bytes, size_t length), void *arg)
{
	static void (*const families[])(struct output *o, const unsigned char *p, size_t n) = {
		hex_each, base64_each, url_each, json_each, shell_each,
	};
	struct output o = { .form = form, .arg = arg };

	form(arg, p, n);
	for (size_t i = 0; i < COUNT(families); i++)
		families[i](&o, p, n);
	bytes_free(&o.text);
}
