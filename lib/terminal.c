#include "terminal.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "number.h"
#include "utf8.h"

/* The longest SGR sequence that is believed: ESC [ and the five parts of two true colours fit. */
#define SGR_LIMIT 48

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

/* Bytes of the colour sequence (SGR, ECMA-48 8.3.117) at p, 0 when there is none. */
static size_t
sgr_length(const char *p, size_t n)
{
	size_t at = 2;

	if (n < 3 || p[0] != '\033' || p[1] != '[')
		return 0;
	while (at < n && at < SGR_LIMIT && p[at] != '\0' && strchr("0123456789;:", p[at]) != NULL)
		at++;
	return at < n && p[at] == 'm' ? at + 1 : 0;
}

/* Shows a byte below space, or DEL, in caret notation; newline and tab are themselves. */
static void
show_control(struct bytes *into, char c)
{
	if (c == '\n' || c == '\t') {
		bytes_char(into, c);
		return;
	}
	bytes_char(into, '^');
	bytes_char(into, (char)(c ^ 0x40));
}

/* One sequence of two bytes or more, or a stray byte; the bytes it took. */
static size_t
show_wide(struct bytes *into, const char *p, size_t n)
{
	size_t length = utf8_length(p, n);

	if (length == 0) {
		bytes_text(into, "\xef\xbf\xbd");
		return 1;
	}
	/* U+0080 to U+009F are the 8-bit forms of ESC @ to ESC _ */
	if (length == 2 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0) {
		bytes_text(into, "^[");
		bytes_char(into, (char)((unsigned char)p[1] - 0x40));
	} else {
		bytes_add(into, p, length);
	}
	return length;
}

static bool
printable(char c)
{
	return c >= ' ' && c < 0x7f;
}

void
terminal_safe(struct bytes *into, const char *p, size_t n, bool color)
{
	size_t at = 0;

	while (at < n) {
		size_t from = at, sgr;

		while (at < n && printable(p[at]))
			at++;
		bytes_add(into, p + from, at - from);
		if (at == n)
			break;
		if ((sgr = sgr_length(p + at, n - at)) > 0) {
			if (color)
				bytes_add(into, p + at, sgr);
			at += sgr;
		} else if ((unsigned char)p[at] >= 0x80) {
			at += show_wide(into, p + at, n - at);
		} else {
			/* the CR of CR LF, or of a line whose newline was taken off, overwrites nothing */
			if (p[at] != '\r' || (at + 1 < n && p[at + 1] != '\n'))
				show_control(into, p[at]);
			at++;
		}
	}
}

void
terminal_fit(struct bytes *into, const char *p, size_t n, int columns)
{
	AUTO_BYTES safe = { 0 };
	const char *newline = n == 0 ? NULL : memchr(p, '\n', n);
	size_t at = 0;
	int used = 0;

	terminal_safe(&safe, p, newline == NULL ? n : (size_t)(newline - p), false);
	while (at < safe.len) {
		size_t length;
		int width = terminal_width(safe.data + at, safe.len - at, &length);

		if (used + width > columns)
			return;
		used += width;
		if (safe.data[at] == '\t')
			bytes_char(into, ' ');
		else
			bytes_add(into, safe.data + at, length);
		at += length;
	}
}
