/* view: which part of which logs is shown, and their lines in the order of their times. */
#ifndef MCI_LOG_VIEW_H
#define MCI_LOG_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "output.h"
#include "source.h"

/* Which part of each log was asked for: --lines, --bytes, --since, --tail. All that are given must hold;
 * --tail counts in what the others leave. */
struct range {
	int64_t first_line, last_line; /* from 1; 0 and INT64_MAX: no bound */
	int64_t first_byte, last_byte; /* from 0, both inside; 0 and INT64_MAX: no bound */
	int64_t since;                 /* wall clock, 0: no bound */
	int64_t tail;                  /* lines, -1: no bound */
};

/* A moment (RFC 3339), or a duration before now. */
int range_since(const char *text, int64_t *since, struct error *e);
/* Whether any bound is set. */
bool range_set(const struct range *r);
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
int view_show(const struct view *v, struct source *const *sources, size_t n, struct error *e);

#endif
