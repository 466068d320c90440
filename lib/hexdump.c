#include "hexdump.h"

#include <string.h>

#define OFFSET_MOST 16
#define COLUMN 4 /* of od -c */

static bool
is_hex(char c)
{
	return hexdump_digit(c) >= 0;
}

static unsigned
value(char c)
{
	return (unsigned)hexdump_digit(c);
}

static size_t
hex_run(const char *p, size_t n, size_t limit)
{
	size_t run = 0;

	while (run < n && run < limit && is_hex(p[run]))
		run++;
	return run;
}

static size_t
blank_run(const char *p, size_t n)
{
	size_t run = 0;

	while (run < n && p[run] == ' ')
		run++;
	return run;
}

bool
hexdump_begins(const char *line, size_t n)
{
	size_t blanks = blank_run(line, n),
	       run = hex_run(line + blanks, n - blanks, OFFSET_MOST + 1);

	if (blanks + run == n)
		return true;
	if (blanks == 0)
		return run >= HEXDUMP_OFFSET && run <= OFFSET_MOST &&
		    (line[run] == ' ' || line[run] == ':');
	/* od -An, xxd -i, od -An -c */
	return (run >= 2 && line[blanks + run] == ' ') ||
	    (run == 1 && line[blanks] == '0' && line[blanks + 1] == 'x') ||
	    (blanks == 3 && (n == 4 || line[4] == ' ')) ||
	    (blanks == 2 && line[2] == '\\' && (n < 5 || line[4] == ' '));
}

static bool
put(struct hexdump *d, unsigned byte, size_t at, size_t length)
{
	if (d->n == HEXDUMP_BYTES)
		return false;
	d->bytes[d->n] = (unsigned char)byte;
	d->at[d->n] = (uint16_t)at;
	d->length[d->n] = (uint16_t)length;
	d->n++;
	return true;
}

/* A group of digits: bytes in hexadecimal, in their order or turned round, or octal numbers of one
 * or two bytes. */
static bool
group(struct hexdump *d, const char *line, size_t at, size_t length, bool turned)
{
	const char *p = line + at;
	size_t n = length / 2;

	if (length == 3)
		return put(d, value(p[0]) << 6 | value(p[1]) << 3 | value(p[2]), at, length);
	if (length == 6 && turned) {
		unsigned word = 0;

		for (size_t i = 0; i < length; i++)
			word = word << 3 | value(p[i]);
		return put(d, word & 0xff, at, length) && put(d, word >> 8, at, length);
	}
	for (size_t i = 0; i < n; i++) {
		size_t from = turned ? n - 1 - i : i;
		bool put_one = turned && n > 1 ?
		    put(d, value(p[from * 2]) << 4 | value(p[from * 2 + 1]), at, length) :
		    put(d, value(p[from * 2]) << 4 | value(p[from * 2 + 1]), at + from * 2, 2);

		if (!put_one)
			return false;
	}
	return true;
}

/* Groups from at on. Behind a colon they are as xxd writes them: in order, one blank between them.
 */
static bool
groups(struct hexdump *d, const char *line, size_t n, size_t at, bool colon)
{
	size_t first = 0;

	for (;;) {
		size_t blanks = blank_run(line + at, n - at), length;

		if (first != 0 && (blanks == 0 || (blanks > 1 && (colon || d->n >= 16))))
			break;
		length = hex_run(line + at + blanks, n - at - blanks, 17);
		if (first == 0)
			first = length;
		/* the last group of xxd may be shorter */
		if (length == 0 || (length != first && !(colon && length < first)) ||
		    !(length == 3 || length == 6 || length == 2 || length == 4 || length == 8 ||
			length == 16 || (colon && length % 2 == 0)))
			break;
		at += blanks;
		if (at + length < n && line[at + length] != ' ')
			break;
		if (!group(d, line, at, length, !colon))
			return false;
		at += length;
	}
	return d->n > 0;
}

/* "  0x67, 0x68," */
static bool
list(struct hexdump *d, const char *line, size_t n, size_t at)
{
	while (at + 4 <= n && line[at] == '0' && line[at + 1] == 'x' && is_hex(line[at + 2]) &&
	    is_hex(line[at + 3])) {
		if (!put(d, value(line[at + 2]) << 4 | value(line[at + 3]), at, 4))
			return false;
		at += 4;
		if (at < n && line[at] == ',')
			at++;
		at += blank_run(line + at, n - at);
	}
	return d->n > 0 && at >= n;
}

/* One column of od -c: "   g", "  \n", " 303". */
static int
character(const char *p)
{
	static const char from[] = "0abfnrtv", to[] = "\0\a\b\f\n\r\t\v";
	const char *found;

	if (p[0] != ' ')
		return -1;
	if (p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7')
		return (int)(value(p[1]) << 6 | value(p[2]) << 3 | value(p[3]));
	if (p[1] != ' ')
		return -1;
	if (p[2] == ' ')
		return (unsigned char)p[3];
	found = p[2] == '\\' && p[3] != '\0' ? strchr(from, p[3]) : NULL;
	return found == NULL ? -1 : (unsigned char)to[found - from];
}

static bool
characters(struct hexdump *d, const char *line, size_t n, size_t at)
{
	for (; at + COLUMN <= n; at += COLUMN) {
		size_t blanks = blank_run(line + at, COLUMN - 1);
		int c = character(line + at);

		if (c < 0 || !put(d, (unsigned)c, at + blanks, COLUMN - blanks))
			break;
	}
	/* od -cz has the text beside it */
	return d->n > 0 && (at >= n || line[at] == ' ');
}

/* Where the bytes begin: behind the offset, its colon and the blanks. */
static size_t
beginning(const char *line, size_t n, bool *colon)
{
	size_t at = hex_run(line, n, OFFSET_MOST + 1);

	*colon = at > 0 && at < n && line[at] == ':';
	at += *colon;
	return at + blank_run(line + at, n - at);
}

bool
hexdump_read(struct hexdump *d, const char *line, size_t n)
{
	size_t at;
	bool colon;

	d->n = 0;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n > HEXDUMP_LINE || !hexdump_maybe(line, n))
		return false;
	at = beginning(line, n, &colon);
	if (at + 2 <= n && line[at] == '0' && line[at + 1] == 'x')
		return list(d, line, n, at);
	/* a column of od -c begins with blanks */
	while (at > 0 && line[at - 1] == ' ')
		at--;
	if (!colon && characters(d, line, n, at))
		return true;
	d->n = 0;
	return groups(d, line, n, at, colon);
}

size_t
hexdump_open(const char *line, size_t n)
{
	struct hexdump d;
	size_t from, at, offset = hex_run(line, n, OFFSET_MOST + 1);
	bool colon;

	if (n > HEXDUMP_LINE || !hexdump_maybe(line, n))
		return n;
	from = at = beginning(line, n, &colon);
	/* the first column of od -c may be a blank */
	if (from > offset + COLUMN - 1)
		from = offset + COLUMN - 1;
	while (at < n && (is_hex(line[at]) || strchr(" x,", line[at]) != NULL))
		at++;
	/* one column, or one digit, is not read as yet */
	return at == n || n - from < COLUMN || hexdump_read(&d, line, n) ? from : n;
}
