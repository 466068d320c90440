/*
 * combination: the combinations of values that a matrix stands for, as matrix.h says, in order.
 */
#ifndef COMBINATION_H
#define COMBINATION_H

#include "bytes.h"
#include "error.h"
#include "spec.h"

#define MATRIX_JOBS 256     /* of one spec */
#define MATRIX_NAMES 16
#define MATRIX_PRODUCT 4096 /* combinations, before what is excluded */

struct combination {
	struct spec_pair *pairs; /* n of them; the first nid are in the id */
	unsigned n, nid;
	char *suffix;            /* ".gcc.0" */
};

struct combinations {
	struct combination *list;
	unsigned n;
};

/* Reads a matrix, of which each combination makes parallel jobs (0: one). 0, or -1 with an error that begins
 * with the path below "matrix"; nothing is to be freed then. */
int combinations_read(struct combinations *c, struct span matrix, int parallel, struct error *e);
void combinations_free(struct combinations *c);

#endif
