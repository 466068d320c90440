#include "shape.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "spec.h"

#define MERGED_KEYS 1000 /* of one map with <<: each is compared with all others */

/* How what is below a key is read, and the member of it that is read otherwise; *row is the key's own, NULL
 * for the members of a job. */
static enum spec_plain
plain_of(struct span key, const struct spec_row **row, enum spec_plain plain)
{
	if (*row != NULL)
		return (*row)->word != NULL && span_is(key, (*row)->word) ? SPEC_PLAIN_WORD : plain;
	*row = spec_row_find(key, SPEC_MONKEY);
	return *row == NULL ? SPEC_PLAIN_TEXT : (*row)->plain;
}

/* The numbers of nodes, one list for all open ones: each open map or list has its own end of it. */
struct items {
	uint32_t *nodes;
	size_t n, size;
};

static void
item_add(struct items *list, uint32_t node)
{
	if (list->n == list->size) {
		list->size = list->size == 0 ? 64 : list->size * 2;
		list->nodes = xrealloc(list->nodes, list->size, sizeof(*list->nodes));
	}
	list->nodes[list->n++] = node;
}

static bool
merge_key(const struct tree *t, uint32_t key)
{
	return t->nodes[key].type == TREE_PLAIN && tree_text_is(t, key, "<<");
}

static bool
item_has(const struct tree *t, const struct items *list, size_t from, uint32_t key)
{
	struct span name = tree_text(t, key);

	for (size_t i = from; i < list->n; i += 2) {
		struct span other = tree_text(t, list->nodes[i]);

		if (other.n == name.n && memcmp(other.p, name.p, name.n) == 0)
			return true;
	}
	return false;
}

/* A << names one map or a list of them. */
static int
merge_sources(const struct tree *t, uint32_t value, struct items *maps, struct tree_place *at,
    struct error *e)
{
	uint32_t node = tree_target(t, value), child = node;

	if (t->nodes[node].type == TREE_LIST)
		child = t->nodes[node].first;
	for (; child != 0; child = t->nodes[node].type == TREE_LIST ? t->nodes[child].next : 0) {
		uint32_t map = tree_target(t, child);

		if (t->nodes[map].type != TREE_MAP) {
			*at = t->nodes[child].place;
			return error_set(
			    e, ERROR_INPUT, "<<: expected a map to merge, or a list of maps");
		}
		item_add(maps, map);
	}
	return 0;
}

/*
 * Adds key, value, key, value of a map to the list, then what its << bring that is not there yet.
 * The sources of a source come last. What a merge looks at is paid for, whether it is taken or not.
 */
static int
map_members(const struct tree *t, uint32_t map, struct items *list, struct shape_budget *budget,
    struct tree_place *at, struct error *e)
{
	struct items maps = { 0 };
	size_t from = list->n;
	int status = -1;

	item_add(&maps, map);
	for (size_t i = 0; i < maps.n; i++) {
		for (uint32_t k = t->nodes[maps.nodes[i]].first; k != 0;
		     k = t->nodes[t->nodes[k].next].next) {
			uint32_t value = t->nodes[k].next;

			*at = t->nodes[k].place;
			if (i > 0 && (budget->nodes == 0 || list->n - from > 2 * MERGED_KEYS)) {
				error_set(e, ERROR_LIMIT, "<< merges too many keys");
				goto done;
			}
			budget->nodes -= i > 0;
			if (merge_key(t, k)) {
				if (merge_sources(t, value, &maps, at, e) < 0)
					goto done;
			} else if (i == 0 || !item_has(t, list, from, k)) {
				item_add(list, k);
				item_add(list, value);
			}
		}
	}
	status = 0;
done:
	free(maps.nodes);
	return status;
}

static size_t
digits(struct span s, size_t at)
{
	size_t n = 0;

	while (at + n < s.n && s.p[at + n] >= '0' && s.p[at + n] <= '9')
		n++;
	return n;
}

/* 0o17 and 0xff of the core schema. */
static bool
based_write(struct bytes *b, struct span s)
{
	static const char digit[] = "0123456789abcdef";
	unsigned base;
	uint64_t value = 0;

	if (s.n < 3 || s.n > 17 || s.p[0] != '0' || (s.p[1] != 'o' && s.p[1] != 'x'))
		return false;
	base = s.p[1] == 'o' ? 8 : 16;
	for (size_t i = 2; i < s.n; i++) {
		char c = s.p[i] >= 'A' && s.p[i] <= 'F' ? (char)(s.p[i] | 0x20) : s.p[i];
		const char *at = memchr(digit, c, base);

		if (at == NULL)
			return false;
		value = value * base + (unsigned)(at - digit);
	}
	bytes_number(b, (int64_t)value);
	return true;
}

/* A decimal number of the core schema, written as JSON wants it; false when it is none. */
static bool
number_write(struct bytes *b, struct span s)
{
	size_t at = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'), whole = at;
	size_t nwhole = digits(s, at), fraction, nfraction = 0, exponent, nexponent = 0;

	at += nwhole;
	fraction = at;
	if (at < s.n && s.p[at] == '.') {
		nfraction = digits(s, ++at);
		fraction = at;
		at += nfraction;
	}
	if (nwhole + nfraction == 0)
		return false;
	exponent = at;
	if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
		at++;
		at += at < s.n && (s.p[at] == '-' || s.p[at] == '+');
		nexponent = digits(s, at);
		if (nexponent == 0)
			return false;
		at += nexponent;
	}
	if (at != s.n)
		return false;
	for (; nwhole > 1 && s.p[whole] == '0'; nwhole--)
		whole++;
	if (s.p[0] == '-')
		bytes_char(b, '-');
	bytes_add(b, nwhole > 0 ? s.p + whole : "0", nwhole > 0 ? nwhole : 1);
	if (nfraction > 0) {
		bytes_char(b, '.');
		bytes_add(b, s.p + fraction, nfraction);
	}
	if (nexponent > 0)
		bytes_add(b, s.p + exponent, at - exponent);
	return true;
}

static const struct {
	const char *written, *json;
} words[] = {
	{ "", "null" },
	{ "~", "null" },
	{ "null", "null" },
	{ "Null", "null" },
	{ "NULL", "null" },
	{ "true", "true" },
	{ "True", "true" },
	{ "TRUE", "true" },
	{ "false", "false" },
	{ "False", "false" },
	{ "FALSE", "false" },
};

static bool
word_write(struct bytes *b, struct span s)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (span_is(s, words[i].written)) {
			bytes_text(b, words[i].json);
			return true;
		}
	}
	return based_write(b, s) || number_write(b, s);
}

static void
scalar_write(struct bytes *b, const struct tree *t, uint32_t node, enum spec_plain plain)
{
	struct span s = tree_text(t, node);
	enum tree_type type = t->nodes[node].type;

	if (type == TREE_LITERAL)
		bytes_add(b, s.p, s.n);
	else if (type == TREE_PLAIN && plain == SPEC_PLAIN_TEXT && s.n == 0)
		bytes_text(b, "null");
	else if (type != TREE_PLAIN || plain != SPEC_PLAIN_WORD || !word_write(b, s))
		emit_string(b, s.p, s.n);
}

/* A list or map that is being written. */
struct open {
	size_t from, at, end; /* its items and the one that is next */
	bool map, aliased;    /* aliased: it is there through an alias */
	enum spec_plain plain;
};

struct writer {
	const struct tree *tree;
	struct bytes *into;
	struct items items;
	struct open open[TREE_DEPTH];
	unsigned depth;
	const struct spec_row *row; /* of the job's key that is being written */
	struct items defaults;      /* key, value, key, value */
	uint32_t under;             /* the map whose members the next one has as well, 0 none */
	struct shape_budget *budget;
	struct tree_place *at;
};

/* Adds the members of the defaults' map that the one whose items begin at from has not. */
static int
under_add(struct writer *w, size_t from, struct error *e)
{
	struct items other = { 0 };
	int status = map_members(w->tree, w->under, &other, w->budget, w->at, e);

	for (size_t i = 0; i + 1 < other.n && status == 0; i += 2) {
		if (item_has(w->tree, &w->items, from, other.nodes[i]))
			continue;
		item_add(&w->items, other.nodes[i]);
		item_add(&w->items, other.nodes[i + 1]);
	}
	free(other.nodes);
	return status;
}

static bool
same_key(const struct tree *t, uint32_t one, uint32_t other)
{
	struct span a = tree_text(t, one), b = tree_text(t, other);
	const struct spec_row *row;

	if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
		return true;
	row = spec_row_find(a, SPEC_MONKEY);
	return row != NULL && row == spec_row_find(b, SPEC_MONKEY);
}

/* Adds what the job does not say itself. */
static void
defaults_add(struct writer *w)
{
	struct open *o = &w->open[0];
	size_t own = o->end;

	for (size_t i = 0; i + 1 < w->defaults.n; i += 2) {
		size_t k = o->from;

		while (k < own && !same_key(w->tree, w->items.nodes[k], w->defaults.nodes[i]))
			k += 2;
		if (k < own)
			continue;
		item_add(&w->items, w->defaults.nodes[i]);
		item_add(&w->items, w->defaults.nodes[i + 1]);
	}
	o->end = w->items.n;
}

/* The default of a key whose members are kept beside the job's own, 0 when there is none. */
static uint32_t
default_under(const struct writer *w, uint32_t key)
{
	if (w->row != &spec_rows[SPEC_ENV] && w->row != &spec_rows[SPEC_LABELS])
		return 0;
	for (size_t i = 0; i + 1 < w->defaults.n; i += 2) {
		uint32_t value = tree_target(w->tree, w->defaults.nodes[i + 1]);

		if (same_key(w->tree, key, w->defaults.nodes[i]) && w->tree->nodes[value].type == TREE_MAP)
			return value;
	}
	return 0;
}

static int
enter(struct writer *w, uint32_t node, bool aliased, enum spec_plain plain, struct error *e)
{
	const struct tree_node *n = &w->tree->nodes[node];
	bool map = n->type == TREE_MAP;
	size_t from = w->items.n;

	*w->at = n->place;
	if (w->depth == TREE_DEPTH)
		return error_set(e, ERROR_LIMIT, "nested deeper than %d", TREE_DEPTH);
	if (map && map_members(w->tree, node, &w->items, w->budget, w->at, e) < 0)
		return -1;
	if (map && w->under != 0 && under_add(w, from, e) < 0)
		return -1;
	w->under = 0;
	for (uint32_t i = map ? 0 : n->first; i != 0; i = w->tree->nodes[i].next)
		item_add(&w->items, i);
	w->open[w->depth++] = (struct open){ from, from, w->items.n, map, aliased, plain };
	bytes_char(w->into, map ? '{' : '[');
	return 0;
}

static int
value_write(struct writer *w, uint32_t item, bool aliased, enum spec_plain plain, struct error *e)
{
	uint32_t node = tree_target(w->tree, item);

	aliased = aliased || node != item;
	if (aliased && w->budget->nodes-- == 0) {
		w->budget->nodes = 0;
		*w->at = w->tree->nodes[item].place;
		return error_set(
		    e, ERROR_LIMIT, "aliases and << add more than %d values", SHAPE_ALIASED);
	}
	if (w->tree->nodes[node].type >= TREE_LIST)
		return enter(w, node, aliased, plain, e);
	scalar_write(w->into, w->tree, node, plain);
	return 0;
}

static int
item_write(struct writer *w, struct open *o, struct error *e)
{
	enum spec_plain plain = o->plain;

	if (o->at > o->from)
		bytes_char(w->into, ',');
	if (o->map) {
		uint32_t name = w->items.nodes[o->at++];
		struct span key = tree_text(w->tree, name);

		emit_string(w->into, key.p, key.n);
		bytes_char(w->into, ':');
		if (w->depth == 1)
			w->row = NULL;
		if (w->depth == 1 || w->row != NULL)
			plain = plain_of(key, &w->row, plain);
		w->under = w->depth == 1 && w->defaults.n > 0 ? default_under(w, name) : 0;
	}
	return value_write(w, w->items.nodes[o->at++], o->aliased, plain, e);
}

/* Takes the keys that are not wanted out of the job's. */
static void
keys_drop(struct writer *w, const struct shape_change *change)
{
	struct open *o = &w->open[0];
	size_t kept = o->from;

	for (size_t i = o->from; i < o->end; i += 2) {
		bool out = false;

		for (unsigned k = 0; k < change->nwithout; k++)
			out = out || w->items.nodes[i] == change->without[k];
		if (out)
			continue;
		memmove(w->items.nodes + kept, w->items.nodes + i, 2 * sizeof(*w->items.nodes));
		kept += 2;
	}
	o->end = w->items.n = kept;
}

static void
id_write(struct writer *w, const char *id)
{
	const struct open *o = &w->open[0];

	for (size_t i = o->from; i < o->end; i += 2) {
		if (tree_text_is(w->tree, w->items.nodes[i], "id"))
			return;
	}
	emit_text(w->into, "id", id);
	if (o->end > o->from)
		bytes_char(w->into, ',');
}

int
shape_write(struct bytes *into, const struct tree *t, uint32_t node,
    const struct shape_change *change, struct shape_budget *budget, struct tree_place *at,
    struct error *e)
{
	struct writer w = { .tree = t, .into = into, .budget = budget, .at = at };
	int status =
	    enter(&w, tree_target(t, node), t->nodes[node].type == TREE_ALIAS, SPEC_PLAIN_TEXT, e);

	if (status == 0 && change->nwithout > 0)
		keys_drop(&w, change);
	if (status == 0 && change->defaults != 0)
		status = map_members(t, change->defaults, &w.defaults, budget, at, e);
	if (status == 0)
		defaults_add(&w);
	if (status == 0 && change->id != NULL)
		id_write(&w, change->id);
	while (status == 0 && w.depth > 0) {
		struct open *o = &w.open[w.depth - 1];

		if (o->at < o->end) {
			status = item_write(&w, o, e);
		} else {
			bytes_char(into, o->map ? '}' : ']');
			w.items.n = o->from;
			w.depth--;
		}
	}
	free(w.items.nodes);
	free(w.defaults.nodes);
	return status;
}

/* How many bytes of a path are this name; 0 when it does not begin with it. */
static size_t
path_begins(const char *path, struct span name)
{
	if (name.n == 0 || strncmp(path, name.p, name.n) != 0 ||
	    (path[name.n] != '\0' && strchr(".[:", path[name.n]) == NULL))
		return 0;
	return name.n;
}

/* The same for a key as it is written, and, of a job's own, as errors call it. */
static size_t
path_key(const char *path, struct span key, bool own)
{
	size_t n = path_begins(path, key);
	const struct spec_row *row = n == 0 && own ? spec_row_find(key, SPEC_MONKEY) : NULL;

	return row == NULL ? n : path_begins(path, row->key);
}

/* The key of a map that the path goes on with, the longest that fits and of two spellings the last, and how
 * many bytes it is. */
static size_t
path_member(const struct tree *t, uint32_t map, const char *path, bool own, uint32_t *key,
    uint32_t *value)
{
	struct shape_budget budget = { SHAPE_ALIASED };
	struct tree_place nowhere;
	struct items list = { 0 };
	size_t longest = 0;

	(void)map_members(t, map, &list, &budget, &nowhere, NULL);
	for (size_t i = 0; i + 1 < list.n; i += 2) {
		size_t n = path_key(path, tree_text(t, list.nodes[i]), own);

		if (n > 0 && n >= longest) {
			longest = n;
			*key = list.nodes[i];
			*value = tree_target(t, list.nodes[i + 1]);
		}
	}
	free(list.nodes);
	return longest;
}

/* The element that "[2]" at *path means, 0 when there is none. */
static uint32_t
path_element(const struct tree *t, uint32_t list, const char **path)
{
	char *end;
	unsigned long index = strtoul(*path + 1, &end, 10);
	uint32_t i = t->nodes[list].first;

	for (; i != 0 && index > 0; index--)
		i = t->nodes[i].next;
	*path = *end == ']' ? end + 1 : end;
	return i == 0 ? 0 : tree_target(t, i);
}

/* Whether an error, behind its path, is about the key and not about its value. */
static bool
means_key(const char *text)
{
	static const char *const texts[] = { ": unknown key", ": the key comes", ": not a name" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strncmp(text, texts[i], strlen(texts[i])) == 0)
			return true;
	}
	return false;
}

uint32_t
shape_find(const struct tree *t, uint32_t job, const char *path, bool key, struct tree_place *at,
    uint32_t *top)
{
	uint32_t node = tree_target(t, job), name = node;
	uint32_t unread;

	if (top == NULL)
		top = &unread;
	*top = 0;
	*at = t->nodes[job].place;
	while (*path != ':' && *path != '\0') {
		path += *path == '.';
		if (t->nodes[node].type == TREE_MAP) {
			size_t n = path_member(t, node, path, *top == 0, &name, &node);

			if (n == 0)
				return node;
			if (*top == 0)
				*top = name;
			path += n;
		} else if (t->nodes[node].type == TREE_LIST && *path == '[') {
			uint32_t element = path_element(t, node, &path);

			if (element == 0)
				return node;
			node = name = element;
		} else {
			break;
		}
		*at = t->nodes[node].place;
	}
	if (key || means_key(path))
		*at = t->nodes[name].place;
	return node;
}
