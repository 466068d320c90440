/*
 * shape: what answers look like: of each method's results what the elements of its arrays, and the
 * members of its objects, are. From this the OpenAPI document is made, and answers are held against it
 * (--check-answers).
 */
#ifndef MCI_API_SHAPE_H
#define MCI_API_SHAPE_H

#include "contract.h"
#include "jsontree.h"
#include "route.h"

/* The fields of an answer. */
struct shape {
	const struct contract_field *fields;
	size_t n;
};

/* What the row's answer is an object of; n 0: it has none. */
struct shape shape_of(const struct route *r);
/* The method's results. */
struct shape shape_results(const char *method);
/* The method whose results (or parameters, see params) an element of that array, or the object, is;
 * NULL: it is not said. */
const char *shape_element(const char *method, const char *member);
/* Whether an answer has the row's shape. 0, or -1 with where it has not. */
int shape_check(const struct route *r, struct span json, struct error *e);

#endif
