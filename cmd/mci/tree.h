/* tree: mci tree and the views of other verbs that are the same. */
#ifndef MCI_TREE_H
#define MCI_TREE_H

#include <stdbool.h>

#include "state.h"

/* Follows the build to its end on standard output; the status to exit with: with judge the
 * build's. */
int tree_build(const struct state_build *b, bool judge);

#endif
