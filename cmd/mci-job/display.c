#include "display.h"

#include <unistd.h>

#include "kernel.h"
#include "terminal.h"

#define SHOWN_LIMIT (64 * 1024) /* of one line; a longer one is shown cut */

void
display_open(struct display *d, int fd, const char *name, struct bytes *into)
{
	*d = (struct display){ .fd = fd, .into = into, .name = name, .lines.limit = SHOWN_LIMIT };
	d->terminal = isatty(into != NULL ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

static void
show(struct display *d, struct bytes *b, struct span line)
{
	bytes_text(b, d->name);
	bytes_text(b, " | ");
	if (d->terminal)
		terminal_safe(b, line.p, line.n, true);
	else
		bytes_add(b, line.p, line.n);
	bytes_char(b, '\n');
}

/* Standard error may be gone or full: what is shown there is a courtesy. */
static void
shown(struct display *d, struct bytes *b)
{
	if (b != d->into)
		(void)!kernel_write_all(STDERR_FILENO, b->data, b->len);
}

void
display_update(struct display *d)
{
	AUTO_BYTES own = { 0 };
	struct bytes *b = d->into != NULL ? d->into : &own;
	struct span line;

	if (d->fd < 0)
		return;
	while (line_read(&d->lines, d->fd) > 0) {
		while (line_next(&d->lines, &line) != LINE_NONE)
			show(d, b, line);
	}
	shown(d, b);
}

void
display_close(struct display *d)
{
	AUTO_BYTES own = { 0 };
	struct bytes *b = d->into != NULL ? d->into : &own;
	struct span rest;

	if (d->fd < 0)
		return;
	display_update(d);
	rest = line_rest(&d->lines);
	if (rest.n > 0) {
		show(d, b, rest);
		shown(d, b);
	}
	line_free(&d->lines);
	close(d->fd);
	d->fd = -1;
}
