/*
 * hexdump: reads the lines that xxd(1), hexdump(1) and od(1) make of bytes, and xxd -i: an offset
 * or blanks, the bytes as groups of hexadecimal or octal digits or as characters (od -c), and
 * perhaps the text beside them.
 */
#ifndef MCI_HEXDUMP_H
#define MCI_HEXDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer line, or one of more bytes, is none. */
#define HEXDUMP_LINE 1200
#define HEXDUMP_BYTES 256

struct hexdump {
	size_t n;
	unsigned char bytes[HEXDUMP_BYTES];
	/* where each stands in the line; in a group whose bytes are turned round, the group */
	uint16_t at[HEXDUMP_BYTES], length[HEXDUMP_BYTES];
};

/* The value of a hexadecimal digit; -1 when it is none. */
static inline int
hexdump_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f'    ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F'    ? c - 'A' + 10 :
				      -1;
}

/* The least digits of an offset: od -A x has 6, od 7, the others 8. */
#define HEXDUMP_OFFSET 6

bool hexdump_begins(const char *line, size_t n);
/* Whether a line (without its newline) may be one, or become one when more of it comes: one look at
 * its beginning. Most lines are told by one or two bytes. */
static inline bool
hexdump_maybe(const char *line, size_t n)
{
	return n > 0 &&
	    (line[0] == ' ' ||
		(hexdump_digit(line[0]) >= 0 &&
		    (n < HEXDUMP_OFFSET || hexdump_digit(line[HEXDUMP_OFFSET - 1]) >= 0))) &&
	    hexdump_begins(line, n);
}
/* Reads one; false when it is none. */
bool hexdump_read(struct hexdump *d, const char *line, size_t n);
/* Of a line whose end has not come: where bytes may begin in it, n when none are there yet, or when
 * it can be none any more. */
size_t hexdump_open(const char *line, size_t n);

#endif
