/*
 * line: cuts a byte stream into lines. The caller adds what it read; line_next hands out whole
 * lines. A line over the bound is skipped to its end and reported once; the stream goes on
 * behind it.
 */
#ifndef MCI_LINE_H
#define MCI_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "kernel.h"

/* The bound of section 3 of the design: one message, its newline included. */
#define LINE_LIMIT (1024 * 1024)

enum line_result {
	LINE_NONE, /* nothing whole is there: read more */
	LINE_OK,
	LINE_LONG, /* a line over the limit was dropped; line.p holds its first bytes */
};

struct line_reader {
	struct bytes buffer;
	size_t at;       /* first byte not handed out */
	size_t searched; /* no newline before this */
	size_t limit;    /* LINE_LIMIT when 0 */
	uint64_t number; /* of the line handed out last, from 1 */
	bool skipping;   /* inside a line that was too long */
};

/* Reads once from fd into the buffer: bytes read, 0 at the end, -1 and errno (EAGAIN included). */
ssize_t line_read(struct line_reader *r, int fd);
/* The same, waiting where the descriptor does not block: -1 is a failure. */
ssize_t line_wait(struct line_reader *r, int fd);
/* Adds bytes that came another way. */
void line_add(struct line_reader *r, const void *p, size_t n);
/* The next line without its newline; borrowed until the next line_read, line_add or line_free. */
enum line_result line_next(struct line_reader *r, struct span *line);
/* All whole lines that are there, each with its newline, in one piece: for those who pass them
 * on. What is over the limit is reported as by line_next; number counts pieces. Borrowed as
 * above. */
enum line_result line_run(struct line_reader *r, struct span *lines);
/* What is left without a newline at the end of the stream; n is 0 when nothing is. */
struct span line_rest(const struct line_reader *r);
/* Takes up to n raw bytes (the data that follows a line) out of the buffer; borrowed as a line is. */
struct span line_take(struct line_reader *r, uint64_t n);
/* Drops the line that is not whole, as one over the limit is; it is the one with r->number then. False
 * when there is none, or whole lines stand before it. */
bool line_drop(struct line_reader *r);
/* Gives back the room that what is there does not need. */
void line_fit(struct line_reader *r);
void line_free(struct line_reader *r);

#endif
