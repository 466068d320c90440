/*
 * declared: the params that a definition says it takes: name, type, default, choices, and a sentence
 * about it. A build of such a definition is given these and no others.
 */
#ifndef MCI_BUILD_DECLARED_H
#define MCI_BUILD_DECLARED_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"
#include "params.h"

struct declared_param;

struct declared {
	struct declared_param *list;
	size_t n;
	bool any; /* something is declared, if only that there are none */
};

/* Adds a list of them, JSON. 0, or -1 with an error that begins with the path below the list. */
int declared_read(struct declared *d, struct span list, struct error *e);
/*
 * Holds the params that were given against them, and adds those that have a default. 0, or -1 with an
 * error of the command line. whole: none may be missing. Nothing when nothing is declared; what a server
 * offers to every build need not be.
 */
int declared_apply(const struct declared *d, struct params *p, bool whole, struct error *e);
/* A line each: name, type with its choices, default, sentence; or a JSON object each. */
void declared_print(const struct declared *d, bool json);
/* The line by which a script declares the same, on standard output; nothing when nothing is declared. */
void declared_plan(const struct declared *d);
void declared_free(struct declared *d);

#endif
