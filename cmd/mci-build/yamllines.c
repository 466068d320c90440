#include "yamllines.h"

#include <string.h>

#include "utf8.h"

/* libfyaml keeps some 400 bytes for each token of one line until it has seen the line's end. */
#define LINE_BYTES (256 * 1024)

static int
line_check(struct span line, struct tree_place *at, struct error *e)
{
	if (line.n > LINE_BYTES)
		return error_set(e, ERROR_LIMIT, "a line of more than %d bytes", LINE_BYTES);
	if (utf8_valid(line.p, line.n))
		return 0;
	for (size_t i = 0, n; (n = utf8_length(line.p + i, line.n - i)) > 0; i += n)
		at->column++;
	return error_set(e, ERROR_INPUT, "not YAML: a byte that is not UTF-8");
}

/* Where in a file a line is: in front of the document, behind directives, or in the document. */
enum part { PART_FRONT, PART_DIRECTIVES, PART_DOCUMENT };

static int
version_check(struct span line, struct error *e)
{
	static const char yaml[] = "%YAML ";
	size_t n = 0;

	if (line.n < sizeof(yaml) || memcmp(line.p, yaml, sizeof(yaml) - 1) != 0)
		return error_set(
		    e, ERROR_INPUT, "an unknown directive; known are %%YAML and %%TAG");
	for (line.p += sizeof(yaml) - 1, line.n -= sizeof(yaml) - 1; line.n > 0 && *line.p == ' ';
	     line.n--)
		line.p++;
	while (n < line.n && strchr("0123456789.", line.p[n]) != NULL)
		n++;
	if (n == 3 && line.p[0] == '1' && line.p[1] == '.' && line.p[2] >= '1' && line.p[2] <= '3')
		return 0;
	return error_set(e, ERROR_INPUT, "%%YAML %.*s: a version that is not read here; 1.2 is",
	    (int)(n > 20 ? 20 : n), line.p);
}

/* Directives: libfyaml passes over those that it does not know, and misses no '---' behind them. */
static int
directive_check(struct span line, enum part *part, struct error *e)
{
	size_t blank = 0;

	if (line.n >= 3 && memcmp(line.p, "...", 3) == 0) {
		*part = PART_FRONT;
		return 0;
	}
	if (*part == PART_DOCUMENT)
		return 0;
	while (blank < line.n && strchr(" \t\r\n", line.p[blank]) != NULL)
		blank++;
	if (blank == line.n || line.p[blank] == '#')
		return 0;
	if (line.p[0] == '%') {
		*part = PART_DIRECTIVES;
		return line.n > 4 && memcmp(line.p, "%TAG ", 5) == 0 ? 0 : version_check(line, e);
	}
	if (*part == PART_DIRECTIVES && (line.n < 3 || memcmp(line.p, "---", 3) != 0))
		return error_set(
		    e, ERROR_INPUT, "not YAML: '---' is missing behind the directives");
	*part = PART_DOCUMENT;
	return 0;
}

int
yamllines_check(struct span text, struct tree_place *at, struct error *e)
{
	const char *end = text.p + text.n, *next;
	enum part part = PART_FRONT;

	*at = (struct tree_place){ 0, 1 };
	for (const char *line = text.p; line < end; line = next) {
		struct span one;

		next = memchr(line, '\n', (size_t)(end - line));
		next = next == NULL ? end : next + 1;
		one = (struct span){ line, (size_t)(next - line) };
		at->row++;
		if (line_check(one, at, e) < 0 || directive_check(one, &part, e) < 0)
			return -1;
	}
	return 0;
}

void
yamllines_end(struct bytes *into, struct span text)
{
	size_t end = text.n, from;

	bytes_add(into, text.p, text.n);
	if (text.n == 0 || !yamltext_break(text.p[text.n - 1]))
		bytes_char(into, '\n');
	while (end > 0 && (yamltext_break(text.p[end - 1]) || text.p[end - 1] == ' '))
		end--;
	for (from = end; from > 0 && !yamltext_break(text.p[from - 1]); from--)
		;
	if (yamltext_header(text, from, end) < end)
		bytes_text(into, "#\n");
}

void
yamllines_tell(struct bytes *text, const struct yamltext *blocks, size_t n)
{
	struct bytes marked = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct yamltext *b = &blocks[i];
		int indent = b->indent < 0 ? 0 : b->indent;

		bytes_add(&marked, text->data + at, b->header + 1 - at);
		bytes_char(&marked, b->columns == 0 ? '1' : (char)('0' + b->columns - indent));
		bytes_add(&marked, text->data + b->header + 1, b->line - b->header - 1);
		at = b->line;
		for (size_t line = at; b->columns == 0 && line < b->next; line++) {
			if (yamltext_break(text->data[line])) {
				bytes_char(&marked, text->data[line]);
				at = line + 1;
			}
		}
	}
	bytes_add(&marked, text->data + at, text->len - at);
	bytes_free(text);
	*text = marked;
}
