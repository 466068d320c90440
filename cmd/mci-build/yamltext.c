#include "yamltext.h"

#include <stdint.h>
#include <string.h>

bool
yamltext_break(char c)
{
	return c == '\n' || c == '\r';
}

/* Whether the header of a block text ends the line whose rest this is: "|", ">-2", "| # note". */
static bool
is_header(struct span rest)
{
	size_t i = 1;

	if (rest.p[0] != '|' && rest.p[0] != '>')
		return false;
	while (i < rest.n && i < 3 && strchr("+-123456789", rest.p[i]) != NULL)
		i++;
	if (i < rest.n && rest.p[i] != ' ' && rest.p[i] != '\t')
		return false;
	while (i < rest.n && (rest.p[i] == ' ' || rest.p[i] == '\t'))
		i++;
	return i == rest.n || rest.p[i] == '#';
}

size_t
yamltext_header(struct span file, size_t from, size_t end)
{
	while (from < end && !is_header((struct span){ file.p + from, end - from }))
		from++;
	return from;
}

/* One line: what stands behind its indentation, and where the next line begins. */
struct line {
	struct span text;
	size_t next;
	int blanks; /* spaces in front, at most as many as were asked for */
};

/* The line at from with up to columns spaces taken off; -1: all. */
static struct line
line_at(struct span file, size_t from, int columns)
{
	struct line l = { .next = from };
	size_t end;

	while (l.next < file.n && file.p[l.next] == ' ' && l.blanks != columns) {
		l.next++;
		l.blanks++;
	}
	from = l.next;
	for (end = from; end < file.n && !yamltext_break(file.p[end]); end++)
		;
	l.text = (struct span){ file.p + from, end - from };
	l.next = end;
	if (l.next + 1 < file.n && file.p[l.next] == '\r' && file.p[l.next + 1] == '\n')
		l.next++;
	l.next += l.next < file.n;
	return l;
}

/* The columns of the first line that holds something, when that is deeper than what is around it.
 */
static int
columns_find(struct span file, const struct yamltext *b)
{
	struct line l = { .next = b->line };

	while (l.next < file.n) {
		l = line_at(file, l.next, -1);
		if (l.text.n > 0)
			return l.blanks > b->indent ? l.blanks : 0;
	}
	return 0;
}

static void
newlines(struct bytes *into, size_t n)
{
	while (n-- > 0)
		bytes_char(into, '\n');
}

/* What comes between two lines: of folded texts one break is a blank, unless one of them begins
 * with one. */
static void
join(struct bytes *into, bool folded, bool spaced, size_t empty)
{
	if (!folded || spaced)
		newlines(into, empty + 1);
	else if (empty == 0)
		bytes_char(into, ' ');
	else
		newlines(into, empty);
}

static void
lines_read(struct bytes *into, struct span file, struct yamltext *b, bool folded, char chomp)
{
	bool any = false, spaced = false;
	size_t empty = 0, at = b->line;

	while (at < file.n) {
		struct line l = line_at(file, at, b->columns == 0 ? -1 : b->columns);
		bool blank = l.text.n > 0 && (l.text.p[0] == ' ' || l.text.p[0] == '\t');

		if (l.text.n > 0 && (b->columns == 0 || l.blanks < b->columns))
			break;
		at = l.next;
		if (l.text.n == 0) {
			empty++;
			continue;
		}
		if (any)
			join(into, folded, spaced || blank, empty);
		else
			newlines(into, empty);
		bytes_add(into, l.text.p, l.text.n);
		b->last = (size_t)(l.text.p + l.text.n - file.p);
		any = true;
		spaced = blank;
		empty = 0;
	}
	if (any && chomp != '-')
		bytes_char(into, '\n');
	if (chomp == '+')
		newlines(into, empty);
	while (at < file.n && (file.p[at] == ' ' || yamltext_break(file.p[at])))
		at++;
	b->next = at;
}

void
yamltext_block(struct bytes *into, struct span file, struct yamltext *b)
{
	char chomp = ' ';

	b->told = false;
	b->last = b->line;
	for (size_t i = b->header + 1; i < b->line && i < b->header + 3; i++) {
		char c = file.p[i];

		if (c >= '1' && c <= '9') {
			b->told = true;
			b->columns = (b->indent < 0 ? 0 : b->indent) + c - '0';
		} else if (c == '-' || c == '+') {
			chomp = c;
		} else {
			break;
		}
	}
	if (!b->told)
		b->columns = columns_find(file, b);
	lines_read(into, file, b, file.p[b->header] == '>', chomp);
}

/* The line break at from, which may be two bytes, and the blanks around it: how many line breaks
 * there are between what comes before it and *next, what comes behind. */
static size_t
breaks_pass(struct span text, size_t from, size_t *next)
{
	size_t n = 0;

	for (; from < text.n; from++) {
		char c = text.p[from];

		if (c == '\r' && from + 1 < text.n && text.p[from + 1] == '\n')
			continue;
		if (yamltext_break(c))
			n++;
		else if (c != ' ' && c != '\t')
			break;
	}
	*next = from;
	return n;
}

static const struct {
	char written;
	uint32_t means; /* a code point; 0 and more digits: so many of them say which */
	unsigned digits;
} escapes[] = {
	{ '0', 0, 0 },
	{ 'a', 7, 0 },
	{ 'b', 8, 0 },
	{ 't', 9, 0 },
	{ '\t', 9, 0 },
	{ 'n', 10, 0 },
	{ 'v', 11, 0 },
	{ 'f', 12, 0 },
	{ 'r', 13, 0 },
	{ 'e', 27, 0 },
	{ ' ', ' ', 0 },
	{ '"', '"', 0 },
	{ '/', '/', 0 },
	{ '\\', '\\', 0 },
	{ 'N', 0x85, 0 },
	{ '_', 0xa0, 0 },
	{ 'L', 0x2028, 0 },
	{ 'P', 0x2029, 0 },
	{ 'x', 0, 2 },
	{ 'u', 0, 4 },
	{ 'U', 0, 8 },
};

/* The escape whose letter is at *at, which goes behind it. */
static int
escape_read(struct bytes *into, struct span text, size_t *at, struct error *e)
{
	size_t from = *at, row = 0;
	uint32_t code = 0;

	while (row < sizeof(escapes) / sizeof(escapes[0]) && from < text.n &&
	    escapes[row].written != text.p[from])
		row++;
	if (from == text.n || row == sizeof(escapes) / sizeof(escapes[0]))
		return error_set(e, ERROR_INPUT, "\\%.*s: an escape that means nothing",
		    from < text.n, text.p + from);
	for ((*at)++; *at < from + 1 + escapes[row].digits; (*at)++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *digit;

		digit = *at < text.n ? memchr(digits, text.p[*at], 32) : NULL;
		if (digit == NULL)
			return error_set(e, ERROR_INPUT,
			    "\\%c: expected %u hexadecimal digits behind it", text.p[from],
			    escapes[row].digits);
		code = code * 16 + (uint32_t)((digit - digits) % 16);
	}
	code += escapes[row].means;
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return error_set(
		    e, ERROR_INPUT, "\\%c: U+%04X is no character", text.p[from], (unsigned)code);
	bytes_utf8(into, code);
	return 0;
}

/* A line that ends: its blanks at the end go, the break becomes a blank, and each further one
 * stays. */
static size_t
fold(struct bytes *into, struct span text, size_t at, size_t kept)
{
	size_t n, next;

	while (into->len > kept &&
	    (into->data[into->len - 1] == ' ' || into->data[into->len - 1] == '\t'))
		into->len--;
	n = breaks_pass(text, at, &next);
	if (n == 1)
		bytes_char(into, ' ');
	else
		newlines(into, n - 1);
	return next;
}

int
yamltext_flow(struct bytes *into, struct span text, char quote, struct error *e)
{
	size_t kept = into->len; /* what is in front of it was escaped, and is no blank at the end
				    of a line */

	for (size_t at = 0; at < text.n;) {
		char c = text.p[at];

		if (yamltext_break(c)) {
			at = fold(into, text, at, kept);
			kept = into->len;
		} else if (c == '\'' && quote == '\'') {
			bytes_char(into, c);
			at += 2;
		} else if (c == '\\' && quote == '"' && at + 1 < text.n &&
		    yamltext_break(text.p[at + 1])) {
			newlines(into, breaks_pass(text, at + 1, &at) - 1);
			kept = into->len;
		} else if (c == '\\' && quote == '"') {
			at++;
			if (escape_read(into, text, &at, e) < 0)
				return -1;
			kept = into->len;
		} else {
			bytes_char(into, c);
			at++;
		}
	}
	return 0;
}
