/*
 * shape: a job in a tree as the JSON line that a script would have written. A YAML scalar without quotes
 * becomes what its key wants: text nearly everywhere ("1.20" and "no" stay what they are), a word of
 * YAML 1.2's core schema (true, 5, null) where a number or a boolean belongs.
 */
#ifndef SHAPE_H
#define SHAPE_H

#include "bytes.h"
#include "error.h"
#include "tree.h"

/* What aliases and merge keys may still add; one for all jobs of a file. */
struct shape_budget {
	size_t nodes;
};

/*
 * Appends the map node as an object, with aliases written out and << merged in. id is put in when the
 * job has none and id is not NULL. 0, or -1 with the place in *at.
 */
int shape_write(struct bytes *into, const struct tree *t, uint32_t node, const char *id,
    struct shape_budget *budget, struct tree_place *at, struct error *e);

/*
 * The node that an error of spec_read means, by the path it begins with ("script[2]: expected ..."), and
 * its place, or that of its key where the key is wrong; the job's when there is none.
 */
uint32_t shape_find(const struct tree *t, uint32_t job, const char *path, struct tree_place *at);

#endif
