#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include "default.h"
#include "duration.h"
#include "memory.h"
#include "order.h"
#include "settings.h"
#include "single.h"
#include "textfile.h"

#define GRACE (5 * SECOND)
#define PAUSE SECOND
#define RETRIES 10

static void lines_read(struct reader *r, struct span text);

/* ---- lines */

static size_t
name_length(struct span s)
{
	size_t n = 0;

	while (n < s.n &&
	    ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= 'A' && s.p[n] <= 'Z') ||
		(n > 0 && ((s.p[n] >= '0' && s.p[n] <= '9') || strchr("_-", s.p[n]) != NULL))))
		n++;
	return n;
}

/* What the part is compared by. */
static void
note(struct wiring_part *p, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++) {
		bytes_text(&p->text, w->items[i].text == NULL ? "|" : w->items[i].text);
		bytes_char(&p->text, w->items[i].text == NULL ? '\002' : '\003');
	}
	bytes_char(&p->text, '\n');
}

static void
add_command(struct wiring_part *p, struct words *w, size_t from, size_t to)
{
	struct wiring_command c = { .argv = xmalloc((to - from + 1) * sizeof(char *)) };

	for (size_t i = from; i < to; i++) {
		c.argv[i - from] = w->items[i].text;
		c.tells |= strchr(w->items[i].text, WORDS_READY) != NULL;
		w->items[i].text = xstrdup("");
	}
	p->commands = xrealloc(p->commands, p->ncommands + 1, sizeof(*p->commands));
	p->commands[p->ncommands++] = c;
}

/* Cuts the words at each |. */
static void
add_commands(struct reader *r, struct wiring_part *p, struct words *w, size_t behind)
{
	size_t from = 0;

	for (size_t i = 0; i <= w->n; i++) {
		if (i < w->n && w->items[i].text != NULL)
			continue;
		if (i == from) {
			reader_wrong(
			    r, i < w->n ? w->items[i].column : behind, "expected a command");
			return;
		}
		if (w->items[from].text[0] == '\0')
			reader_wrong(r, w->items[from].column, "a command has a name");
		add_command(p, w, from, i);
		from = i + 1;
	}
}

static void
part_read(struct reader *r, struct span line, size_t n)
{
	AUTO_FREE char *name = xmemdup(line.p, n);
	const struct wiring_part *other = wiring_find(r->wiring, name);
	struct wiring_part *p = xmalloc(sizeof(*p));
	struct words w;
	struct error e;
	size_t column;

	*p = (struct wiring_part){ .name = xstrdup(name),
		.line = r->line,
		.place = r->wiring->n,
		.grace = GRACE,
		.pause = PAUSE,
		.retries = RETRIES };
	r->wiring->parts = xrealloc(r->wiring->parts, r->wiring->n + 1, sizeof(*r->wiring->parts));
	r->wiring->parts[r->wiring->n++] = p;
	r->part = p;
	r->set = 0;
	if (other != NULL)
		reader_wrong(r, 1, "there is a part %s already", name);
	if (n > 64)
		reader_wrong(r, 1, "the name of a part has at most 64 bytes");
	if (r->wiring->n == WIRING_PARTS + 1)
		reader_wrong(r, 1, "more than %d parts", WIRING_PARTS);
	if (words_split(&w, (struct span){ line.p + n + 1, line.n - n - 1 }, n + 2, &r->variables,
		&column, &e) < 0) {
		reader_wrong(r, column, "%s", e.text);
		return;
	}
	note(p, &w);
	add_commands(r, p, &w, line.n + 1);
	words_free(&w);
}

static void
variable_read(struct reader *r, struct span line, size_t n)
{
	AUTO_FREE char *name = xmemdup(line.p, n);
	struct words w;
	struct error e;
	size_t column;

	r->part = NULL;
	if (strchr(name, '-') != NULL) {
		reader_wrong(r, 1, "the name of a variable holds no '-'");
		return;
	}
	if (words_split(&w, (struct span){ line.p + n + 1, line.n - n - 1 }, n + 2, &r->variables,
		&column, &e) < 0) {
		reader_wrong(r, column, "%s", e.text);
		return;
	}
	if (w.n > 1)
		reader_wrong(r, w.items[1].column, "the value of a variable is one word: quote it");
	else if (w.n == 1 &&
	    (w.items[0].text == NULL || strchr(w.items[0].text, WORDS_READY) != NULL))
		reader_wrong(r, w.items[0].column, "no value of a variable");
	else if (strcmp(name, "READY") == 0 ||
	    !variables_set(&r->variables, name,
		w.n == 0 ? (struct span){ "", 0 } :
			   (struct span){ w.items[0].text, strlen(w.items[0].text) }))
		reader_wrong(r, 1, "$%s is set already", name);
	words_free(&w);
}

static void
settings_line(struct reader *r, struct span line)
{
	struct words w;
	struct error e;
	size_t column;

	if (words_split(&w, line, 1, &r->variables, &column, &e) < 0) {
		reader_wrong(r, column, "%s", e.text);
		return;
	}
	if (w.n > 0 && r->part == NULL) {
		reader_wrong(r, w.items[0].column,
		    "a setting below no part: a part begins at the start of a line");
	} else if (w.n > 0) {
		note(r->part, &w);
		setting_read(r, &w);
	}
	words_free(&w);
}

/* ---- words of a line of their own */

/* "include default": the parts of the default wiring, in this place. */
static void
include_read(struct reader *r, const struct words *w)
{
	const struct wiring_place *place = r->place;
	struct wiring_place other = *place;

	if (w->n != 2 || w->items[1].text == NULL || strcmp(w->items[1].text, "default") != 0) {
		reader_wrong(r, 1, "expected: include default");
		return;
	}
	other.name = "the default wiring";
	r->place = &other;
	lines_read(r, default_wiring());
	r->place = place;
	r->part = NULL;
}

static void
single_read(struct reader *r, const struct words *w)
{
	if (w->n > 1)
		reader_wrong(r, w->items[1].column, "expected nothing behind 'single'");
	r->single = true;
}

static const struct {
	const char *word;
	void (*read)(struct reader *r, const struct words *w);
} directives[] = {
	{ "include", include_read },
	{ "single", single_read },
};

/* Whether the line begins with one of them, of n bytes: then it was read. */
static bool
directive_read(struct reader *r, struct span line, size_t n)
{
	struct words w;
	struct error e;
	size_t column, i = 0;

	while (i < sizeof(directives) / sizeof(directives[0]) &&
	    !span_is((struct span){ line.p, n }, directives[i].word))
		i++;
	if (i == sizeof(directives) / sizeof(directives[0]) ||
	    (n < line.n && line.p[n] != ' ' && line.p[n] != '\t'))
		return false;
	r->part = NULL;
	if (words_split(&w, line, 1, &r->variables, &column, &e) < 0) {
		reader_wrong(r, column, "%s", e.text);
	} else {
		directives[i].read(r, &w);
		words_free(&w);
	}
	return true;
}

static void
line_read_whole(struct reader *r, struct span line)
{
	size_t n = name_length(line);

	if (line.n == 0 || line.p[0] == '#')
		return;
	if (line.p[0] == ' ' || line.p[0] == '\t')
		settings_line(r, line);
	else if (directive_read(r, line, n))
		return;
	else if (n > 0 && n < line.n && line.p[n] == '=')
		variable_read(r, line, n);
	else if (n > 0 && n < line.n && line.p[n] == ':')
		part_read(r, line, n);
	else
		reader_wrong(
		    r, n + 1, "expected NAME: COMMAND, NAME=VALUE, or blanks and a setting");
}

/* The bytes of a backslash and the end of a line that it stands at; 0: it does not. */
static size_t
goes_on(const char *p, size_t n)
{
	size_t end = n > 2 && p[1] == '\r' ? 2 : 1;

	return n > end && p[0] == '\\' && p[end] == '\n' ? end + 1 : 0;
}

/* Reads a line with those that it goes on in: its text, blanks for each backslash and newline. */
static void
line_add(struct reader *r, struct span raw)
{
	AUTO_FREE char *copy = xmemdup(raw.p, raw.n);

	r->raw = raw;
	for (size_t i = 0; i < raw.n; i++) {
		memset(copy + i, ' ', goes_on(copy + i, raw.n - i));
		if ((unsigned char)copy[i] < ' ' && copy[i] != '\t') {
			reader_wrong(r, i + 1, "a control character");
			return;
		}
	}
	line_read_whole(r, (struct span){ copy, raw.n });
}

static void
lines_read(struct reader *r, struct span text)
{
	struct textfile_lines lines = { .rest = text };
	struct span line;

	while (textfile_line(&lines, &line)) {
		struct span raw = line;

		r->line = lines.number;
		while (line.n > 0 && line.p[line.n - 1] == '\\' && textfile_line(&lines, &line))
			raw.n = (size_t)(line.p + line.n - raw.p);
		line_add(r, raw);
	}
}

int
wiring_read(struct wiring *w, struct span text, const struct wiring_place *place,
    void (*complain)(void *arg, const struct error *e), void *arg)
{
	struct reader r = { .wiring = w, .place = place, .complain = complain, .arg = arg };

	*w = (struct wiring){ 0 };
	variables_set(&r.variables, "DIR", (struct span){ place->dir, strlen(place->dir) });
	variables_set(&r.variables, "RUN", (struct span){ place->run, strlen(place->run) });
	variables_set(&r.variables, "HTTP", (struct span){ place->http, strlen(place->http) });
	lines_read(&r, text);
	if (!r.wrong && w->n == 0)
		reader_wrong(&r, 1, "there is no part in it");
	if (!r.wrong && r.single)
		single_make(&r);
	if (!r.wrong)
		order_find(&r);
	variables_free(&r.variables);
	return r.wrong ? -1 : 0;
}
