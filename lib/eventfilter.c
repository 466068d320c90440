#include "eventfilter.h"

#include <stdlib.h>
#include <string.h>

#include "buildname.h"
#include "glob.h"
#include "memory.h"
#include "message.h"

/* So much may be asked for; a word of 32 bits says which members were met. */
#define TYPES 32
#define MEMBERS 31

/* A member that must be there. */
struct wanted {
	char *key;
	char *value; /* JSON as it must stand there; a string is compared between its quotes */
	bool prefix; /* value begins the string */
};

struct eventfilter {
	char *types[TYPES];
	size_t ntypes;
	struct wanted members[MEMBERS];
	size_t n;
};

static int
want(struct eventfilter *f, struct span key, struct span value, bool prefix, struct error *e)
{
	if (f->n == MEMBERS)
		return error_set(e, ERROR_LIMIT, "where: at most %d members", MEMBERS);
	f->members[f->n++] = (struct wanted){ xmemdup(key.p, key.n), xmemdup(value.p, value.n), prefix };
	return 0;
}

static int
read_types(struct eventfilter *f, struct span list, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got = scan_open(&s, list.p, list.n, e);

	while (got >= 0 && (got = scan_next(&s, &m, e)) > 0) {
		AUTO_BYTES text = { 0 };

		if (f->ntypes == TYPES)
			return error_set(e, ERROR_LIMIT, "types: at most %d", TYPES);
		if (scan_text(&m.value, &text, e) < 0)
			return -1;
		f->types[f->ntypes++] = xstrdup(bytes_string(&text));
	}
	return got;
}

static int
read_where(struct eventfilter *f, struct span object, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got = scan_open(&s, object.p, object.n, e);

	while (got >= 0 && (got = scan_next(&s, &m, e)) > 0) {
		if (m.value.type == SCAN_OBJECT || m.value.type == SCAN_ARRAY)
			return error_set(e, ERROR_INPUT, "where: %.*s: expected a plain value, found %s",
			    (int)(m.key.n < 64 ? m.key.n : 64), m.key.p, scan_type_name(m.value.type));
		got = want(f, m.key, m.value.raw, false, e);
	}
	return got;
}

static int
read_build(struct eventfilter *f, struct span text, struct error *e)
{
	struct span name = { text.p + 1, text.n - 2 };

	if (!buildname_begins(name))
		return error_set(e, ERROR_INPUT, "build: no name of a build begins with '%.*s'",
		    (int)(name.n < 128 ? name.n : 128), name.p);
	return want(f, (struct span){ "build", 5 }, text, true, e);
}

static int
read_job(struct eventfilter *f, struct span text, struct error *e)
{
	return want(f, (struct span){ "job", 3 }, text, false, e);
}

static const struct {
	const char *param;
	int (*read)(struct eventfilter *f, struct span value, struct error *e);
} params_read[] = {
	{ "types", read_types },
	{ "build", read_build },
	{ "job", read_job },
	{ "where", read_where },
};

struct eventfilter *
eventfilter_read(struct span params, struct error *e)
{
	struct eventfilter *f = xmalloc(sizeof(*f));

	e->code = ERROR_NONE;
	for (size_t i = 0; params.n > 0 && i < sizeof(params_read) / sizeof(params_read[0]); i++) {
		struct scan_value v;

		if (message_member(params.p, params.n, params_read[i].param, &v, NULL) == 1 &&
		    params_read[i].read(f, v.raw, e) < 0) {
			eventfilter_free(f);
			return NULL;
		}
	}
	if (f->ntypes + f->n > 0)
		return f;
	eventfilter_free(f);
	return NULL;
}

/* A pattern without a slash is about the noun: "job" is every job/VERB. */
static bool
type_fits(const char *pattern, char *type, char *slash)
{
	bool fits;

	if (slash == NULL || strchr(pattern, '/') != NULL)
		return glob_match(pattern, type);
	*slash = '\0';
	fits = glob_match(pattern, type);
	*slash = '/';
	return fits;
}

static bool
type_wanted(const struct eventfilter *f, const struct scan_value *v)
{
	char type[256];
	size_t n = v->raw.n - 2;
	char *slash;

	if (v->type != SCAN_STRING || n >= sizeof(type))
		return false;
	memcpy(type, v->raw.p + 1, n);
	type[n] = '\0';
	slash = strchr(type, '/');
	for (size_t i = 0; i < f->ntypes; i++) {
		if (type_fits(f->types[i], type, slash))
			return true;
	}
	return false;
}

static bool
value_wanted(const struct wanted *w, struct span raw)
{
	size_t n = strlen(w->value);

	/* a prefix ends before the closing quote */
	return w->prefix ? raw.n >= n && memcmp(raw.p, w->value, n - 1) == 0 : span_is(raw, w->value);
}

bool
eventfilter_match(const struct eventfilter *f, const char *line, size_t n)
{
	struct scan s;
	struct scan_member m;
	uint32_t all = (1U << f->n) - 1, met = 0;

	if (f->ntypes > 0)
		all |= 1U << MEMBERS;
	if (scan_open(&s, line, n, NULL) < 0)
		return false;
	/* the first member that does not fit decides, and so does the last one that had to be found
	 * */
	while (met != all && scan_next(&s, &m, NULL) > 0) {
		if (f->ntypes > 0 && span_is(m.key, "type")) {
			if (!type_wanted(f, &m.value))
				return false;
			met |= 1U << MEMBERS;
		}
		for (size_t i = 0; i < f->n; i++) {
			if (!span_is(m.key, f->members[i].key))
				continue;
			if (!value_wanted(&f->members[i], m.value.raw))
				return false;
			met |= 1U << i;
		}
	}
	return met == all;
}

void
eventfilter_free(struct eventfilter *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->ntypes; i++)
		free(f->types[i]);
	for (size_t i = 0; i < f->n; i++) {
		free(f->members[i].key);
		free(f->members[i].value);
	}
	free(f);
}
