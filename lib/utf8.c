#include "utf8.h"

#include <stdint.h>
#include <string.h>

size_t
utf8_length(const char *text, size_t n)
{
	/* the well-formed sequences of RFC 3629 section 4, by first byte */
	static const struct {
		unsigned char first_low, first_high, second_low, second_high, length;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t length = rows[i].length;

		if (p[0] < rows[i].first_low || p[0] > rows[i].first_high)
			continue;
		if (n < length || p[1] < rows[i].second_low || p[1] > rows[i].second_high)
			return 0;
		for (size_t k = 2; k < length; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return length;
	}
	return 0;
}

/* How many bytes at p, in whole words, are ASCII. */
static size_t
ascii_run(const char *p, size_t n)
{
	size_t at = 0;
	uint64_t word;

	for (; n - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, p + at, sizeof(word));
		if ((word & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	return at;
}

bool
utf8_valid(const char *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t length = ascii_run(p + at, n - at);

		if (length == 0)
			length = utf8_length(p + at, n - at);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}
