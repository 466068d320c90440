#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct span
tree_text(const struct tree *t, uint32_t node)
{
	const struct tree_node *n = &t->nodes[node];

	return (struct span){ n->length == 0 ? "" : t->text.data + n->text, n->length };
}

bool
tree_text_is(const struct tree *t, uint32_t node, const char *text)
{
	return t->nodes[node].type <= TREE_TEXT && span_is(tree_text(t, node), text);
}

uint32_t
tree_target(const struct tree *t, uint32_t node)
{
	while (t->nodes[node].type == TREE_ALIAS)
		node = t->nodes[node].first;
	return node;
}

/* Hangs a new node into the innermost open list or map. */
static int
attach(struct tree *t, uint32_t node, enum tree_type type, struct error *e)
{
	struct tree_open *open = &t->open[t->depth - 1];

	if (t->nodes[open->node].type == TREE_MAP) {
		if (!open->value && type > TREE_TEXT)
			return error_set(e, ERROR_INPUT, "expected a key, a plain text");
		open->value = !open->value;
	}
	if (open->last == 0)
		t->nodes[open->node].first = node;
	else
		t->nodes[open->last].next = node;
	open->last = node;
	return 0;
}

int64_t
tree_add(struct tree *t, enum tree_type type, struct tree_place place, struct error *e)
{
	if (t->n == TREE_NODES)
		return error_set(e, ERROR_LIMIT, "more than %d values in one file", TREE_NODES);
	if (t->n == t->size) {
		t->size = t->size == 0 ? 64 : t->size * 2;
		t->nodes = xrealloc(t->nodes, t->size, sizeof(*t->nodes));
	}
	t->nodes[t->n] = (struct tree_node){ .type = type, .place = place };
	if (t->depth > 0 && attach(t, t->n, type, e) < 0)
		return -1;
	return t->n++;
}

int64_t
tree_scalar(
    struct tree *t, enum tree_type type, struct tree_place place, struct span text, struct error *e)
{
	int64_t node = tree_add(t, type, place, e);

	if (node < 0)
		return -1;
	t->nodes[node].text = (uint32_t)t->text.len;
	t->nodes[node].length = (uint32_t)text.n;
	bytes_add(&t->text, text.p, text.n);
	return node;
}

int64_t
tree_enter(struct tree *t, enum tree_type type, struct tree_place place, struct error *e)
{
	int64_t node;

	if (t->depth == TREE_DEPTH)
		return error_set(e, ERROR_LIMIT, "nested deeper than %d", TREE_DEPTH);
	node = tree_add(t, type, place, e);
	if (node >= 0)
		t->open[t->depth++] = (struct tree_open){ .node = (uint32_t)node };
	return node;
}

/* By text, and equal ones by where they stand. */
static int
key_order(const void *a, const void *b, void *tree)
{
	const struct tree *t = tree;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	struct span p = tree_text(t, x), q = tree_text(t, y);
	int c = memcmp(p.p, q.p, p.n < q.n ? p.n : q.n);

	if (c == 0)
		c = (p.n > q.n) - (p.n < q.n);
	return c != 0 ? c : (x > y) - (x < y);
}

static bool
key_same(const struct tree *t, uint32_t x, uint32_t y)
{
	struct span a = tree_text(t, x), b = tree_text(t, y);

	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Of many keys, sorted: the first that was there already, 0 when there is none. */
static uint32_t
many_twice(struct tree *t, uint32_t *keys, uint32_t n)
{
	uint32_t twice = 0;

	qsort_r(keys, n, sizeof(*keys), key_order, t);
	for (uint32_t i = 1; i < n; i++) {
		if ((twice == 0 || keys[i] < twice) && key_same(t, keys[i - 1], keys[i]))
			twice = keys[i];
	}
	return twice;
}

/* The same of few, each compared with those before it. */
static uint32_t
few_twice(struct tree *t, const uint32_t *keys, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		for (uint32_t k = 0; k < i; k++) {
			if (key_same(t, keys[i], keys[k]))
				return keys[i];
		}
	}
	return 0;
}

static uint32_t
key_twice(struct tree *t, uint32_t map)
{
	uint32_t few[16], *keys = few, n = 0, twice;

	for (uint32_t i = t->nodes[map].first; i != 0; i = t->nodes[t->nodes[i].next].next)
		n++;
	if (n > 16)
		keys = xrealloc(NULL, n, sizeof(*keys));
	n = 0;
	for (uint32_t i = t->nodes[map].first; i != 0; i = t->nodes[t->nodes[i].next].next)
		keys[n++] = i;
	twice = n > 16 ? many_twice(t, keys, n) : few_twice(t, keys, n);
	if (keys != few)
		free(keys);
	return twice;
}

int
tree_close(struct tree *t, struct tree_place *at, struct error *e)
{
	const struct tree_open *open = &t->open[--t->depth];
	uint32_t twice;

	if (t->nodes[open->node].type != TREE_MAP)
		return 0;
	twice = key_twice(t, open->node);
	if (twice == 0)
		return 0;
	*at = t->nodes[twice].place;
	return error_set(e, ERROR_INPUT, "%.*s: the key comes twice",
	    (int)(t->nodes[twice].length > 64 ? 64 : t->nodes[twice].length),
	    tree_text(t, twice).p);
}

void
tree_free(struct tree *t)
{
	free(t->nodes);
	bytes_free(&t->text);
	*t = (struct tree){ 0 };
}
