/* checkout: a clean copy of a revision (--rev) or of what is staged (--staged), with its own .git, so that
 * jobs see neither the work tree's edits nor its untracked files. */
#ifndef MCI_BUILD_CHECKOUT_H
#define MCI_BUILD_CHECKOUT_H

#include "error.h"

/* Makes it at path (which must not exist) for the work tree that project lies in. rev NULL: what is
 * staged. *dir is the folder in it that stands for project; the caller frees. Blocks. 0 or -1. */
int checkout_make(const char *project, const char *rev, const char *path, char **dir, struct error *e);

#endif
