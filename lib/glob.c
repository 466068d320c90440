#include "glob.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "utf8.h"

/* Length of the character at p; bytes that are not UTF-8 count as one character each. */
static size_t
character(const char *p)
{
	size_t n;

	if ((unsigned char)*p < 0x80)
		return 1;
	n = utf8_length(p, strlen(p) < 4 ? strlen(p) : 4);
	return n == 0 ? 1 : n;
}

/* UTF-8 sorts by code point, so characters are compared as bytes. */
static int
order(const char *a, size_t na, const char *b, size_t nb)
{
	int c = memcmp(a, b, na < nb ? na : nb);

	return c != 0 ? c : (na > nb) - (na < nb);
}

static const struct {
	const char *name;
	int (*is)(int c);
} classes[] = {
	{ "[:alnum:]", isalnum },
	{ "[:alpha:]", isalpha },
	{ "[:blank:]", isblank },
	{ "[:cntrl:]", iscntrl },
	{ "[:digit:]", isdigit },
	{ "[:graph:]", isgraph },
	{ "[:lower:]", islower },
	{ "[:print:]", isprint },
	{ "[:punct:]", ispunct },
	{ "[:space:]", isspace },
	{ "[:upper:]", isupper },
	{ "[:xdigit:]", isxdigit },
};

/* If p is at a named class: moves behind it and says in *fits whether the byte c is of it. */
static bool
class_named(const char **p, char c, bool *fits)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		size_t n = strlen(classes[i].name);

		if (strncmp(*p, classes[i].name, n) != 0)
			continue;
		*p += n;
		*fits = *fits || ((unsigned char)c < 0x80 && classes[i].is((unsigned char)c) != 0);
		return true;
	}
	return false;
}

/* The next member's own character, a backslash before it dropped; NULL at the pattern's end. */
static const char *
class_member(const char **p, size_t *n)
{
	const char *at = *p;

	if (*at == '\\')
		at++;
	if (*at == '\0')
		return NULL;
	*n = character(at);
	*p = at + *n;
	return at;
}

/*
 * Matches the character t (of n bytes) with the bracket expression at *p, which is moved behind it.
 * -1 when no ']' closes it: the '[' is then a plain character, as in a shell.
 */
static int
bracket(const char **p, const char *t, size_t n)
{
	const char *at = *p + 1, *low, *high;
	bool negated = *at == '!' || *at == '^', fits = false;
	size_t nlow, nhigh;

	at += negated;
	for (const char *first = at; *at != ']' || at == first;) {
		if (class_named(&at, *t, &fits))
			continue;
		if ((low = class_member(&at, &nlow)) == NULL)
			return -1;
		high = low;
		nhigh = nlow;
		if (*at == '-' && at[1] != ']' && at[1] != '\0') {
			at++;
			if ((high = class_member(&at, &nhigh)) == NULL)
				return -1;
		}
		if (order(low, nlow, t, n) <= 0 && order(t, n, high, nhigh) <= 0)
			fits = true;
	}
	*p = at + 1;
	return *t != '/' && fits != negated;
}

/* Matches the character at *t with the pattern's next one and moves both on. */
static bool
one_match(const char **p, const char **t)
{
	size_t n = character(*t);
	int got;

	if (**p == '?' && **t != '/') {
		++*p;
		*t += n;
		return true;
	}
	if (**p == '[' && (got = bracket(p, *t, n)) >= 0) {
		*t += n;
		return got == 1;
	}
	if (**p == '?')
		return false;
	if (**p == '\\' && (*p)[1] != '\0')
		++*p;
	return *(*p)++ == *(*t)++;
}

/* Whether "**" at p stands for whole folders: alone between slashes or ends. */
static bool
deep_star(const char *pattern, const char *p)
{
	return p[0] == '*' && p[1] == '*' && (p[2] == '/' || p[2] == '\0') &&
	       (p == pattern || p[-1] == '/');
}

/*
 * Only the last star has to be tried again: whatever an earlier one could still take, the last one
 * can take too, since a "*" stays within one component and what is behind a "**" has a fixed number
 * of them. So the time is bounded by the product of the lengths.
 */
bool
glob_match(const char *pattern, const char *text)
{
	const char *p = pattern, *t = text;
	const char *star = NULL, *star_at = NULL; /* behind the last star, what it has not taken */
	const char *deep = NULL, *deep_at = NULL; /* the same for the last double star */

	for (;;) {
		if (deep_star(pattern, p)) {
			if (p[2] == '\0')
				return true;
			deep = p += 3;
			deep_at = t;
			star = NULL;
			continue;
		}
		if (*p == '*') {
			while (*p == '*')
				p++;
			star = p;
			star_at = t;
			continue;
		}
		if (*t == '\0')
			return *p == '\0';
		if (*p != '\0' && one_match(&p, &t))
			continue;
		if (star != NULL && *star_at != '/' && *star_at != '\0') {
			star_at += character(star_at);
			t = star_at;
			p = star;
		} else if (deep != NULL && (deep_at = strchr(deep_at, '/')) != NULL) {
			t = ++deep_at;
			p = deep;
			star = NULL;
		} else {
			return false;
		}
	}
}
