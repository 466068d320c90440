#include "stamp.h"

#include <string.h>

#include "timestamp.h"

static struct span
behind(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

static bool
starts(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static struct span
skip_mark(struct span s)
{
	return starts(s, "\xef\xbb\xbf") ? behind(s, 3) : s;
}

/* The bytes of "2025-08-27T10:15:58.1609151Z " and of "[2025-08-27T10:15:58Z] "; else 0. */
static size_t
time_length(struct span s)
{
	size_t open = starts(s, "["), n = open;
	int64_t ns;

	/* all but a date costs one look */
	if (s.n < open + 21 || s.p[open + 4] != '-' || s.p[open + 10] != 'T')
		return 0;
	while (n < s.n && s.p[n] != ' ' && s.p[n] != ']')
		n++;
	if (timestamp_parse(s.p + open, n - open, &ns, NULL) < 0)
		return 0;
	if (open) {
		if (n == s.n || s.p[n] != ']')
			return 0;
		n++;
	}
	return n == s.n ? n : s.p[n] == ' ' ? n + 1 : 0;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static struct span
skip_time(struct span s, bool *continues)
{
	size_t n = time_length(s);

	s = behind(s, n);
	if (n > 0 && s.n >= 4 && is_hex(s.p[0]) && is_hex(s.p[1]) && (s.p[2] == 'O' || s.p[2] == 'E') &&
	    (s.p[3] == ' ' || s.p[3] == '+')) {
		*continues = s.p[3] == '+';
		s = behind(s, 4);
	}
	return s;
}

/* Job and step, when what follows them says that they are it. */
static struct span
skip_columns(struct span s)
{
	struct span rest = s;

	for (int i = 0; i < 2; i++) {
		const char *tab = rest.n == 0 ? NULL : memchr(rest.p, '\t', rest.n);

		if (tab == NULL)
			return s;
		rest = behind(rest, (size_t)(tab - rest.p) + 1);
	}
	rest = skip_mark(rest);
	return time_length(rest) > 0 ? rest : s;
}

static struct span
skip_buildkite(struct span s)
{
	while (starts(s, "\033_bk;")) {
		const char *end = memchr(s.p, '\a', s.n);

		if (end == NULL)
			return s;
		s = behind(s, (size_t)(end - s.p) + 1);
	}
	return s;
}

struct span
stamp_skip(struct span line, bool *continues)
{
	*continues = false;
	line = skip_columns(skip_mark(line));
	return skip_buildkite(skip_time(skip_buildkite(line), continues));
}

/* The length of the sequence that an ESC at p begins. */
static size_t
escape_length(const char *p, size_t n)
{
	size_t at = 2;

	if (n < 2)
		return n;
	if (p[1] == '[') {
		/* parameters and intermediates, then one final byte */
		while (at < n && p[at] >= 0x20 && p[at] < 0x40)
			at++;
		return at < n && p[at] >= 0x40 && p[at] < 0x7f ? at + 1 : at;
	}
	if (strchr("]P_^X", p[1]) != NULL && p[1] != '\0') {
		/* a string up to BEL or ESC \ */
		while (at < n && p[at] != '\a' && p[at] != '\033')
			at++;
		if (at < n && p[at] == '\033')
			return at + 1 < n && p[at + 1] == '\\' ? at + 2 : at;
		return at < n ? at + 1 : at;
	}
	while (at - 1 < n && p[at - 1] >= 0x20 && p[at - 1] < 0x30)
		at++;
	return at < n ? at : n;
}

static bool
is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

struct span
stamp_uncolored(struct span text)
{
	while (starts(text, "\033"))
		text = behind(text, escape_length(text.p, text.n));
	return text;
}

void
stamp_plain(struct bytes *into, struct span text)
{
	while (text.n > 0) {
		size_t n = 0;

		while (n < text.n && !is_control(text.p[n]))
			n++;
		bytes_add(into, text.p, n);
		text = behind(text, n);
		if (text.n > 0)
			text = behind(text, text.p[0] == '\033' ? escape_length(text.p, text.n) : 1);
	}
}
