#include "terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "number.h"
#include "safe.h"
#include "utf8.h"

static bool
dumb(void)
{
	const char *term = getenv("TERM");

	return term == NULL || *term == '\0' || strcmp(term, "dumb") == 0;
}

bool
terminal_color(int fd, const char *when)
{
	const char *no = getenv("NO_COLOR");

	if (when != NULL && strcmp(when, "always") == 0)
		return true;
	if (when != NULL && strcmp(when, "never") == 0)
		return false;
	return (no == NULL || *no == '\0') && !dumb() && isatty(fd);
}

bool
terminal_moves(int fd)
{
	return !dumb() && isatty(fd);
}

int
terminal_columns(int fd)
{
	struct winsize size;
	const char *text = getenv("COLUMNS");
	int64_t columns;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (text != NULL && number_parse(text, strlen(text), 1, 10000, &columns, NULL) == 0)
		return (int)columns;
	return 80;
}

int
terminal_rows(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

/* The code point of a valid sequence. */
static wchar_t
code_point(const char *p, size_t length)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	wchar_t c = (unsigned char)p[0] & mask[length];

	for (size_t i = 1; i < length; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* wcwidth(3) knows only the characters of the locale, and what jobs print is UTF-8 whatever ours is. */
static int
unicode_width(wchar_t c)
{
	static locale_t unicode;
	locale_t old;
	int width;

	if (unicode == (locale_t)0)
		unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (unicode == (locale_t)0)
		return 1;
	old = uselocale(unicode);
	width = wcwidth(c);
	uselocale(old);
	return width < 0 ? 1 : width;
}

int
terminal_width(const char *p, size_t n, size_t *length)
{
	*length = utf8_length(p, n);
	if (*length == 0) {
		*length = 1;
		return 1;
	}
	return *length == 1 ? 1 : unicode_width(code_point(p, *length));
}

void
terminal_safe(struct bytes *into, const char *p, size_t n, bool color)
{
	struct safe s = { .color = color };

	safe_add(&s, into, p, n);
	safe_end(&s, into);
}

/* The first line, as it is safe to show. */
static void
line_safe(struct bytes *into, const char *p, size_t n)
{
	const char *newline = n == 0 ? NULL : memchr(p, '\n', n);

	terminal_safe(into, p, newline == NULL ? n : (size_t)(newline - p), false);
}

/* Adds what fits of a safe text; sets *used to its columns. Returns how many bytes of the text that was. */
static size_t
columns_add(struct bytes *into, struct span safe, int columns, int *used)
{
	size_t at = 0, length;

	*used = 0;
	for (; at < safe.n; at += length) {
		int width = terminal_width(safe.p + at, safe.n - at, &length);

		if (*used + width > columns)
			break;
		*used += width;
		if (safe.p[at] == '\t')
			bytes_char(into, ' ');
		else
			bytes_add(into, safe.p + at, length);
	}
	return at;
}

int
terminal_fit(struct bytes *into, const char *p, size_t n, int columns)
{
	AUTO_BYTES safe = { 0 };
	int used;

	line_safe(&safe, p, n);
	columns_add(into, (struct span){ safe.data, safe.len }, columns, &used);
	return used;
}

static int
width_of(struct span text)
{
	int width = 0;
	size_t length;

	for (size_t at = 0; at < text.n; at += length)
		width += terminal_width(text.p + at, text.n - at, &length);
	return width;
}

int
terminal_squeeze(struct bytes *into, const char *p, size_t n, int columns)
{
	const char *mark = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 ? "…" : "..";
	int room = columns - (mark[0] == '.' ? 2 : 1), head, tail;
	AUTO_BYTES safe = { 0 };
	struct span rest;
	size_t length;

	line_safe(&safe, p, n);
	rest = (struct span){ safe.data, safe.len };
	if (room < 2 || width_of(rest) <= columns) {
		columns_add(into, rest, columns, &head);
		return head;
	}
	length = columns_add(into, rest, (room + 1) / 2, &head);
	bytes_text(into, mark);
	for (rest.p += length, rest.n -= length; width_of(rest) > room - head;
	    rest.p += length, rest.n -= length)
		terminal_width(rest.p, rest.n, &length);
	columns_add(into, rest, columns, &tail);
	return columns - room + head + tail;
}
