/*
 * lint: says everything that is wrong with a definition. A document is only read; a script is run as for
 * --plan, once its first line and its shell have nothing against it.
 */
#ifndef LINT_H
#define LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "definition.h"
#include "error.h"
#include "option.h"

/*
 * Jobs pass the filters, those of the document and then through; of what comes out it is said so: through
 * 'COMMAND': line N of its output: ....
 * Prints a problem a line, as compilers do: FILE:LINE:COLUMN: path: problem (fix); of jobs that a
 * script wrote FILE: line N of its output: .... With json an object a line: {"file","row","column",
 * "job","severity","problem"}, with "line" in place of row and column. 0 clean but for warnings, 1
 * problems were printed, -1 it could not be looked at (or out could not be written). *jobs is how
 * many jobs there are.
 */
int lint_run(const struct definition *d, const struct option_list *through, FILE *out, bool json,
    size_t *jobs, struct error *e);

#endif
