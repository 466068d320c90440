/*
 * removal: takes builds away, and nothing else. What may go is a build's folder below the folder of all
 * builds (state.h), whatever is in it; one anywhere else only when that is asked for and nothing in it
 * is of anybody but mci.
 */
#ifndef MCI_REMOVAL_H
#define MCI_REMOVAL_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "state.h"

/* Whether the build, or logs in it, may be removed. ERROR_REFUSED names the folder and what is in the way. */
int removal_check(const struct state_build *b, bool force, struct error *e);
/* Removes the folder with all in it, after that check. ERROR_BUSY when it is running. */
int removal_build(const struct state_build *b, bool force, struct error *e);
/* Removes the oldest ended builds of a repo beyond keep. */
void removal_prune(const char *repo, size_t keep);

#endif
