/* table: rows of cells on standard output: aligned and coloured with a heading on a terminal, where long
 * cells are shortened in the middle, separated by tabs and plain anywhere else. */
#ifndef MCI_TABLE_H
#define MCI_TABLE_H

#include <stdbool.h>

#include "bytes.h"

#define TABLE_COLUMNS 10

struct table {
	bool terminal, color;
	int columns;              /* of the terminal */
	size_t ncolumns;
	struct table_cell {
		char *text;
		const char *sgr;  /* NULL: none */
	} *cells;
	size_t n, size;
};

/* The headings set the number of columns. */
void table_open(struct table *t, const char *const *headings, size_t n);
/* The next cell; rows fill from the left. sgr may be NULL. */
void table_cell(struct table *t, struct span text, const char *sgr);
void table_text(struct table *t, const char *text, const char *sgr);
/* Prints and frees. */
void table_close(struct table *t);

#endif
