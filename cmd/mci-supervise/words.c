#include "words.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "nearest.h"

struct splitter {
	const char *start, *p, *end;
	size_t at; /* column of start */
	const struct variables *variables;
	struct error *error;
};

bool
variables_set(struct variables *v, const char *name, struct span value)
{
	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->items[i].name, name) == 0)
			return false;
	}
	v->items = xrealloc(v->items, v->n + 1, sizeof(*v->items));
	v->items[v->n++] = (struct variable){ xstrdup(name), xmemdup(value.p, value.n) };
	return true;
}

void
variables_free(struct variables *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->items[i].name);
		free(v->items[i].value);
	}
	free(v->items);
	*v = (struct variables){ 0 };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t
name_length(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end &&
	    (p[n] == '_' || (p[n] >= 'A' && p[n] <= 'Z') || (p[n] >= 'a' && p[n] <= 'z') ||
		(n > 0 && p[n] >= '0' && p[n] <= '9')))
		n++;
	return n;
}

static int
no_variable(struct splitter *s, struct span name)
{
	AUTO_FREE char *text = xmemdup(name.p, name.n);
	AUTO_FREE const char **names = xmalloc((s->variables->n + 1) * sizeof(*names));
	const char *near;

	for (size_t i = 0; i < s->variables->n; i++)
		names[i] = s->variables->items[i].name;
	names[s->variables->n] = "READY";
	near = nearest_word(text, names, s->variables->n + 1);
	return error_set(s->error, ERROR_INPUT, "there is no variable $%.64s%s%s%s", text,
	    near == NULL ? "; a $ is quoted as \\$ or in '...'" : "; did you mean $",
	    near == NULL ? "" : near, near == NULL ? "" : "?");
}

/* s->p is at a $. */
static int
put_variable(struct splitter *s, struct bytes *word)
{
	const char *p = s->p + 1;
	bool braces = p < s->end && *p == '{';
	size_t n = name_length(p + braces, s->end);
	struct span name = { p + braces, n };

	if (n == 0)
		return error_set(s->error, ERROR_INPUT,
		    "a $ without the name of a variable behind it: quote it as "
		    "\\$ or in '...'");
	if (braces && (name.p + n == s->end || name.p[n] != '}'))
		return error_set(s->error, ERROR_INPUT, "${%.*s is not closed", (int)n, name.p);
	if (span_is(name, "READY")) {
		bytes_char(word, WORDS_READY);
	} else {
		size_t i = 0;

		while (i < s->variables->n && !span_is(name, s->variables->items[i].name))
			i++;
		if (i == s->variables->n)
			return no_variable(s, name);
		bytes_text(word, s->variables->items[i].value);
	}
	s->p = name.p + n + braces;
	return 0;
}

/* s->p is behind the opening quote; goes behind the closing one. */
static int
put_quoted(struct splitter *s, char quote, struct bytes *word)
{
	const char *open = s->p - 1;

	while (s->p < s->end && *s->p != quote) {
		if (quote == '"' && *s->p == '$') {
			if (put_variable(s, word) < 0)
				return -1;
			continue;
		}
		if (quote == '"' && *s->p == '\\' && s->p + 1 < s->end &&
		    strchr("\"\\$", s->p[1]) != NULL)
			s->p++;
		bytes_char(word, *s->p++);
	}
	if (s->p == s->end) {
		s->p = open;
		return error_set(s->error, ERROR_INPUT, "a quote (%c) is not closed", quote);
	}
	s->p++;
	return 0;
}

static int
put_word(struct splitter *s, struct bytes *word)
{
	while (s->p < s->end && !is_blank(*s->p) && *s->p != '|') {
		char c = *s->p;

		if (strchr(";&<>()`", c) != NULL)
			return error_set(s->error, ERROR_INPUT,
			    "'%c' means nothing here, as no shell is started: quote it, or write "
			    "sh -c '...'",
			    c);
		if (c == '$') {
			if (put_variable(s, word) < 0)
				return -1;
			continue;
		}
		s->p++;
		if (c == '\'' || c == '"') {
			if (put_quoted(s, c, word) < 0)
				return -1;
			continue;
		}
		if (c == '\\' && s->p == s->end)
			return error_set(
			    s->error, ERROR_INPUT, "a backslash at the end quotes nothing");
		bytes_char(word, c == '\\' ? *s->p++ : c);
	}
	return 0;
}

static void
add(struct words *w, char *text, size_t column)
{
	w->items = xrealloc(w->items, w->n + 1, sizeof(*w->items));
	w->items[w->n++] = (struct word){ text, column };
}

static int
split(struct splitter *s, struct words *w)
{
	for (;;) {
		AUTO_BYTES word = { 0 };
		size_t column;

		while (s->p < s->end && is_blank(*s->p))
			s->p++;
		if (s->p == s->end || *s->p == '#')
			return 0;
		column = s->at + (size_t)(s->p - s->start);
		if (*s->p == '|') {
			s->p++;
			add(w, NULL, column);
			continue;
		}
		if (put_word(s, &word) < 0)
			return -1;
		add(w, bytes_give(&word), column);
	}
}

int
words_split(struct words *w, struct span text, size_t at, const struct variables *v, size_t *column,
    struct error *e)
{
	struct splitter s = { text.p, text.p, text.p + text.n, at, v, e };

	*w = (struct words){ 0 };
	if (split(&s, w) == 0)
		return 0;
	*column = at + (size_t)(s.p - s.start);
	words_free(w);
	return -1;
}

void
words_free(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->items[i].text);
	free(w->items);
	*w = (struct words){ 0 };
}
