/* why: which jobs of a definition run, and why not, without running any. */
#ifndef MCI_BUILD_WHY_H
#define MCI_BUILD_WHY_H

#include <stdbool.h>

#include "error.h"
#include "graph.h"
#include "option.h"
#include "when.h"

/*
 * Prints a line for each job that one of the globs asked fits (all, when there are none): whether it
 * runs, after what, or what of its condition does not hold, and the facts; with json an object each.
 * facts: what conditions were asked of, NULL when none was. -1 when a glob fits no job.
 */
int why_print(const struct graph *g, const struct option_list *asked, const struct when_facts *facts,
    bool json, struct error *e);

#endif
