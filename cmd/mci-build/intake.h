/* intake: a spec line becomes a job of the graph, or several (a matrix). */
#ifndef MCI_BUILD_INTAKE_H
#define MCI_BUILD_INTAKE_H

#include "build.h"

/* Takes one spec: reads and checks it, expands its matrix, decides selection and conditions, and lets
 * the scheduler know. 0, or -1 with an error that names the field: the definition is broken then. */
int intake_line(struct build *b, const char *line, size_t n, struct error *e);
/* Takes all jobs of a document, and does what intake_end does; an error begins with FILE:LINE:COLUMN. */
int intake_document(struct build *b, bool *usage, struct error *e);
/* No spec will come any more: dependencies and cycles are checked, and that every JOB of the command
 * line was there. *usage is set when it is the command line that is wrong. */
int intake_end(struct build *b, bool *usage, struct error *e);

#endif
