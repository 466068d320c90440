#include "specplace.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

#define PLACES 100     /* bound on a list */
#define ID_LENGTH 128
#define KEY_LENGTH 512 /* of a key as it is written; names in the store are paths */

enum list {
	LIST_SAVES = 1,
	LIST_RESTORES = 2,
	LIST_CACHES = 4,
	LIST_ANY = 7,
};

enum kind {
	PLACE_TEXT,
	PLACE_TEXTS,
	PLACE_FLAG,
	PLACE_WHEN,
};

/* The keys of a place, and in which lists it may have them. */
static const struct row {
	const char *key;
	enum kind kind;
	unsigned lists, required;
	size_t offset, count;
} rows[] = {
#define FIELD(name) offsetof(struct spec_place, name)
	{ "id", PLACE_TEXT, LIST_ANY, LIST_ANY, FIELD(id), 0 },
	{ "path", PLACE_TEXTS, LIST_ANY, LIST_SAVES | LIST_CACHES,
	  FIELD(paths), FIELD(npaths) },
	{ "exclude", PLACE_TEXTS, LIST_SAVES | LIST_CACHES, 0, FIELD(exclude), FIELD(nexclude) },
	{ "key", PLACE_TEXT, LIST_CACHES, 0, FIELD(key), 0 },
	{ "fallback", PLACE_TEXTS, LIST_CACHES, 0, FIELD(fallback), FIELD(nfallback) },
	{ "job", PLACE_TEXT, LIST_RESTORES, 0, FIELD(job), 0 },
	{ "when", PLACE_WHEN, LIST_SAVES | LIST_CACHES, 0, FIELD(always), 0 },
	{ "optional", PLACE_FLAG, LIST_RESTORES, 0, FIELD(optional), 0 },
#undef FIELD
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void *
field(struct spec_place *p, size_t offset)
{
	return (char *)p + offset;
}

static const void *
field_of(const struct spec_place *p, size_t offset)
{
	return (const char *)p + offset;
}

static char *const *
texts_of(const struct spec_place *p, const struct row *row, size_t *n)
{
	*n = *(const size_t *)field_of(p, row->count);
	return *(char **const *)field_of(p, row->offset);
}

static int
when_read(bool *always, const struct scan_value *v, struct error *e)
{
	*always = scan_text_is(v, "always");
	return *always || scan_text_is(v, "success") ? 0 :
	    error_set(e, ERROR_INPUT, ": expected \"success\" or \"always\"");
}

static int
value_take(struct spec_place *p, const struct row *row, const struct scan_value *v, struct error *e)
{
	void *at = field(p, row->offset);
	size_t *n = row->count == 0 ? NULL : field(p, row->count);

	switch (row->kind) {
	case PLACE_TEXT:
		return value_text_into(at, v, e);
	case PLACE_TEXTS:
		value_list_free(*(char ***)at, *n);
		*(char ***)at = NULL;
		return value_list(at, n, v, true, e);
	case PLACE_FLAG:
		return value_bool(at, v, e);
	case PLACE_WHEN:
		return when_read(at, v, e);
	}
	return -1;
}

static int
member_read(struct spec_place *p, unsigned list, const struct scan_member *m, unsigned *seen, struct error *e)
{
	const char *names[NROWS];
	size_t n = 0;

	for (size_t i = 0; i < NROWS; i++) {
		if (!(rows[i].lists & list))
			continue;
		names[n++] = rows[i].key;
		if (!span_is(m->key, rows[i].key) || *seen & 1U << i)
			continue;
		*seen |= 1U << i;
		return value_take(p, &rows[i], &m->value, e) < 0 ? error_before(e, ".%s", rows[i].key) : 0;
	}
	return value_unknown(m->key, names, n, e);
}

/* Names of the store are made of it. */
static bool
id_ok(const char *id)
{
	size_t n = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");

	return n > 0 && n <= ID_LENGTH && id[n] == '\0' && strchr("._+-", id[0]) == NULL;
}

/* No way out of where the job works. A cache may be in the home folder. */
static int
paths_check(const struct spec_place *p, unsigned list, struct error *e)
{
	for (size_t i = 0; i < p->npaths; i++) {
		const char *path = p->paths[i];

		if (path[0] == '\0')
			return error_set(e, ERROR_INPUT, ".path: is empty");
		if (list == LIST_CACHES && strncmp(path, "~/", 2) == 0)
			path += 2;
		if (path[0] == '/')
			return error_set(e, ERROR_INPUT, ".path: '%.200s' is not relative to where the job "
			    "works", path);
		for (const char *at = path; at != NULL; at = strchr(at, '/')) {
			at += *at == '/';
			if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
				return error_set(e, ERROR_INPUT, ".path: '%.200s' leaves where the job works",
				    path);
		}
	}
	return 0;
}

static int
place_check(const struct spec_place *p, unsigned list, unsigned seen, struct error *e)
{
	for (size_t i = 0; i < NROWS; i++) {
		if (rows[i].required & list && !(seen & 1U << i))
			return error_set(e, ERROR_INPUT, ".%s: missing", rows[i].key);
	}
	if (!id_ok(p->id))
		return error_set(e, ERROR_INPUT, ".id: '%.64s' is not 1 to %d of A-Z a-z 0-9 . _ + - "
		    "beginning with a letter or digit", p->id, ID_LENGTH);
	if (p->paths != NULL && p->npaths == 0)
		return error_set(e, ERROR_INPUT, ".path: expected at least one");
	if (list == LIST_RESTORES && p->npaths > 1)
		return error_set(e, ERROR_INPUT, ".path: an artifact comes back to one place");
	if (p->key != NULL && (p->key[0] == '\0' || strlen(p->key) > KEY_LENGTH))
		return error_set(e, ERROR_INPUT, ".key: expected 1 to %d bytes", KEY_LENGTH);
	return paths_check(p, list, e);
}

static int
place_read(struct spec_place *p, unsigned list, const struct scan_value *v, struct error *e)
{
	struct scan object;
	struct scan_member m;
	unsigned seen = 0;
	int got;

	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object with id and path", e);
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (member_read(p, list, &m, &seen, e) < 0)
			return -1;
	}
	return got < 0 ? -1 : place_check(p, list, seen, e);
}

static bool
doubled(const struct spec_place *list, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (strcmp(list[i].id, list[n - 1].id) == 0)
			return true;
	}
	return false;
}

static int
places_read(void *at, size_t *n, unsigned list, const struct scan_value *v, struct error *e)
{
	struct spec_place **into = at;
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of objects with id and path", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n == PLACES)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", PLACES);
		*into = xrealloc(*into, *n + 1, sizeof(**into));
		(*into)[*n] = (struct spec_place){ 0 };
		++*n;
		if (place_read(&(*into)[*n - 1], list, &m.value, e) < 0)
			return error_before(e, "[%zu]", *n - 1);
		if (list != LIST_RESTORES && doubled(*into, *n))
			return error_set(e, ERROR_INPUT, "[%zu].id: '%s' comes twice", *n - 1,
			    (*into)[*n - 1].id);
	}
	return got;
}

#define READER(name, list) \
	static int \
	name(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e) \
	{ \
		(void)how; \
		return places_read(at, n, list, v, e); \
	}
READER(saves_read, LIST_SAVES)
READER(restores_read, LIST_RESTORES)
READER(caches_read, LIST_CACHES)

static void
row_write(struct bytes *b, const struct spec_place *p, const struct row *row)
{
	const void *at = field_of(p, row->offset);
	size_t n;

	switch (row->kind) {
	case PLACE_TEXT:
		if (*(char *const *)at != NULL)
			emit_text(b, row->key, *(char *const *)at);
		break;
	case PLACE_TEXTS:
		texts_of(p, row, &n);
		if (n == 1)
			emit_text(b, row->key, texts_of(p, row, &n)[0]);
		else if (n > 1)
			emit_list(b, row->key, (const char *const *)texts_of(p, row, &n), n);
		break;
	case PLACE_FLAG:
		if (*(const bool *)at)
			emit_bool(b, row->key, true);
		break;
	case PLACE_WHEN:
		if (*(const bool *)at)
			emit_text(b, row->key, "always");
		break;
	}
}

static void
places_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_place *list = *(struct spec_place *const *)at;

	emit_key(b, key);
	bytes_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(b, ',');
		emit_open(b);
		for (size_t k = 0; k < NROWS; k++)
			row_write(b, &list[i], &rows[k]);
		bytes_char(b, '}');
	}
	bytes_char(b, ']');
}

static char **
texts_copy(char *const *texts, size_t n)
{
	char **copy = texts == NULL ? NULL : xmalloc((n + 1) * sizeof(char *));

	for (size_t i = 0; i < n && copy != NULL; i++)
		copy[i] = xstrdup(texts[i]);
	if (copy != NULL)
		copy[n] = NULL;
	return copy;
}

struct spec_place *
spec_places_copy(const struct spec_place *list, size_t n)
{
	struct spec_place *copy = n == 0 ? NULL : xmalloc(n * sizeof(*copy));

	for (size_t i = 0; i < n; i++) {
		const struct spec_place *p = &list[i];

		copy[i] = *p;
		copy[i].id = xstrdup(p->id);
		copy[i].paths = texts_copy(p->paths, p->npaths);
		copy[i].exclude = texts_copy(p->exclude, p->nexclude);
		copy[i].key = p->key == NULL ? NULL : xstrdup(p->key);
		copy[i].fallback = texts_copy(p->fallback, p->nfallback);
		copy[i].job = p->job == NULL ? NULL : xstrdup(p->job);
	}
	return copy;
}

void
spec_places_free(struct spec_place *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].id);
		value_list_free(list[i].paths, list[i].npaths);
		value_list_free(list[i].exclude, list[i].nexclude);
		free(list[i].key);
		value_list_free(list[i].fallback, list[i].nfallback);
		free(list[i].job);
	}
	free(list);
}

static void
places_copy(void *at, size_t n)
{
	struct spec_place **list = at;

	*list = spec_places_copy(*list, n);
}

static void
places_free(void *at, size_t n)
{
	spec_places_free(*(struct spec_place **)at, n);
}

#define TYPE(reads) { "list of places", reads, places_write, places_copy, places_free }
const struct value_type value_type_saves = TYPE(saves_read);
const struct value_type value_type_restores = TYPE(restores_read);
const struct value_type value_type_caches = TYPE(caches_read);
