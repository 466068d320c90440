#include "jsontree.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

/* Before main: allocations may not change hands later, nor while another thread runs. */
__attribute__((constructor)) static void
allocate(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

/* Behind the string that begins at p, its opening quote. */
static const char *
pass_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\')
			p++;
	}
	return p < end ? p + 1 : end;
}

/* Holds the bounds before anything is built. A value more is one that opens, or that a comma announces. */
static int
bounds_check(struct span text, struct error *e)
{
	const char *p = text.p, *end = text.p + text.n;
	int depth = 0, values = 1;

	while (p < end) {
		bool opens = *p == '{' || *p == '[';

		if (*p == '"') {
			p = pass_string(p, end);
			continue;
		}
		depth += opens - (*p == '}' || *p == ']');
		values += opens || *p == ',';
		if (depth > JSONTREE_DEPTH)
			return error_set(e, ERROR_LIMIT, "not JSON that is taken: nested deeper than %d",
			    JSONTREE_DEPTH);
		if (values > JSONTREE_VALUES)
			return error_set(e, ERROR_LIMIT, "not JSON that is taken: more than %d values",
			    JSONTREE_VALUES);
		p++;
	}
	return 0;
}

json_t *
jsontree_read(struct span text, struct error *e)
{
	json_error_t wrong;
	json_t *json;

	if (bounds_check(text, e) < 0)
		return NULL;
	/* for jansson it ends the text, whatever stands behind it */
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
		error_set(e, ERROR_INPUT, "not JSON: it holds a NUL byte");
		return NULL;
	}
	json = json_loadb(text.n > 0 ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &wrong);
	if (json == NULL)
		error_set(e, ERROR_INPUT, "line %d, column %d: not JSON: %s", wrong.line, wrong.column,
		    wrong.text);
	return json;
}

json_t *
jsontree_text(struct span text)
{
	json_t *json = json_stringn(text.n > 0 ? text.p : "", text.n);
	AUTO_BYTES quoted = { 0 };

	if (json != NULL)
		return json;
	emit_string(&quoted, text.p, text.n);
	return json_loadb(quoted.data, quoted.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* The fewest digits that read back as the same; 17 always do (IEEE 754 section 5.12.2). It stays a real. */
static void
real_write(struct bytes *into, double value)
{
	char text[32];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	bytes_text(into, text);
	if (strpbrk(text, ".e") == NULL)
		bytes_text(into, ".0");
}

static void
object_write(struct bytes *into, const json_t *json)
{
	const char *key;
	json_t *value, *object = (json_t *)json; /* only read */
	char before = '{';

	json_object_foreach(object, key, value) {
		bytes_char(into, before);
		emit_string(into, key, strlen(key));
		bytes_char(into, ':');
		jsontree_write(into, value);
		before = ',';
	}
	bytes_text(into, before == '{' ? "{}" : "}");
}

static void
array_write(struct bytes *into, const json_t *json)
{
	bytes_char(into, '[');
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (i > 0)
			bytes_char(into, ',');
		jsontree_write(into, json_array_get(json, i));
	}
	bytes_char(into, ']');
}

void
jsontree_write(struct bytes *into, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		object_write(into, json);
		break;
	case JSON_ARRAY:
		array_write(into, json);
		break;
	case JSON_STRING:
		emit_string(into, json_string_value(json), json_string_length(json));
		break;
	case JSON_INTEGER:
		bytes_number(into, json_integer_value(json));
		break;
	case JSON_REAL:
		real_write(into, json_real_value(json));
		break;
	case JSON_TRUE:
		bytes_text(into, "true");
		break;
	case JSON_FALSE:
		bytes_text(into, "false");
		break;
	case JSON_NULL:
		bytes_text(into, "null");
		break;
	}
}
