/* tree: mci tree and the views of other verbs that are the same. */
#ifndef MCI_TREE_H
#define MCI_TREE_H

#include "state.h"

/* Follows the build to its end on standard output; the status to exit with. */
int tree_build(const struct state_build *b);

#endif
