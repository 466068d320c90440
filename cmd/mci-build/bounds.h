/* bounds: the first and the last event of a build's run. */
#ifndef MCI_BUILD_BOUNDS_H
#define MCI_BUILD_BOUNDS_H

#include <stdint.h>

#include "journal.h"
#include "options.h"
#include "outcome.h"
#include "past.h"
#include "workspace.h"

/* build/start; definition is its name, past what runs before have done. */
void bounds_start(struct journal *j, const struct build_options *o, const struct workspace *w,
    const char *definition, const struct past *past);
/* build/end; counts are the ended jobs, by enum status. */
void bounds_end(struct journal *j, const struct outcome *outcome, const uint32_t *counts);
/* The same as the line of a run before says it, in this run. */
void bounds_end_again(struct journal *j, const char *line);
/* The exit status in such a line. */
int bounds_exit(const char *line);

#endif
