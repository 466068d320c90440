/*
 * matrix: one spec with lists of values becomes a job for each combination. The object's members
 * are names with lists of texts or numbers, the last name varies fastest:
 *   {"CC":["gcc","clang"],"OPT":["0","2"]}   ID.gcc.0  ID.gcc.2  ID.clang.0  ID.clang.2
 * "exclude" is a list of objects; a combination that holds all members of one of them is left out.
 */
#ifndef MATRIX_H
#define MATRIX_H

#include "bytes.h"
#include "error.h"
#include "spec.h"

#define MATRIX_JOBS 256 /* of one spec */
#define MATRIX_NAMES 16

/* Whether it is a matrix; 0, or -1 with an error that begins with the path below "matrix". */
int matrix_check(struct span matrix, struct error *e);

/*
 * Calls each for every combination, in order. The expanded spec is given: each owns it and frees it
 * with spec_free, also when it fails. It has the id ID.VALUE.VALUE (bytes that no id may hold
 * become '_'), NAME=VALUE in front of its env, MCI_MATRIX=VALUE.VALUE, and no matrix; its when
 * still points into the line of s. A spec without matrix is given once, as a copy. 0, what each
 * returned if not 0, or -1.
 */
typedef int matrix_each(void *arg, struct spec *expanded, struct error *e);
int matrix_expand(const struct spec *s, matrix_each *each, void *arg, struct error *e);

#endif
