/*
 * plan: --plan: the specs of a build, checked and selected, printed and not run. What is printed is an input
 * again that runs the same jobs in the same order: what waits for a job whose work is left out (--skip,
 * --no-deps) waits for what that one waits for, and of a matrix that runs in part the parts are printed. A
 * plan of no job is an empty line, since no input at all is an error.
 */
#ifndef MCI_BUILD_PLAN_H
#define MCI_BUILD_PLAN_H

#include "build.h"

/* Reads all specs and prints them, one a line, in the order they came; an exit status. */
int plan_run(struct build *b);

#endif
