/*
 * lint: says everything that is wrong with a definition, without running anything.
 */
#ifndef LINT_H
#define LINT_H

#include <stdbool.h>
#include <stdio.h>

#include "definition.h"
#include "error.h"

/*
 * Prints a problem a line, as compilers do: FILE:LINE:COLUMN: path: problem (fix). With json an
 * object a line: {"file","row","column","job","problem"}. 0 clean, 1 problems were printed, -1 it
 * could not be looked at (or out could not be written).
 */
int lint_run(const struct definition *d, FILE *out, bool json, struct error *e);

#endif
