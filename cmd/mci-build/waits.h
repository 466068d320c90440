/*
 * waits: what a job's depends-on means among the jobs of the graph where it says more than an id: those of a
 * matrix that have the same values, globs, jobs that need not be there.
 */
#ifndef MCI_BUILD_WAITS_H
#define MCI_BUILD_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "graph.h"
#include "spec.h"

struct wait;

/* Those of one job that are more than an id. */
struct waits {
	struct wait *list;
	size_t n;
};

/* Copies them from an expanded spec, with the values that its variables have. 0, or -1 with an error that
 * begins with "depends-on". */
int waits_take(struct waits *w, const struct spec *s, struct error *e);
/* Whether they mean something before the last spec has come: jobs that are there, none of them optional. */
bool waits_known(const struct waits *w, const struct graph *g);
/* Makes the job wait for what they mean, of the jobs there are now. 0, or -1 when one means nothing and has
 * to. NO_JOB: only looks. */
int waits_settle(const struct waits *w, struct graph *g, uint32_t job, struct error *e);
void waits_free(struct waits *w);

/* The values of a matrix' job as struct job keeps them; the caller frees. NULL when there are none. */
char *waits_values(const struct spec_pair *values, size_t n);

#endif
