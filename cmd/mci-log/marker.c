#include "marker.h"

#include <string.h>

#include "emit.h"
#include "number.h"
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

/*
 * The line without it. In any order that is in use: a byte order mark; job and step with a tab behind each
 * (gh run view --log); a time (RFC 3339, perhaps in brackets) and a blank, behind which a GitLab runner
 * writes two hexadecimal digits, O or E, and a blank; a time of Buildkite (ESC _bk;t=MILLISECONDS BEL).
 * continues is set when the line goes on with the one before, as a GitLab runner says with '+'.
 */
static struct span
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

/* The text behind the escape sequences in front of it, such as colours. */
static struct span
stamp_uncolored(struct span text)
{
	while (starts(text, "\033"))
		text = behind(text, escape_length(text.p, text.n));
	return text;
}

/* Appends the text without escape sequences (ECMA-48: CSI, OSC and the like) and control characters. */
static void
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

static struct span
text_span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* Where text begins in s, or its end. */
static size_t
find(struct span s, const char *text)
{
	const char *p = s.n == 0 ? NULL : memmem(s.p, s.n, text, strlen(text));

	return p == NULL ? s.n : (size_t)(p - s.p);
}

static struct span
trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = behind(s, 1);
	while (s.n > 0 && strchr(" \t\r", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* A member that is text for people, as it looks on a terminal. */
static void
emit_plain(struct bytes *b, const char *key, struct span text)
{
	AUTO_BYTES plain = { 0 };

	stamp_plain(&plain, text);
	emit_span(b, key, trim((struct span){ plain.data, plain.len }));
}

static void
end_section(struct bytes *notes, struct span name)
{
	emit_open(notes);
	emit_span(notes, "section", name);
	emit_bool(notes, "end", true);
	emit_line(notes);
}

/* Sections of these systems do not nest: the next one ends the one before. */
static void
end_open(struct marker *m, struct bytes *notes)
{
	if (m->open.len > 0)
		end_section(notes, (struct span){ m->open.data, m->open.len });
	m->open.len = 0;
}

static void
begin_section(struct marker *m, struct bytes *notes, struct span heading, bool unfolded)
{
	AUTO_BYTES plain = { 0 };
	struct span name;

	stamp_plain(&plain, heading);
	name = trim((struct span){ plain.data, plain.len });
	if (name.n == 0)
		name = text_span("section");
	end_open(m, notes);
	bytes_add(&m->open, name.p, name.n);
	emit_open(notes);
	emit_span(notes, "section", name);
	if (unfolded)
		emit_bool(notes, "open", true);
	emit_line(notes);
}

static int
hex(char c)
{
	const char *digits = "0123456789ABCDEF", *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* The escapes of workflow commands: %25, %0D, %0A, and in properties %3A and %2C. */
static void
decode(struct bytes *into, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%' && i + 2 < s.n && hex(s.p[i + 1]) >= 0 && hex(s.p[i + 2]) >= 0) {
			bytes_char(into, (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2])));
			i += 2;
		} else {
			bytes_char(into, s.p[i]);
		}
	}
}

/* "file=a.c,line=3,col=5,title=T" as members. */
static void
emit_properties(struct bytes *note, struct span list)
{
	static const struct {
		const char *from, *to;
		bool number;
	} known[] = {
		{ "file=", "file", false }, { "line=", "line", true }, { "col=", "column", true },
		{ "title=", "title", false },
	};

	while (list.n > 0) {
		size_t n = find(list, ",");
		struct span one = trim((struct span){ list.p, n });

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			struct span value = starts(one, known[i].from) ?
			    behind(one, strlen(known[i].from)) : (struct span){ NULL, 0 };
			AUTO_BYTES text = { 0 };
			int64_t number;

			if (value.p == NULL)
				continue;
			decode(&text, value);
			if (!known[i].number)
				emit_span(note, known[i].to, (struct span){ text.data, text.len });
			else if (number_parse(value.p, value.n, 0, INT32_MAX, &number, NULL) == 0)
				emit_integer(note, known[i].to, number);
		}
		list = behind(list, n < list.n ? n + 1 : n);
	}
}

/* The lines of a message, as they look on a terminal. */
static void
emit_message(struct bytes *b, const char *key, struct span text)
{
	AUTO_BYTES plain = { 0 };

	while (text.n > 0) {
		size_t n = find(text, "\n");

		stamp_plain(&plain, (struct span){ text.p, n });
		if (n < text.n)
			bytes_char(&plain, '\n');
		text = behind(text, n < text.n ? n + 1 : n);
	}
	emit_span(b, key, (struct span){ plain.data, plain.len });
}

static void
say(struct bytes *notes, const char *kind, struct span properties, struct span text, bool encoded)
{
	AUTO_BYTES decoded = { 0 };

	if (encoded)
		decode(&decoded, text);
	emit_open(notes);
	emit_message(notes, kind, encoded ? (struct span){ decoded.data, decoded.len } : text);
	emit_properties(notes, properties);
	emit_line(notes);
}

/* "::stop-commands::WORD": nothing is a command before "::WORD::". */
static bool
is_stopped(struct marker *m, struct span line)
{
	if (m->resume.len == 0)
		return false;
	if (line.n == m->resume.len && memcmp(line.p, m->resume.data, line.n) == 0)
		m->resume.len = 0;
	return true;
}

static void
take_command(struct marker *m, struct bytes *notes, struct span name, struct span properties,
    struct span text, bool encoded)
{
	static const char *const kinds[] = { "error", "warning", "notice", "debug" };

	if (span_is(name, "group")) {
		begin_section(m, notes, text, false);
	} else if (span_is(name, "endgroup")) {
		end_open(m, notes);
	} else if (span_is(name, "stop-commands") && text.n > 0) {
		bytes_text(&m->resume, "::");
		bytes_add(&m->resume, text.p, text.n);
		bytes_text(&m->resume, "::");
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (span_is(name, kinds[i]))
			say(notes, kinds[i], properties, text, encoded);
	}
}

static void
read_github(struct marker *m, struct span line, struct bytes *notes)
{
	bool log = starts(line = trim(line), "##[");
	struct span word, properties = { NULL, 0 };
	size_t end, blank;

	if (is_stopped(m, line) || (!log && !starts(line, "::")))
		return;
	line = behind(line, log ? 3 : 2);
	end = find(line, log ? "]" : "::");
	if (end == line.n)
		return;
	word = (struct span){ line.p, end };
	blank = find(word, " ");
	if (blank < word.n)
		properties = behind(word, blank + 1);
	word.n = blank;
	take_command(m, notes, word, properties, behind(line, end + (log ? 1 : 2)), !log);
}

/*
 * "TIME:NAME[options]" and then, behind a carriage return and an erasing of the line, the heading. A runner
 * that writes times gives each of its writes a line: then the heading is in the next one.
 */
static void
gitlab_start(struct marker *m, struct span s, bool stamped, struct bytes *notes)
{
	size_t colon = find(s, ":"), cr;
	AUTO_BYTES plain = { 0 };
	struct span title;

	if (colon == s.n)
		return;
	s = behind(s, colon + 1);
	cr = find(s, "\r");
	title = behind(s, cr < s.n ? cr + 1 : cr);
	emit_open(notes);
	emit_span(notes, "section", (struct span){ s.p, find((struct span){ s.p, cr }, "[") });
	stamp_plain(&plain, title);
	title = trim((struct span){ plain.data, plain.len });
	if (title.n > 0)
		emit_span(notes, "title", title);
	if (title.n > 0 || !stamped) {
		emit_line(notes);
		return;
	}
	bytes_add(&m->begun, notes->data, notes->len);
	notes->len = 0;
}

static void
gitlab_end(struct span s, struct bytes *notes)
{
	size_t colon = find(s, ":");

	if (colon == s.n)
		return;
	s = behind(s, colon + 1);
	s.n = find(s, "\r");
	end_section(notes, trim(s));
}

/* What a section waited for; its heading, where the line before goes on in this one. */
static void
gitlab_begun(struct marker *m, struct span heading, struct bytes *notes)
{
	if (m->begun.len == 0)
		return;
	bytes_add(notes, m->begun.data, m->begun.len);
	m->begun.len = 0;
	if (heading.n > 0)
		emit_plain(notes, "title", heading);
	emit_line(notes);
}

static size_t
next_mark(struct span s)
{
	size_t start = find(s, "section_start:"), end = find(s, "section_end:");

	return start < end ? start : end;
}

/* A line may end one section and begin the next. */
static size_t
read_gitlab(struct marker *m, struct span line, bool stamped, bool continues, struct bytes *notes)
{
	static const char start[] = "section_start:";
	size_t before, mark = next_mark(line);
	AUTO_BYTES heading = { 0 };

	if (continues)
		stamp_plain(&heading, (struct span){ line.p, mark });
	gitlab_begun(m, trim((struct span){ heading.data, heading.len }), notes);
	before = notes->len;
	while (mark < line.n) {
		AUTO_BYTES made = { 0 };
		bool begins = starts(line = behind(line, mark), start);
		struct span one = behind(line, begins ? sizeof(start) - 1 : sizeof("section_end:") - 1);

		mark = next_mark(one);
		line = one;
		one.n = mark;
		gitlab_begun(m, (struct span){ NULL, 0 }, notes);
		if (begins)
			gitlab_start(m, one, stamped, &made);
		else
			gitlab_end(one, &made);
		bytes_add(notes, made.data, made.len);
	}
	return before;
}

static void
read_buildkite(struct marker *m, struct span line, struct bytes *notes)
{
	static const struct {
		const char *mark;
		bool unfolded;
	} marks[] = { { "--- ", false }, { "+++ ", true }, { "~~~ ", false } };

	if (span_is(trim(line), "^^^ +++") && m->open.len > 0) {
		emit_open(notes);
		emit_span(notes, "section", (struct span){ m->open.data, m->open.len });
		emit_bool(notes, "reopen", true);
		emit_line(notes);
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (starts(line, marks[i].mark))
			begin_section(m, notes, behind(line, 4), marks[i].unfolded);
	}
}

size_t
marker_read(struct marker *m, struct span line, struct bytes *notes)
{
	bool continues;
	struct span text;

	if (line.n > MARKER_LIMIT)
		line.n = 0;
	text = stamp_skip(line, &continues);
	if (m->style == MARKER_GITHUB)
		read_github(m, text, notes);
	else if (m->style == MARKER_GITLAB)
		return read_gitlab(m, text, text.n < line.n, continues, notes);
	else if (m->style == MARKER_BUILDKITE)
		read_buildkite(m, stamp_uncolored(text), notes);
	return 0;
}

void
marker_end(struct marker *m, struct bytes *notes)
{
	gitlab_begun(m, (struct span){ NULL, 0 }, notes);
}

void
marker_free(struct marker *m)
{
	bytes_free(&m->open);
	bytes_free(&m->resume);
	bytes_free(&m->begun);
}
