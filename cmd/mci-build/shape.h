/*
 * shape: a job in a tree as the JSON line that a script would have written. A YAML scalar without
 * quotes becomes what its key wants: text nearly everywhere ("1.20" and "no" stay what they are), a
 * word of YAML 1.2's core schema (true, 5, null) where a number or a boolean belongs.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "tree.h"

#define SHAPE_ALIASED 1000000 /* nodes that aliases and merge keys may add to a file */

/* What they may still add; one for all jobs of a file. */
struct shape_budget {
	size_t nodes;
};

#define SHAPE_WITHOUT 8

/* What is written otherwise than it stands there. */
struct shape_change {
	uint32_t defaults;               /* a map: what the job has unless it says it itself; 0: nothing */
	const char *id;                  /* for a job that has none; NULL: leave it so */
	uint32_t without[SHAPE_WITHOUT]; /* keys of the job (their nodes) that are left out */
	unsigned nwithout;
};

/*
 * Appends the map node as an object, or a list as one, with aliases written out and << merged in; of env and
 * labels the members of both the job and its defaults. 0, or -1 with the place in *at.
 */
int shape_write(struct bytes *into, const struct tree *t, uint32_t node,
    const struct shape_change *change, struct shape_budget *budget, struct tree_place *at,
    struct error *e);

/*
 * The node that an error of spec_read means, by the path it begins with ("script[2]: expected
 * ..."), and its place, or that of its key where the key is wrong, as key says or the text does;
 * the job's when there is none. *top (which may be NULL) is the job's key that it is in, 0 when
 * there is none.
 */
uint32_t shape_find(const struct tree *t, uint32_t job, const char *path, bool key,
    struct tree_place *at, uint32_t *top);

#endif
