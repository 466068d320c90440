#include "marker.h"

#include <string.h>

#include "emit.h"
#include "number.h"

static struct span
text_span(const char *text)
{
	return (struct span){ text, strlen(text) };
}

static bool
starts(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static struct span
behind(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
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
begin_section(struct marker *m, struct bytes *notes, struct span name, bool unfolded)
{
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

static void
say(struct bytes *notes, const char *kind, struct span properties, struct span text)
{
	AUTO_BYTES decoded = { 0 };

	decode(&decoded, text);
	emit_open(notes);
	emit_span(notes, kind, (struct span){ decoded.data, decoded.len });
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
    struct span text)
{
	static const char *const kinds[] = { "error", "warning", "notice", "debug" };

	if (span_is(name, "group")) {
		begin_section(m, notes, trim(text), false);
	} else if (span_is(name, "endgroup")) {
		end_open(m, notes);
	} else if (span_is(name, "stop-commands") && text.n > 0) {
		bytes_text(&m->resume, "::");
		bytes_add(&m->resume, text.p, text.n);
		bytes_text(&m->resume, "::");
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (span_is(name, kinds[i]))
			say(notes, kinds[i], properties, text);
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
	take_command(m, notes, word, properties, behind(line, end + (log ? 1 : 2)));
}

/* "TIME:NAME[options]" and then, behind a carriage return and an erasing of the line, the
 * heading. */
static void
gitlab_start(struct span s, struct bytes *notes)
{
	size_t colon = find(s, ":"), cr;
	struct span name, title;

	if (colon == s.n)
		return;
	s = behind(s, colon + 1);
	cr = find(s, "\r");
	name = (struct span){ s.p, find((struct span){ s.p, cr }, "[") };
	title = behind(s, cr < s.n ? cr + 1 : cr);
	title.n = find(title, "\033[0Ksection_");
	if (starts(title, "\033[0K"))
		title = behind(title, 4);
	title = trim(title);
	emit_open(notes);
	emit_span(notes, "section", name);
	if (title.n > 0)
		emit_span(notes, "title", title);
	emit_line(notes);
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

/* A line may end one section and begin the next. */
static void
read_gitlab(struct span line, struct bytes *notes)
{
	static const char start[] = "section_start:", end[] = "section_end:";

	while (line.n > 0) {
		size_t a = find(line, start), b = find(line, end);

		if (a == line.n && b == line.n)
			return;
		line = behind(line, a < b ? a + sizeof(start) - 1 : b + sizeof(end) - 1);
		if (a < b)
			gitlab_start(line, notes);
		else
			gitlab_end(line, notes);
	}
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
			begin_section(m, notes, trim(behind(line, 4)), marks[i].unfolded);
	}
}

void
marker_read(struct marker *m, struct span line, struct bytes *notes)
{
	if (line.n > MARKER_LIMIT)
		return;
	if (m->style == MARKER_GITHUB)
		read_github(m, line, notes);
	else if (m->style == MARKER_GITLAB)
		read_gitlab(line, notes);
	else if (m->style == MARKER_BUILDKITE)
		read_buildkite(m, line, notes);
}

void
marker_free(struct marker *m)
{
	bytes_free(&m->open);
	bytes_free(&m->resume);
}
