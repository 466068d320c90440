/* recall: what was known of a job of the graph before this run: from the log of the build, and from that
 * of the build that it runs again. */
#ifndef MCI_BUILD_RECALL_H
#define MCI_BUILD_RECALL_H

#include "graph.h"
#include "journal.h"
#include "past.h"

/* Its spec has come. An attempt that was running is lost, and does not count among those that the job
 * has; their numbers go on, as a log is named by them. */
void recall_job(struct job *j, const struct past *past);
/* What is still so of what was said; NULL for a job that begins anew. */
const struct past_job *recall_state(const struct job *j);
/* Its end in a run before; NULL: it has none. */
const struct past_job *recall_end(const struct job *j);
/* Ends those whose spec has not come in this run; how many. */
uint32_t recall_forget(const struct past *past, struct journal *journal, enum status status);
/* All before it has ended: what it came to in the build that this one runs again, when that holds; else
 * NULL. */
const struct past_job *recall_base(const struct graph *g, struct job *j, const struct past *base);

#endif
