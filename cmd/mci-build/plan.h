/*
 * plan: what --plan prints: the specs of a build, checked and selected, and not run. It is an input
 * again that runs the same jobs in the same order: what waits for a job whose work is left out (--skip,
 * --no-deps) waits for what that one waits for, and of a matrix that runs in part the parts are printed. A
 * plan of no job is an empty line, since no input at all is an error.
 */
#ifndef MCI_BUILD_PLAN_H
#define MCI_BUILD_PLAN_H

#include "error.h"
#include "graph.h"

/* Prints the specs that the jobs have kept, one a line, in the order they came. 0 or -1. */
int plan_print(struct graph *g, struct error *e);

#endif
