/*
 * matrix: one spec with lists of values becomes a job for each combination. The object's members
 * are names with lists of texts or numbers, the last name varies fastest:
 *   {"CC":["gcc","clang"],"OPT":["0","2"]}   ID.gcc.0  ID.gcc.2  ID.clang.0  ID.clang.2
 * "exclude" is a list of objects; a combination that holds all members of one of them is left out. "include"
 * is one of objects that give every name a value: further combinations, or further variables of one that is
 * there. "max" is how many of the jobs run at once. A matrix may be such a list alone: then each object's
 * names, whose values may be lists, are the combination, in the order in which they are written.
 * "parallel" makes so many alike out of each.
 */
#ifndef MATRIX_H
#define MATRIX_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "spec.h"

/* Whether the spec stands for jobs whose ids begin with its own. */
bool matrix_is(const struct spec *s);
/* Whether its matrix is one; 0, or -1 with an error that begins with the key and the path below it. */
int matrix_check(const struct spec *s, struct error *e);
/* How many of its jobs may run at once; 0: any number. Of a matrix that was checked. */
unsigned matrix_max(const struct spec *s);

/*
 * Calls each for every combination, in order. The expanded spec is given: each owns it and frees it
 * with spec_free, also when it fails. It has the id ID.VALUE.VALUE (bytes that no id may hold
 * become '_'), NAME=VALUE in front of its env, MCI_MATRIX=VALUE.VALUE, and no matrix; its when
 * still points into the line of s. values, n of them, are those of the combination, with MCI_PARALLEL_INDEX.
 * A spec without matrix is given once, as a copy. 0, what each returned if not 0, or -1.
 */
typedef int matrix_each(void *arg, struct spec *expanded, const struct spec_pair *values, size_t n,
    struct error *e);
int matrix_expand(const struct spec *s, matrix_each *each, void *arg, struct error *e);

#endif
