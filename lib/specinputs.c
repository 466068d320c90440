#include "specinputs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

static const struct row {
	const char *key;
	size_t offset, count;
} rows[] = {
#define LIST(name) { #name, offsetof(struct spec_inputs, name), offsetof(struct spec_inputs, n##name) }
	LIST(paths),
	LIST(exclude),
	LIST(env),
	LIST(params),
#undef LIST
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static char ***
list_at(struct spec_inputs *s, const struct row *row)
{
	return (char ***)(void *)((char *)s + row->offset);
}

static size_t *
count_at(struct spec_inputs *s, const struct row *row)
{
	return (size_t *)(void *)((char *)s + row->count);
}

static int
member_read(struct spec_inputs *s, const struct scan_member *m, unsigned *seen, struct error *e)
{
	const char *names[NROWS];

	for (size_t i = 0; i < NROWS; i++) {
		names[i] = rows[i].key;
		if (!span_is(m->key, rows[i].key) || *seen & 1U << i)
			continue;
		*seen |= 1U << i;
		return value_list(list_at(s, &rows[i]), count_at(s, &rows[i]), &m->value, true, e) < 0 ?
		    error_before(e, ".%s", rows[i].key) : 0;
	}
	return value_unknown(m->key, names, NROWS, e);
}

static int
object_read(struct spec_inputs *s, const struct scan_value *v, struct error *e)
{
	struct scan object;
	struct scan_member m;
	unsigned seen = 0;
	int got;

	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (member_read(s, &m, &seen, e) < 0)
			return -1;
	}
	return got;
}

/* What is outside of what is built belongs to the machine. */
static int
paths_check(const struct spec_inputs *s, struct error *e)
{
	for (size_t i = 0; i < s->npaths; i++) {
		const char *path = s->paths[i];

		if (path[0] == '\0' || path[0] == '/')
			return error_set(e, ERROR_INPUT, ": '%.200s' is not relative to what is built", path);
		for (const char *at = path; at != NULL; at = strchr(at, '/')) {
			at += *at == '/';
			if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
				return error_set(e, ERROR_INPUT, ": '%.200s' leaves what is built", path);
		}
	}
	return 0;
}

static int
inputs_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct spec_inputs *s = xmalloc(sizeof(*s));

	(void)n;
	(void)how;
	*s = (struct spec_inputs){ 0 };
	*(struct spec_inputs **)at = s;
	if (v->type == SCAN_OBJECT)
		return object_read(s, v, e) < 0 ? -1 : paths_check(s, e);
	if (v->type != SCAN_ARRAY && v->type != SCAN_STRING)
		return value_expected(v, "a list of paths, or an object with paths, env and params", e);
	return value_list(&s->paths, &s->npaths, v, true, e) < 0 ? -1 : paths_check(s, e);
}

static void
inputs_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	struct spec_inputs *s = *(struct spec_inputs *const *)at;

	(void)n;
	emit_key(b, key);
	emit_open(b);
	for (size_t i = 0; i < NROWS; i++) {
		if (*count_at(s, &rows[i]) > 0)
			emit_list(b, rows[i].key, (const char *const *)*list_at(s, &rows[i]),
			    *count_at(s, &rows[i]));
	}
	bytes_char(b, '}');
}

struct spec_inputs *
spec_inputs_copy(const struct spec_inputs *s)
{
	struct spec_inputs *copy, *from = (struct spec_inputs *)(uintptr_t)s;

	if (s == NULL)
		return NULL;
	copy = xmalloc(sizeof(*copy));
	*copy = *s;
	for (size_t i = 0; i < NROWS; i++) {
		size_t n = *count_at(from, &rows[i]);
		char **list = n == 0 ? NULL : xmalloc((n + 1) * sizeof(char *));

		for (size_t k = 0; k < n; k++)
			list[k] = xstrdup((*list_at(from, &rows[i]))[k]);
		if (list != NULL)
			list[n] = NULL;
		*list_at(copy, &rows[i]) = list;
	}
	return copy;
}

void
spec_inputs_free(struct spec_inputs *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < NROWS; i++)
		value_list_free(*list_at(s, &rows[i]), *count_at(s, &rows[i]));
	free(s);
}

static void
inputs_copy(void *at, size_t n)
{
	struct spec_inputs **s = at;

	(void)n;
	*s = spec_inputs_copy(*s);
}

static void
inputs_free(void *at, size_t n)
{
	(void)n;
	spec_inputs_free(*(struct spec_inputs **)at);
}

const struct value_type value_type_inputs = { "paths, or an object", inputs_read, inputs_write, inputs_copy,
	inputs_free };
