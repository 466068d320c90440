/* JSON files into a tree, by lib's scan: strict, and with places, which no library keeps. */
#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "tree.h"

struct reader {
	struct tree *tree;
	struct scan scans[TREE_DEPTH];
	const char *p; /* where place is */
	struct tree_place place;
};

/* The place of a byte; asked for in the order of the file, so that each byte is looked at once. */
static struct tree_place
place_at(struct reader *r, const char *p)
{
	for (; r->p < p; r->p++) {
		if (*r->p == '\n') {
			r->place.row++;
			r->place.column = 1;
		} else if (((unsigned char)*r->p & 0xc0) != 0x80) {
			r->place.column++;
		}
	}
	return r->place;
}

static enum tree_type
node_type(enum scan_type type)
{
	switch (type) {
	case SCAN_STRING:
		return TREE_TEXT;
	case SCAN_ARRAY:
		return TREE_LIST;
	case SCAN_OBJECT:
		return TREE_MAP;
	default:
		return TREE_LITERAL;
	}
}

static int
text_add(struct reader *r, const struct scan_value *v, struct tree_place place, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (scan_text(v, &text, e) < 0)
		return -1;
	if (tree_scalar(r->tree, TREE_TEXT, place, (struct span){ text.data, text.len }, e) < 0)
		return -1;
	return 0;
}

static int
value_add(struct reader *r, const struct scan_value *v, struct error *e)
{
	struct tree_place place = place_at(r, v->raw.p);
	enum tree_type type = node_type(v->type);

	if (type == TREE_TEXT)
		return text_add(r, v, place, e);
	if (type == TREE_LITERAL)
		return tree_scalar(r->tree, type, place, v->raw, e) < 0 ? -1 : 0;
	if (tree_enter(r->tree, type, place, e) < 0)
		return -1;
	return scan_open(&r->scans[r->tree->depth - 1], v->raw.p, v->raw.n, e);
}

static int
key_add(struct reader *r, const struct scan_member *m, struct error *e)
{
	struct scan_value key = { SCAN_STRING, { m->key.p - 1, m->key.n + 2 } };

	return text_add(r, &key, place_at(r, m->from), e);
}

/* The outermost scan checks all below it and counts bytes from its start: that is the place. */
static void
place_error(struct reader *r, const char *start, struct error *e)
{
	char *at = strstr(e->text, " at byte ");

	if (at == NULL)
		return;
	*at = '\0';
	place_at(r, start + strtoul(at + strlen(" at byte "), NULL, 10) - 1);
}

static int
members_read(struct reader *r, struct tree_place *twice, struct error *e)
{
	struct tree *t = r->tree;
	struct scan_member m;

	while (t->depth > 0) {
		struct scan *s = &r->scans[t->depth - 1];
		int got = scan_next(s, &m, e);

		if (got < 0)
			return -1;
		if (got == 0) {
			if (tree_close(t, twice, e) < 0)
				return -1;
			continue;
		}
		if ((s->close == '}' && key_add(r, &m, e) < 0) || value_add(r, &m.value, e) < 0)
			return -1;
	}
	return 0;
}

int
json_read(struct tree *t, struct span text, struct tree_place *at, struct error *e)
{
	struct reader r = { .tree = t, .p = text.p, .place = { 1, 1 } };
	struct scan_value root = { .type = SCAN_ARRAY, .raw = text };
	struct tree_place twice = { 0, 0 };

	while (root.raw.n > 0 && strchr(" \t\r\n", *root.raw.p) != NULL && *root.raw.p != '\0') {
		root.raw.p++;
		root.raw.n--;
	}
	if (root.raw.n > 0 && *root.raw.p == '{')
		root.type = SCAN_OBJECT;
	if (value_add(&r, &root, e) == 0 && members_read(&r, &twice, e) == 0)
		return 0;
	place_error(&r, root.raw.p, e);
	*at = twice.row != 0 ? twice : r.place;
	return -1;
}
