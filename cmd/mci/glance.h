/* glance: what a stored build amounts to, from its log. */
#ifndef MCI_GLANCE_H
#define MCI_GLANCE_H

#include "fold.h"
#include "state.h"

/* From its first and its last line alone: all but the jobs. *jobs is their number, -1 while it
 * runs. */
int glance_ends(struct fold *f, const struct state_build *b, int64_t *jobs, struct error *e);
/* From all of it. */
int glance_all(struct fold *f, const struct state_build *b, struct error *e);
/* How long it ran, or has run. */
int64_t glance_elapsed(const struct fold *f);
/* A moment for people: on a terminal in local time, else RFC 3339. "" for 0. */
void glance_time(struct bytes *b, int64_t ns, bool people);
/* The members of a build as JSON: status, started, elapsed... into an open object. */
void glance_emit(struct bytes *b, const struct fold *f, const struct state_build *build);

#endif
