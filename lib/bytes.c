#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void
bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

char *
bytes_reserve(struct bytes *b, size_t n)
{
	size_t need = b->len + n;
	size_t size = b->size == 0 ? 128 : b->size;

	if (need > b->size) {
		while (size < need)
			size *= 2;
		b->data = xrealloc(b->data, size, 1);
		b->size = size;
	}
	return b->data + b->len;
}

void
bytes_add(struct bytes *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(bytes_reserve(b, n), p, n);
	b->len += n;
}

void
bytes_text(struct bytes *b, const char *text)
{
	bytes_add(b, text, strlen(text));
}

void
bytes_char(struct bytes *b, char c)
{
	bytes_add(b, &c, 1);
}

void
bytes_number(struct bytes *b, int64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		digits[--at] = '-';
	bytes_add(b, digits + at, sizeof(digits) - at);
}

void
bytes_utf8(struct bytes *b, uint32_t c)
{
	if (c < 0x80) {
		bytes_char(b, (char)c);
	} else if (c < 0x800) {
		bytes_char(b, (char)(0xc0 | c >> 6));
		bytes_char(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		bytes_char(b, (char)(0xe0 | c >> 12));
		bytes_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		bytes_char(b, (char)(0x80 | (c & 0x3f)));
	} else {
		bytes_char(b, (char)(0xf0 | c >> 18));
		bytes_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
		bytes_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
		bytes_char(b, (char)(0x80 | (c & 0x3f)));
	}
}

void
bytes_format(struct bytes *b, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(bytes_reserve(b, 128), 128, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n >= 128) {
		va_start(ap, format);
		vsnprintf(bytes_reserve(b, (size_t)n + 1), (size_t)n + 1, format, ap);
		va_end(ap);
	}
	b->len += (size_t)n;
}

void
bytes_drop(struct bytes *b, size_t n)
{
	if (n == 0)
		return;
	b->len -= n;
	memmove(b->data, b->data + n, b->len);
}

void
bytes_fit(struct bytes *b)
{
	if (b->len == 0) {
		bytes_free(b);
	} else if (b->len < b->size) {
		b->data = xrealloc(b->data, b->len, 1);
		b->size = b->len;
	}
}

const char *
bytes_string(struct bytes *b)
{
	*bytes_reserve(b, 1) = '\0';
	return b->data;
}

char *
bytes_give(struct bytes *b)
{
	char *data;

	bytes_string(b);
	data = b->data;
	*b = (struct bytes){ 0 };
	return data;
}

int
span_is(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.n == n && (n == 0 || memcmp(s.p, text, n) == 0);
}
