/* merge: shows the lines of several sources in the order of their times. */
#ifndef MCI_LOG_MERGE_H
#define MCI_LOG_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "output.h"
#include "range.h"
#include "source.h"

/* How sources are shown, beside the output's form. */
struct view {
	struct output *out;
	const struct range *range; /* for sources when they are opened; NULL for whole ones */
	bool snapshot; /* what is there now is all that is shown: logs are cut at their present size */
};

/* Opens a source and cuts it to the range; 1, 0 when it is not there (yet), -1. */
int view_open(const struct view *v, struct source *s, struct error *e);
/* For a source that was shown to its end: says what is missing of it, closes it. */
void view_finish(const struct view *v, struct source *s);

/*
 * Shows every whole line of the dirty sources, and of ended ones (all, in a snapshot) also what stands
 * behind the last newline. Sources are in the order in which they started: one is opened only when
 * nothing older is left of the others, and closed when it is done, so a build of any size needs few
 * descriptors.
 */
int merge_show(const struct view *v, struct source *const *sources, size_t n, struct error *e);

#endif
