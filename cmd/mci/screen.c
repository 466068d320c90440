#include "screen.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "standard.h"
#include "terminal.h"

#define COLUMNS_MIN 20
#define ROWS_MIN 3

void
screen_open(struct screen *s, int fd)
{
	*s = (struct screen){ .fd = fd, .moves = terminal_moves(fd) };
	screen_resize(s);
	s->torn = false;
}

void
screen_resize(struct screen *s)
{
	int columns = terminal_columns(s->fd), rows = terminal_rows(s->fd);

	s->columns = (columns < COLUMNS_MIN ? COLUMNS_MIN : columns) - 1;
	s->rows = (rows < ROWS_MIN ? ROWS_MIN : rows) - 1;
	s->torn = true;
}

/* Turns the terminal's echo off, or on again. A group in the background that speaks for its parent would be
 * stopped by this (SIGTTOU). */
static void
echo_set(struct screen *s, bool on)
{
	const tcflag_t flags = ECHO | ECHONL;
	struct termios t;
	sigset_t stop, old;

	if (on != s->hushed || tcgetattr(s->fd, &t) < 0 || (!on && !(t.c_lflag & ECHO)))
		return;
	if (!on)
		s->echo = t.c_lflag & flags;
	if (on)
		t.c_lflag |= s->echo;
	else
		t.c_lflag &= ~flags;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stop, &old);
	if (tcsetattr(s->fd, TCSANOW, &t) == 0)
		s->hushed = !on;
	sigprocmask(SIG_SETMASK, &old, NULL);
}

void
screen_leave(struct screen *s)
{
	echo_set(s, true);
	s->drawn = 0;
	s->live.len = 0;
}

bool
screen_ours(const struct screen *s)
{
	pid_t owner = tcgetpgrp(s->fd);

	/* a parent that put us into a group of our own still speaks through us */
	return owner < 0 || owner == getpgrp() || owner == getpgid(getppid());
}

/* Columns of a line that was drawn; colours take none. */
static int
line_width(const char *p, size_t n)
{
	int width = 0;
	size_t at = 0, length;

	while (at < n) {
		const char *end = p[at] == '\033' ? memchr(p + at, 'm', n - at) : NULL;

		if (end != NULL) {
			at = (size_t)(end - p) + 1;
			continue;
		}
		width += terminal_width(p + at, n - at, &length);
		at += length;
	}
	return width;
}

/* Rows that the area takes after the terminal became narrower: today's terminals wrap what is there. */
static int
rows_wrapped(const struct screen *s)
{
	int rows = 0, columns = s->columns + 1;
	const char *p = s->live.data, *end = p + s->live.len;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		int width = line_width(p, (size_t)(stop - p));

		rows += width <= columns ? 1 : (width + columns - 1) / columns;
		p = stop + 1;
	}
	return rows > s->rows ? s->rows : rows;
}

/* The lines, each erasing what stood behind it; their number. */
static int
lines_add(struct bytes *out, struct span lines, bool erase)
{
	const char *p = lines.p, *end = p + lines.n;
	int n = 0;

	for (; p < end; n++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		terminal_safe(out, p, (size_t)(stop - p), true);
		bytes_text(out, erase ? "\033[K\n" : "\n");
		p = stop + 1;
	}
	return n;
}

int
screen_show(struct screen *s, struct span above, struct span live)
{
	AUTO_BYTES out = { 0 };
	int up = s->torn ? rows_wrapped(s) : s->drawn;
	int old = up;

	if (!s->moves)
		return above.n == 0 ? 0 : standard_write(s->fd, above.p, above.n);
	echo_set(s, live.n == 0);
	if (above.n == 0 && !s->torn && live.n == s->live.len &&
	    (live.n == 0 || memcmp(live.p, s->live.data, live.n) == 0))
		return 0;
	if (up > 0)
		bytes_format(&out, "\r\033[%dA", up);
	if (s->torn)
		bytes_text(&out, "\033[J");
	old -= lines_add(&out, above, true);
	s->drawn = lines_add(&out, live, true);
	if (old > s->drawn)
		bytes_text(&out, "\033[J");
	s->torn = false;
	s->live.len = 0;
	bytes_add(&s->live, live.p, live.n);
	return kernel_write_all(s->fd, out.data, out.len);
}

void
screen_free(struct screen *s)
{
	echo_set(s, true);
	bytes_free(&s->live);
}
