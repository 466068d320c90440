#include "target.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "utf8.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The n bytes at p decoded; plus: a '+' is a blank (application/x-www-form-urlencoded). NULL with
 * an error. */
static char *
decode(const char *p, size_t n, bool plus, struct error *e)
{
	char *text = xmalloc(n + 1), *to = text;

	for (size_t i = 0; i < n; i++) {
		int high = p[i] == '%' && i + 2 < n ? digit(p[i + 1]) : -1;
		int low = high >= 0 ? digit(p[i + 2]) : -1;

		if (p[i] == '%' && low < 0) {
			error_set(e, ERROR_INPUT, "%%: expected two hexadecimal digits behind it");
			free(text);
			return NULL;
		}
		if (p[i] == '%') {
			*to++ = (char)(high * 16 + low);
			i += 2;
		} else {
			*to++ = plus && p[i] == '+' ? (char)' ' : p[i];
		}
	}
	*to = '\0';
	if (strlen(text) == (size_t)(to - text) && utf8_valid(text, (size_t)(to - text)))
		return text;
	error_set(e, ERROR_INPUT, "expected UTF-8 without %%00");
	free(text);
	return NULL;
}

static int
read_segments(struct target *t, const char *path, struct error *e)
{
	for (path++; *path != '\0';) {
		size_t n = strcspn(path, "/");

		if (t->nsegments == TARGET_SEGMENTS) {
			AUTO_FREE char *rest = decode(path, strlen(path), false, e);

			t->longer = true;
			return rest == NULL ? -1 : 0;
		}
		t->begins[t->nsegments] = path;
		t->segments[t->nsegments] = decode(path, n, false, e);
		if (t->segments[t->nsegments++] == NULL)
			return -1;
		path += n + (path[n] == '/');
		/* a slash at the end begins no segment, but for an empty one of its own */
	}
	return 0;
}

static int
read_pair(struct target *t, const char *p, size_t n, struct error *e)
{
	const char *equals = memchr(p, '=', n);
	size_t name = equals == NULL ? n : (size_t)(equals - p);
	struct target_pair *pair = &t->pairs[t->npairs];

	if (t->npairs == TARGET_PAIRS)
		return error_set(e, ERROR_INPUT, "at most %d parameters", TARGET_PAIRS);
	*pair = (struct target_pair){ 0 };
	t->npairs++;
	pair->name = decode(p, name, true, e);
	if (pair->name != NULL)
		pair->value =
		    equals == NULL ? xstrdup("") : decode(equals + 1, n - name - 1, true, e);
	return pair->value == NULL ? -1 : 0;
}

int
target_read(struct target *t, const char *path, const char *query, struct error *e)
{
	*t = (struct target){ 0 };
	if (path[0] != '/')
		return error_set(e, ERROR_INPUT, "expected a path that begins with a slash");
	if (read_segments(t, path, e) < 0)
		return error_before(e, "the path: ");
	while (query != NULL && *query != '\0') {
		size_t n = strcspn(query, "&");

		if (n > 0 && read_pair(t, query, n, e) < 0)
			return error_before(e, "the query: ");
		query += n + (query[n] == '&');
	}
	return 0;
}

const char *
target_value(const struct target *t, const char *name)
{
	for (size_t i = 0; i < t->npairs; i++) {
		if (strcmp(t->pairs[i].name, name) == 0)
			return t->pairs[i].value;
	}
	return NULL;
}

/* From a segment on. */
static const char *
tail(struct target *t, size_t from)
{
	free(t->tail);
	t->tail = decode(t->begins[from], strlen(t->begins[from]), false, NULL);
	return t->tail;
}

bool
target_is(struct target *t, const char *pattern, const char **values)
{
	size_t i = 0, nvalues = 0;

	for (pattern++; *pattern != '\0'; i++) {
		size_t n = strcspn(pattern, "/");

		if (i == t->nsegments)
			return false;
		if (pattern[0] == '{' && pattern[n - 2] == '*')
			return (values[nvalues] = tail(t, i)) != NULL;
		if (pattern[0] == '{')
			values[nvalues++] = t->segments[i];
		else if (strncmp(pattern, t->segments[i], n) != 0 || t->segments[i][n] != '\0')
			return false;
		pattern += n + (pattern[n] == '/');
	}
	return i == t->nsegments && !t->longer;
}

void
target_free(struct target *t)
{
	for (size_t i = 0; i < t->nsegments; i++)
		free(t->segments[i]);
	free(t->tail);
	for (size_t i = 0; i < t->npairs; i++) {
		free(t->pairs[i].name);
		free(t->pairs[i].value);
	}
	*t = (struct target){ 0 };
}

void
target_escape(struct bytes *into, const char *text)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/,+";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL && *text != '+')
			bytes_char(into, *text);
		else
			bytes_format(into, "%%%02X", (unsigned char)*text);
	}
}
