#include "safe.h"

#include <string.h>

#include "utf8.h"

static bool
printable(char c)
{
	return c >= ' ' && c < 0x7f;
}

/* A byte below space, or DEL, in caret notation. */
static void
show_control(struct bytes *into, char c)
{
	bytes_char(into, '^');
	bytes_char(into, (char)(c ^ 0x40));
}

/*
 * Each of these takes one sequence at the front of p: appends what is shown of it and returns the
 * bytes it took, or 0 when more must be known; with last there is no more.
 */
static size_t
take_escape(struct safe *s, struct bytes *into, const char *p, size_t n, bool last)
{
	size_t at = 2;

	if (n >= 2 && p[1] == '[') {
		while (at < n && at < SAFE_SGR && p[at] != '\0' &&
		    strchr("0123456789;:", p[at]) != NULL)
			at++;
		if (at < n && at < SAFE_SGR && p[at] == 'm') {
			if (s->color)
				bytes_add(into, p, at + 1);
			s->colored |= s->color;
			return at + 1;
		}
	}
	if (!last && (n == 1 || (p[1] == '[' && at == n && at < SAFE_SGR)))
		return 0;
	show_control(into, p[0]);
	return 1;
}

static size_t
take_control(struct safe *s, struct bytes *into, const char *p, size_t n, bool last)
{
	if (p[0] == '\033')
		return take_escape(s, into, p, n, last);
	if (p[0] == '\n' || p[0] == '\t') {
		bytes_char(into, p[0]);
		return 1;
	}
	if (p[0] == '\r' && n == 1 && !last)
		return 0;
	/* also the CR of a line whose newline was taken off */
	if (p[0] != '\r' || (n > 1 && p[1] != '\n'))
		show_control(into, p[0]);
	return 1;
}

/* Whether the n bytes, fewer than their first one asks for, can still become a character. */
static bool
unfinished(const char *p, size_t n)
{
	unsigned char first = (unsigned char)p[0];
	size_t wanted = first < 0xc2 || first > 0xf4 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (n >= wanted)
		return false;
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

static size_t
take_wide(struct bytes *into, const char *p, size_t n, bool last)
{
	size_t length = utf8_length(p, n);

	if (length == 0) {
		if (!last && unfinished(p, n))
			return 0;
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

/* Shows what can be shown; returns how many bytes that were, the rest must wait. */
static size_t
show(struct safe *s, struct bytes *into, const char *p, size_t n, bool last)
{
	size_t at = 0;

	while (at < n) {
		size_t from = at, took;

		while (at < n && printable(p[at]))
			at++;
		bytes_add(into, p + from, at - from);
		if (at == n)
			break;
		if ((unsigned char)p[at] >= 0x80)
			took = take_wide(into, p + at, n - at, last);
		else
			took = take_control(s, into, p + at, n - at, last);
		if (took == 0)
			break;
		at += took;
	}
	return at;
}

/* Completes what is held with the first bytes of p; returns how many of those it needed. */
static size_t
finish_held(struct safe *s, struct bytes *into, const char *p, size_t n)
{
	size_t old = s->nheld, more = 0;
	char text[SAFE_SGR];

	memcpy(text, s->held, old);
	while (more < n && old + more < SAFE_SGR) {
		size_t done;

		text[old + more] = p[more];
		more++;
		done = show(s, into, text, old + more, false);
		if (done > 0) {
			/* a bad start may have been a byte of its own: what follows it waits in
			 * turn */
			s->nheld = old + more - done;
			memcpy(s->held, text + done, s->nheld);
			return more;
		}
	}
	s->nheld = old + more;
	memcpy(s->held, text, s->nheld);
	return more;
}

void
safe_add(struct safe *s, struct bytes *into, const char *p, size_t n)
{
	size_t done;

	while (s->nheld > 0 && n > 0) {
		done = finish_held(s, into, p, n);
		p += done;
		n -= done;
	}
	done = show(s, into, p, n, false);
	if (n > done) {
		s->nheld = n - done;
		memcpy(s->held, p + done, s->nheld);
	}
}

void
safe_end(struct safe *s, struct bytes *into)
{
	show(s, into, s->held, s->nheld, true);
	s->nheld = 0;
}
