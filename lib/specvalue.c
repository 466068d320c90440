#include "specvalue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "memory.h"

#define ENTRIES 10000 /* bound on the elements of a list */
#define PAIRS 1000    /* and of an object, whose keys are compared with each other */

int
value_expected(const struct scan_value *v, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, ": expected %s, found %s", what, scan_type_name(v->type));
}

/* A string value, not NUL inside; NULL with an error that begins with ": ". */
char *
value_text(const struct scan_value *v, struct error *e)
{
	struct bytes b = { 0 };

	if (v->type != SCAN_STRING) {
		value_expected(v, "a string", e);
		return NULL;
	}
	if (scan_text(v, &b, e) < 0) {
		error_before(e, ": ");
		bytes_free(&b);
		return NULL;
	}
	return bytes_give(&b);
}

int
value_text_into(char **into, const struct scan_value *v, struct error *e)
{
	free(*into);
	*into = value_text(v, e);
	return *into == NULL ? -1 : 0;
}

int
value_bool(bool *into, const struct scan_value *v, struct error *e)
{
	if (v->type != SCAN_TRUE && v->type != SCAN_FALSE)
		return value_expected(v, "true or false", e);
	*into = v->type == SCAN_TRUE;
	return 0;
}

void
value_list_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

/* An array of strings, NULL-terminated; a single string counts as a list of one when lone is set. */
int
value_list(char ***into, size_t *n, const struct scan_value *v, bool lone, struct error *e)
{
	struct scan s;
	struct scan_member m;
	size_t size = 0;
	int got;

	*n = 0;
	if (lone && v->type == SCAN_STRING) {
		*into = xmalloc(2 * sizeof(char *));
		(*into)[0] = value_text(v, e);
		*n = (*into)[0] != NULL;
		return *n == 1 ? 0 : -1;
	}
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of strings", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n + 2 > size) {
			size = size == 0 ? 4 : size * 2;
			*into = xrealloc(*into, size, sizeof(char *));
		}
		if (*n == ENTRIES)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", ENTRIES);
		(*into)[*n] = value_text(&m.value, e);
		if ((*into)[*n] == NULL)
			return error_before(e, "[%zu]", *n);
		(*into)[++*n] = NULL;
	}
	return got;
}

/* The values of env and labels: strings, and numbers and booleans as they are written. */
static char *
plain_take(const struct scan_value *v, struct error *e)
{
	if (v->type == SCAN_NUMBER || v->type == SCAN_TRUE || v->type == SCAN_FALSE)
		return xmemdup(v->raw.p, v->raw.n);
	return value_text(v, e);
}

int
value_pairs(struct spec_pair **into, size_t *n, const struct scan_value *v, bool names,
    struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object of names and values", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		struct spec_pair *pair;

		if (*n == PAIRS)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", PAIRS);
		if (names && !value_name_ok(m.key.p, m.key.n))
			return error_set(e, ERROR_INPUT, ".%.*s: not a name of letters, digits and _",
			    (int)(m.key.n > 64 ? 64 : m.key.n), m.key.p);
		for (size_t i = 0; i < *n; i++) {
			if (span_is(m.key, (*into)[i].name))
				return error_set(e, ERROR_INPUT, ".%s: the key comes twice",
				    (*into)[i].name);
		}
		*into = xrealloc(*into, *n + 1, sizeof(**into));
		pair = &(*into)[*n];
		pair->name = xmemdup(m.key.p, m.key.n);
		pair->value = plain_take(&m.value, e);
		++*n;
		if (pair->value == NULL)
			return error_before(e, ".%s", pair->name);
	}
	return got;
}

int
value_duration(int64_t *into, const struct scan_value *v, bool milliseconds,
    struct error *e)
{
	AUTO_FREE char *text = NULL;
	int64_t ms;

	if (v->type == SCAN_NUMBER && milliseconds) {
		if (scan_integer(v, 1, INT64_C(315360000000), &ms, e) < 0)
			return error_before(e, ": ");
		*into = ms * MILLISECOND;
		return 0;
	}
	if (v->type == SCAN_NUMBER)
		return error_set(e, ERROR_INPUT, ": %.*s has no unit: write it as \"%.*ss\" or \"%.*sm\"",
		    (int)v->raw.n, v->raw.p, (int)v->raw.n, v->raw.p, (int)v->raw.n, v->raw.p);
	text = value_text(v, e);
	if (text == NULL)
		return -1;
	return duration_parse(text, strlen(text), into, e) < 0 ? error_before(e, ": ") : 0;
}

void
value_pairs_free(struct spec_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

bool
value_name_ok(const char *text, size_t n)
{
	if (n == 0 || n > 256 || (text[0] >= '0' && text[0] <= '9'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	}
	return true;
}

int
value_grants_check(const char *const *grants, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!value_name_ok(grants[i], strcspn(grants[i], "=")))
			return error_set(e, ERROR_USAGE, "-e '%.*s': expected NAME or NAME=VALUE, NAME of "
			    "letters, digits and _", (int)strcspn(grants[i], "="), grants[i]);
	}
	return 0;
}
