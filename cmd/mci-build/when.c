#include "when.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "memory.h"
#include "scan.h"

#define GLOBS 1000  /* of one key */
#define OBJECTS 100 /* of a list of conditions */

/* The value of a key. */
struct globs {
	char **list;
	size_t n;
};

static const char *
branch_fact(const struct when_facts *f)
{
	return f->branch;
}

static const char *
event_fact(const struct when_facts *f)
{
	return f->event;
}

static const char *
target_fact(const struct when_facts *f)
{
	return f->target;
}

enum when_key {
	KEY_BRANCH,
	KEY_TARGET,
	KEY_TAG,
	KEY_EVENT,
	KEY_PATH,
	KEY_STATUS,
	KEYS,
};

static const struct {
	const char *name;
	const char *(*fact)(const struct when_facts *f); /* what the globs are held against */
} keys[KEYS] = {
	[KEY_BRANCH] = { "branch", branch_fact },
	[KEY_TARGET] = { "target", target_fact },
	[KEY_TAG] = { "tag", NULL },
	[KEY_EVENT] = { "event", event_fact },
	[KEY_PATH] = { "path", NULL },
	[KEY_STATUS] = { "status", NULL },
};

static const struct {
	const char *name;
	enum when_status status;
} statuses[] = {
	{ "success", WHEN_SUCCESS },
	{ "failure", WHEN_FAILURE },
	{ "always", WHEN_ALWAYS },
};

static void
globs_free(struct globs *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->list[i]);
	free(g->list);
}
#define AUTO_GLOBS __attribute__((cleanup(globs_free))) struct globs

/* Adds one glob; a folder, with a slash at its end, is everything in it. */
static int
glob_add(struct globs *g, const struct scan_value *v, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (g->n == GLOBS)
		return error_set(e, ERROR_LIMIT, ": more than %d globs", GLOBS);
	if (v->type != SCAN_STRING)
		return error_set(
		    e, ERROR_INPUT, ": expected a glob, found %s", scan_type_name(v->type));
	if (scan_text(v, &text, e) < 0)
		return error_before(e, ": ");
	if (text.len == 0 || span_is((struct span){ text.data, text.len }, "!"))
		return error_set(e, ERROR_INPUT, ": expected a glob, found an empty one");
	if (text.data[text.len - 1] == '/')
		bytes_text(&text, "**");
	g->list = xrealloc(g->list, g->n + 1, sizeof(char *));
	g->list[g->n++] = bytes_give(&text);
	return 0;
}

static int
globs_read(struct globs *g, const struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type == SCAN_STRING)
		return glob_add(g, v, e);
	if (v->type != SCAN_ARRAY)
		return error_set(e, ERROR_INPUT, ": expected a glob or a list of globs, found %s",
		    scan_type_name(v->type));
	if (scan_open(&s, v->raw.p, v->raw.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (glob_add(g, &m.value, e) < 0)
			return error_before(e, "[%zu]", g->n);
	}
	if (got == 0 && g->n == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one glob");
	return got;
}

static int
status_read(const struct scan_value *v, enum when_status *status, struct error *e)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (scan_text_is(v, statuses[i].name)) {
			*status = statuses[i].status;
			return 0;
		}
	}
	return error_set(e, ERROR_INPUT, ": expected \"success\", \"failure\" or \"always\"");
}

static enum when_key
key_find(struct span name)
{
	enum when_key key = 0;

	while (key < KEYS && !span_is(name, keys[key].name))
		key++;
	return key;
}

static int
member_check(const struct scan_member *m, unsigned *seen, struct error *e)
{
	enum when_key key = key_find(m->key);
	AUTO_GLOBS globs = { 0 };
	enum when_status status;

	if (key == KEYS)
		return error_set(e, ERROR_INPUT,
		    ".%.*s: unknown key; known are branch, target, tag, event, path and status",
		    (int)(m->key.n > 64 ? 64 : m->key.n), m->key.p);
	if (*seen & 1u << key)
		return error_set(e, ERROR_INPUT, ".%s: the key comes twice", keys[key].name);
	*seen |= 1u << key;
	/* in a tag's place true and false say whether there is one */
	if (key == KEY_TAG && (m->value.type == SCAN_TRUE || m->value.type == SCAN_FALSE))
		return 0;
	if ((key == KEY_STATUS && status_read(&m->value, &status, e) < 0) ||
	    (key != KEY_STATUS && globs_read(&globs, &m->value, e) < 0))
		return error_before(e, ".%s", keys[key].name);
	return 0;
}

static int
object_check(struct span object, struct error *e)
{
	struct scan s;
	struct scan_member m;
	unsigned seen = 0;
	int got;

	if (object.n == 0 || object.p[0] != '{' || scan_open(&s, object.p, object.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected an object of conditions");
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (member_check(&m, &seen, e) < 0)
			return -1;
	}
	return got;
}

static int
list_check(struct span list, struct error *e)
{
	struct scan s;
	struct scan_member m;
	unsigned n = 0;
	int got;

	scan_open(&s, list.p, list.n, NULL);
	for (; (got = scan_next(&s, &m, e)) > 0; n++) {
		if (n == OBJECTS)
			return error_set(e, ERROR_LIMIT, ": more than %d conditions", OBJECTS);
		if (object_check(m.value.raw, e) < 0)
			return error_before(e, "[%u]", n);
	}
	if (got == 0 && n == 0)
		return error_set(e, ERROR_INPUT, ": expected at least one condition");
	return got;
}

int
when_check(struct span when, struct error *e)
{
	struct scan_value text = { SCAN_STRING, when };
	enum when_status status;

	if (when.n == 0)
		return 0;
	if (when.p[0] == '"')
		return status_read(&text, &status, e);
	if (when.p[0] == '[')
		return list_check(when, e);
	if (when.p[0] != '{')
		return error_set(e, ERROR_INPUT,
		    ": expected an object, a list of objects, or \"failure\" or \"always\"");
	return object_check(when, e);
}

/* Whether a text fits one of the globs without "!", or there is none, and none of those with it. */
static bool
globs_fit(const struct globs *g, const char *text)
{
	bool asked = false, fits = false;

	for (size_t i = 0; i < g->n; i++) {
		bool negated = g->list[i][0] == '!';

		asked = asked || !negated;
		if (text == NULL || !glob_match(g->list[i] + negated, text))
			continue;
		if (negated)
			return false;
		fits = true;
	}
	return fits || !asked;
}

static bool
any_fits(const struct globs *g, char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (globs_fit(g, texts[i]))
			return true;
	}
	return false;
}

/* "tag: true" of YAML comes as text; a tag of that name is nobody's. */
static bool
is_bool(const struct scan_value *v, bool value)
{
	return v->type == (value ? SCAN_TRUE : SCAN_FALSE) ||
	       scan_text_is(v, value ? "true" : "false");
}

static bool
member_holds(enum when_key key, const struct scan_value *v, const struct when_facts *f)
{
	AUTO_GLOBS globs = { 0 };

	if (key == KEY_STATUS || key == KEYS)
		return true;
	if (key == KEY_TAG && (is_bool(v, true) || is_bool(v, false)))
		return is_bool(v, true) == (f->ntags > 0);
	if (globs_read(&globs, v, NULL) < 0)
		return false;
	if (key == KEY_PATH)
		return !f->has_base || any_fits(&globs, f->paths, f->npaths);
	if (key == KEY_TAG && f->ntags > 0)
		return any_fits(&globs, f->tags, f->ntags);
	return globs_fit(&globs, key == KEY_TAG ? NULL : keys[key].fact(f));
}

/* Of one object: its status, or 0 when a key does not hold, which *key is then. */
static unsigned
object_decide(struct span object, const struct when_facts *f, enum when_key *key)
{
	enum when_status status = WHEN_SUCCESS;
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, object.p, object.n, NULL) < 0)
		return status;
	while (scan_next(&s, &m, NULL) > 0) {
		*key = key_find(m.key);
		if (*key == KEY_STATUS)
			(void)status_read(&m.value, &status, NULL);
		else if (f != NULL && !member_holds(*key, &m.value, f))
			return 0;
	}
	return status;
}

/* "branch" or, of a list, "branch, tag": each key once. */
static void
why_add(struct bytes *why, unsigned *told, enum when_key key)
{
	if (why == NULL || *told & 1u << key)
		return;
	bytes_format(why, "%s%s", *told == 0 ? "" : ", ", keys[key].name);
	*told |= 1u << key;
}

unsigned
when_decide(struct span when, const struct when_facts *f, struct bytes *why)
{
	struct scan_value text = { SCAN_STRING, when };
	struct scan_member m = { .value = { SCAN_OBJECT, when } };
	enum when_status status = WHEN_SUCCESS;
	unsigned statuses_held = 0, told = 0;
	enum when_key key = KEYS;
	struct scan s;

	if (when.n == 0)
		return status;
	if (when.p[0] == '"') {
		(void)status_read(&text, &status, NULL);
		return status;
	}
	if (when.p[0] == '[' && (scan_open(&s, when.p, when.n, NULL) < 0 || scan_next(&s, &m, NULL) <= 0))
		return status;
	do {
		unsigned one = object_decide(m.value.raw, f, &key);

		if (one == 0)
			why_add(why, &told, key);
		statuses_held |= one;
	} while (when.p[0] == '[' && scan_next(&s, &m, NULL) > 0);
	return statuses_held;
}

static bool
object_needs_facts(struct span object)
{
	struct scan s;
	struct scan_member m;

	if (scan_open(&s, object.p, object.n, NULL) < 0)
		return false;
	while (scan_next(&s, &m, NULL) > 0) {
		if (key_find(m.key) != KEY_STATUS)
			return true;
	}
	return false;
}

bool
when_needs_facts(struct span when)
{
	struct scan s;
	struct scan_member m;

	if (when.n == 0 || when.p[0] == '"')
		return false;
	if (when.p[0] == '{')
		return object_needs_facts(when);
	if (scan_open(&s, when.p, when.n, NULL) < 0)
		return false;
	while (scan_next(&s, &m, NULL) > 0) {
		if (object_needs_facts(m.value.raw))
			return true;
	}
	return false;
}
