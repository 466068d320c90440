/* terminal: what a descriptor's terminal can do, its width, and text that is safe to show on it. */
#ifndef MCI_TERMINAL_H
#define MCI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/* Whether colour goes to fd: --color ("auto" or NULL, "always", "never"), NO_COLOR, TERM=dumb, isatty. */
bool terminal_color(int fd, const char *when);
/* Whether the cursor can be moved: a terminal, TERM set and not dumb. */
bool terminal_moves(int fd);
/* Columns: the terminal's, else $COLUMNS, else 80. Rows: the terminal's, else 24. */
int terminal_columns(int fd);
int terminal_rows(int fd);
/* How many columns a character takes (wcwidth); sets *length to its bytes. Invalid bytes count 1. */
int terminal_width(const char *p, size_t n, size_t *length);
/* Appends a text, whole, made safe for a terminal (safe.h). */
void terminal_safe(struct bytes *into, const char *p, size_t n, bool color);
/* Appends at most columns columns of one line (no newline), safe, without colour; their number. */
int terminal_fit(struct bytes *into, const char *p, size_t n, int columns);
/* The same, but what does not fit is left out in the middle, where an ellipsis stands: names differ at their
 * ends. */
int terminal_squeeze(struct bytes *into, const char *p, size_t n, int columns);

#endif
