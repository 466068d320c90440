/* selection: which jobs of a definition a build is to run: JOB operands, --label, --skip. */
#ifndef MCI_BUILD_SELECTION_H
#define MCI_BUILD_SELECTION_H

#include <stdbool.h>

#include "error.h"
#include "option.h"
#include "spec.h"

struct selection {
	struct option_list jobs, skip, labels;
	bool *used; /* by jobs, then skip: whether the pattern fitted a job */
	bool no_deps;
	bool any;   /* some job was asked for */
};

/* Borrows the lists. -1 when a label is not K=V. */
int selection_open(struct selection *s, struct option_list jobs, struct option_list skip,
    struct option_list labels, bool no_deps, struct error *e);
/* Whether the user asked for this job: its id, or the id that its matrix was written with, or labels. */
bool selection_has(struct selection *s, const char *id, const char *matrix_id, const struct spec *spec);
bool selection_skips(struct selection *s, const char *id, const char *matrix_id);
/* The first pattern that fitted no job, NULL when all did. */
const char *selection_unused(const struct selection *s);
void selection_close(struct selection *s);

#endif
