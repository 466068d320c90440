#include "specentries.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

#define ENTRIES 10000 /* bound on the elements of all lists together */
#define DEPTH 16      /* of lists in lists */

bool
spec_name_ok(const char *name)
{
	return name[0] != '\0' && strlen(name) <= SPEC_NAME_LIMIT && strchr(name, '\n') == NULL;
}

/* An object with a name. What it holds already is the caller's, also after an error. */
static int
named_read(struct spec_entry *entry, const struct scan_value *v, struct error *e)
{
	struct scan object;
	struct scan_member m;
	int got;

	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		bool name = span_is(m.key, "name");
		char **into = name ? &entry->name : &entry->run;

		if (!name && !span_is(m.key, "run"))
			return entry->run == NULL && entry->name == NULL ?
			    value_expected(v, "a string or an object with name and run", e) :
			    error_set(e, ERROR_INPUT, ".%.*s: unknown key; known are name and run",
			    (int)(m.key.n > 64 ? 64 : m.key.n), m.key.p);
		if (value_text_into(into, &m.value, e) < 0)
			return error_before(e, name ? ".name" : ".run");
		if (name && !spec_name_ok(entry->name))
			return error_set(e, ERROR_INPUT, ".name: expected one line of at most %d bytes",
			    SPEC_NAME_LIMIT);
	}
	if (got == 0 && entry->run == NULL)
		return error_set(e, ERROR_INPUT, ".run: missing; it is what the entry runs");
	return got;
}

static int
entry_read(struct spec_entry **entries, size_t *n, size_t *size, const struct scan_value *v,
    struct error *e)
{
	struct spec_entry *entry;

	if (*n == ENTRIES)
		return error_set(e, ERROR_LIMIT, ": more than %d entries", ENTRIES);
	if (*n == *size) {
		*size = *size == 0 ? 4 : *size * 2;
		*entries = xrealloc(*entries, *size, sizeof(**entries));
	}
	entry = &(*entries)[(*n)++];
	*entry = (struct spec_entry){ NULL, NULL };
	if (v->type == SCAN_OBJECT)
		return named_read(entry, v, e);
	if (v->type != SCAN_STRING)
		return value_expected(v, "a string or an object with name and run", e);
	return value_text_into(&entry->run, v, e);
}

static int
script_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct spec_entry **entries = at;
	struct scan lists[DEPTH];
	size_t places[DEPTH] = { 0 }, depth = 0, size = 0;
	struct scan_member m;
	int got = 0;

	(void)how;
	*n = 0;
	if (v->type == SCAN_STRING || v->type == SCAN_OBJECT)
		return entry_read(entries, n, &size, v, e);
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of strings", e);
	scan_open(&lists[depth++], v->raw.p, v->raw.n, e);
	while (depth > 0 && (got = scan_next(&lists[depth - 1], &m, e)) >= 0) {
		if (got == 0) {
			if (--depth > 0)
				places[depth - 1]++;
		} else if (m.value.type == SCAN_ARRAY && depth < DEPTH) {
			places[depth] = 0;
			scan_open(&lists[depth++], m.value.raw.p, m.value.raw.n, e);
		} else if ((got = entry_read(entries, n, &size, &m.value, e)) < 0) {
			break;
		} else {
			places[depth - 1]++;
		}
	}
	while (got < 0 && depth > 0)
		error_before(e, "[%zu]", places[--depth]);
	return got;
}

static void
script_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_entry *entries = *(struct spec_entry *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	for (size_t i = 0; i < n; i++) {
		bytes_char(b, i == 0 ? '[' : ',');
		if (entries[i].name == NULL) {
			emit_string(b, entries[i].run, strlen(entries[i].run));
			continue;
		}
		emit_open(b);
		emit_text(b, "name", entries[i].name);
		emit_text(b, "run", entries[i].run);
		bytes_char(b, '}');
	}
	bytes_char(b, ']');
}

static void
script_copy(void *at, size_t n)
{
	struct spec_entry **entries = at, *copy;

	if (n == 0)
		return;
	copy = xmalloc(n * sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		copy[i].run = xstrdup((*entries)[i].run);
		copy[i].name = (*entries)[i].name == NULL ? NULL : xstrdup((*entries)[i].name);
	}
	*entries = copy;
}

static void
script_free(void *at, size_t n)
{
	struct spec_entry *entries = *(struct spec_entry **)at;

	for (size_t i = 0; i < n; i++) {
		free(entries[i].run);
		free(entries[i].name);
	}
	free(entries);
}

const struct value_type value_type_script = { "text or list", script_read, script_write, script_copy,
	script_free };
