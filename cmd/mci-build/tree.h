/*
 * tree: what a YAML or JSON file says, as nodes in one array, each with its place in the file. Two
 * readers fill it: yaml_read and json_read. Node 0 is the root.
 */
#ifndef TREE_H
#define TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* Bounds on one file, for what strangers write. */
#define TREE_NODES 3000000 /* as written */
#define TREE_DEPTH 32

enum tree_type {
	TREE_PLAIN,   /* a YAML scalar without quotes: what it is depends on its key */
	TREE_TEXT,    /* text for certain */
	TREE_LITERAL, /* a JSON number, true, false or null as it was written */
	TREE_LIST,
	TREE_MAP,   /* children are key, value, key, value... */
	TREE_ALIAS, /* stands for the node first */
};

/* Where in the file, both from 1, columns in characters; 0 when the file as a whole is meant. */
struct tree_place {
	unsigned row, column;
};

struct tree_node {
	enum tree_type type;
	struct tree_place place;
	uint32_t text, length; /* scalars: offset into the tree's text */
	uint32_t first, next;  /* child, sibling; 0: none. An alias' first is its target */
};

struct tree_open {
	uint32_t node, last; /* the list or map and its last child so far */
	bool value;          /* of a map: a key has come, its value is next */
};

struct tree {
	struct tree_node *nodes;
	uint32_t n, size;
	struct bytes text;
	struct tree_open open[TREE_DEPTH]; /* while it is read */
	unsigned depth;
};

/* Adds a node behind the last one, in the innermost open list or map; its number, or -1. */
int64_t tree_add(struct tree *t, enum tree_type type, struct tree_place place, struct error *e);
/* Adds a scalar. */
int64_t tree_scalar(struct tree *t, enum tree_type type, struct tree_place place, struct span text,
    struct error *e);
/* Adds a list or map; what follows goes into it until tree_close. */
int64_t tree_enter(struct tree *t, enum tree_type type, struct tree_place place, struct error *e);
/* Closes the innermost one; a key that a map holds twice is an error, with its place in *at. */
int tree_close(struct tree *t, struct tree_place *at, struct error *e);
void tree_free(struct tree *t);

struct span tree_text(const struct tree *t, uint32_t node);
bool tree_text_is(const struct tree *t, uint32_t node, const char *text);
/* The node itself, or what it stands for. */
uint32_t tree_target(const struct tree *t, uint32_t node);

/* Reads all of text into an empty tree, freed by the caller. 0, or -1 with the place in *at. */
int yaml_read(struct tree *t, struct span text, struct tree_place *at, struct error *e);
int json_read(struct tree *t, struct span text, struct tree_place *at, struct error *e);

#endif
