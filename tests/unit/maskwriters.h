/* Ways in which programs write a byte string that is found nevertheless: what kind and seed choose.
 */
#ifndef MASKWRITERS_H
#define MASKWRITERS_H

#include <stdint.h>
#include <string.h>

#include "bytes.h"

struct writer_seed {
	uint64_t state; /* so that a failure can be had again */
};

static size_t
writer_any(struct writer_seed *s, size_t below)
{
	s->state = s->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (size_t)(s->state >> 33) % below;
}

/* In lines of any width, ended and indented in any way. */
static void
write_lines(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	static const char *const ends[] = { "\n", "\r\n", "\r\r\n", "\n    ", " \n", "\n\n", "\n\t",
		"\\n", "%0A", "%0d%0a" };
	const char *end = ends[writer_any(s, sizeof(ends) / sizeof(ends[0]))];
	size_t width = 1 + writer_any(s, 76), at = writer_any(s, width);

	for (size_t i = 0; i < n; i++) {
		bytes_char(b, (char)p[i]);
		if (++at % width == 0)
			bytes_text(b, end);
		/* rarely more than goes on behind it */
		if (at % width == 0 && writer_any(s, 200) == 0)
			bytes_format(b, "%*s", 240 + (int)writer_any(s, 30), "");
	}
}

static void
write_url(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '%' || p[i] < 0x20 || writer_any(s, 3) == 0)
			bytes_format(b, writer_any(s, 2) == 0 ? "%%%02x" : "%%%02X", p[i]);
		else
			bytes_char(b, (char)p[i]);
	}
}

static void
write_backslash(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t form = writer_any(s, 12);

		if (form == 0)
			bytes_format(b, "\\x%02x", p[i]);
		else if (form == 1)
			bytes_format(b, "\\%03o", p[i]);
		else if (form == 2 && p[i] < 0x80)
			bytes_format(b, "\\u%04x", p[i]);
		else if (form == 3 && p[i] < 0x80)
			bytes_format(b, "\\u{%x}", p[i]);
		else if (p[i] == '\n')
			bytes_text(b, "\\n");
		else if (p[i] == '\\' ||
		    (form < 8 && strchr("\"'$` /+&", p[i]) != NULL && p[i] != '\0'))
			bytes_format(b, "\\%c", p[i]);
		else
			bytes_char(b, (char)p[i]);
	}
}

static void
write_entities(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '&' && writer_any(s, 2) == 0)
			bytes_text(b, "&amp;");
		else if ((p[i] == '&' || writer_any(s, 4) == 0) && p[i] < 0x80)
			bytes_format(b, writer_any(s, 2) == 0 ? "&#%d;" : "&#x%x;", p[i]);
		else
			bytes_char(b, (char)p[i]);
	}
}

/* What a run of white space looks like elsewhere. */
static void
write_blanks(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	static const char *const runs[] = { " ", "  ", "\n", "\r\n", "\t", "\n   ", "\r\r\n" };

	for (size_t i = 0; i < n; i++) {
		if (p[i] != ' ' && p[i] != '\n' && p[i] != '\t' && p[i] != '\r')
			bytes_char(b, (char)p[i]);
		else if (i == 0 ||
		    (p[i - 1] != ' ' && p[i - 1] != '\n' && p[i - 1] != '\t' && p[i - 1] != '\r'))
			bytes_text(b, runs[writer_any(s, sizeof(runs) / sizeof(runs[0]))]);
	}
}

/* As xxd, hexdump -C, od -tx1, od -x, od -c and od -An -tx1 have it, behind some other bytes. */
static void
write_dump(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	size_t style = writer_any(s, 6), front = writer_any(s, 17);
	AUTO_BYTES all = { 0 };

	for (size_t i = 0; i < front; i++)
		bytes_char(&all, "some other text.."[i]);
	bytes_add(&all, p, n);
	if (b->len > 0 && b->data[b->len - 1] != '\n')
		bytes_char(b, '\n');
	for (size_t line = 0; line < all.len; line += 16) {
		const unsigned char *q = (const unsigned char *)all.data + line;
		size_t k = all.len - line < 16 ? all.len - line : 16;

		if (style != 5)
			bytes_format(b,
			    style == 0     ? "%08zx: " :
				style == 1 ? "%08zx  " :
					     "%07zo",
			    line);
		for (size_t i = 0; i < k; i++) {
			if (style == 0)
				bytes_format(b, i % 2 == 0 ? "%02x" : "%02x ", q[i]);
			else if (style == 1)
				bytes_format(b, i == 7 ? "%02x  " : "%02x ", q[i]);
			else if (style == 2 || style == 5)
				bytes_format(b, " %02x", q[i]);
			else if (style == 3 && i % 2 == 0)
				bytes_format(b, " %02x%02x", i + 1 < k ? q[i + 1] : 0, q[i]);
			else if (style == 4 && (q[i] < 0x20 || q[i] >= 0x7f))
				bytes_format(b, q[i] == '\n' ? "  \\n" : " %03o", q[i]);
			else if (style == 4)
				bytes_format(b, "   %c", q[i]);
		}
		if (style < 2) {
			bytes_text(b, style == 0 ? "  " : " |");
			for (size_t i = 0; i < k; i++)
				bytes_char(b, q[i] < 0x20 || q[i] >= 0x7f ? '.' : (char)q[i]);
		}
		bytes_text(b, writer_any(s, 8) == 0 ? "\r\n" : "\n");
	}
}

static void
write_plain(struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n)
{
	(void)s;
	bytes_add(b, p, n);
}

static void (*const writers[])(
    struct bytes *b, struct writer_seed *s, const unsigned char *p, size_t n) = {
	write_plain,
	write_lines,
	write_url,
	write_backslash,
	write_entities,
	write_blanks,
	write_dump,
};
#define WRITERS (sizeof(writers) / sizeof(writers[0]))

#endif
