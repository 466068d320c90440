/*
 * textfile: text files that people write by hand, of lines NAME=VALUE and the like, whatever editor and
 * system they come from: a line ends in LF or CRLF, and a byte order mark (U+FEFF) may stand in front.
 */
#ifndef MCI_TEXTFILE_H
#define MCI_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* Appends all of the file. Blocks as reading does. 0, or -1 with an error that names it: it cannot be
 * read, or has more than limit bytes. */
int textfile_read(struct bytes *into, const char *path, size_t limit, struct error *e);

/* A text that is cut into lines, begun as { .rest = text }. */
struct textfile_lines {
	struct span rest;
	size_t number; /* of the line that was cut last, from 1 */
};

/* Cuts the next line, without its end; false when there is none. The last one may lack its end. */
bool textfile_line(struct textfile_lines *l, struct span *line);

#endif
