#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "option.h"
#include "terminal.h"

/* No column but the last becomes narrower than this. */
#define CELL_MIN 12

void
table_open(struct table *t, const char *const *headings, size_t n)
{
	*t = (struct table){
		.terminal = isatty(STDOUT_FILENO),
		.color = terminal_color(STDOUT_FILENO, option_common.color),
		.columns = terminal_columns(STDOUT_FILENO),
		.ncolumns = n,
	};
	for (size_t i = 0; t->terminal && i < n; i++)
		table_text(t, headings[i], "2");
}

void
table_cell(struct table *t, struct span text, const char *sgr)
{
	AUTO_BYTES safe = { 0 };

	if (t->n == t->size) {
		t->size = t->size == 0 ? 64 : t->size * 2;
		t->cells = xrealloc(t->cells, t->size, sizeof(*t->cells));
	}
	/* one line, no tab: a cell stays a cell */
	terminal_fit(&safe, text.p, text.n, 1 << 16);
	t->cells[t->n++] = (struct table_cell){ bytes_give(&safe), sgr };
}

void
table_text(struct table *t, const char *text, const char *sgr)
{
	table_cell(t, (struct span){ text, strlen(text) }, sgr);
}

static int
width_of(const char *text)
{
	int width = 0;
	size_t length;

	for (size_t n = strlen(text); n > 0; n -= length, text += length)
		width += terminal_width(text, n, &length);
	return width;
}

static void
widths_find(const struct table *t, int *widths)
{
	memset(widths, 0, TABLE_COLUMNS * sizeof(*widths));
	for (size_t i = 0; i < t->n; i++) {
		int width = width_of(t->cells[i].text);

		if (width > widths[i % t->ncolumns])
			widths[i % t->ncolumns] = width;
	}
}

/* One long cell is not to push the last column off the screen: that gets half of it, if it needs so much, and
 * the widest of the others become narrower. */
static void
widths_squeeze(const struct table *t, int *widths)
{
	size_t last = t->ncolumns - 1;
	int left = t->columns - (widths[last] < t->columns / 2 ? widths[last] : t->columns / 2);

	for (size_t i = 0; i < last; i++)
		left -= widths[i] + 2;
	while (left < 0) {
		size_t widest = 0;

		for (size_t i = 1; i < last; i++)
			widest = widths[i] > widths[widest] ? i : widest;
		if (widths[widest] <= CELL_MIN)
			return;
		widths[widest]--;
		left++;
	}
}

/* Adds a row as it looks on a terminal: columns filled with spaces, the last one cut at the edge. */
static void
row_align(struct bytes *b, const struct table *t, const struct table_cell *row, const int *widths)
{
	int left = t->columns;

	for (size_t i = 0; i < t->ncolumns; i++) {
		const char *sgr = t->color ? row[i].sgr : NULL;
		bool last = i + 1 == t->ncolumns;
		int width = last || widths[i] > left ? left : widths[i], used;

		if (sgr != NULL)
			bytes_format(b, "\033[%sm", sgr);
		used = (last ? terminal_fit : terminal_squeeze)(b, row[i].text, strlen(row[i].text),
		    width > 0 ? width : 0);
		if (sgr != NULL)
			bytes_text(b, "\033[m");
		left -= widths[i] + 2;
		for (int gap = widths[i] + 2 - used; !last && left > 0 && gap > 0; gap--)
			bytes_char(b, ' ');
	}
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->len--;
	bytes_char(b, '\n');
}

static void
row_plain(struct bytes *b, const struct table *t, const struct table_cell *row)
{
	for (size_t i = 0; i < t->ncolumns; i++) {
		bytes_text(b, row[i].text);
		bytes_char(b, i + 1 == t->ncolumns ? '\n' : '\t');
	}
}

void
table_close(struct table *t)
{
	AUTO_BYTES out = { 0 };
	int widths[TABLE_COLUMNS];

	widths_find(t, widths);
	if (t->terminal && t->ncolumns > 1)
		widths_squeeze(t, widths);
	for (size_t i = 0; i + t->ncolumns <= t->n; i += t->ncolumns) {
		if (t->terminal)
			row_align(&out, t, t->cells + i, widths);
		else
			row_plain(&out, t, t->cells + i);
	}
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){ 0 };
}
