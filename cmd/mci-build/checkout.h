/* checkout: a clean copy of a revision (--rev) or of what is staged (--staged), with its own .git and its
 * submodules, so that jobs see neither the work tree's edits nor its untracked files. */
#ifndef MCI_BUILD_CHECKOUT_H
#define MCI_BUILD_CHECKOUT_H

#include "error.h"

/*
 * Makes it at path (which must not exist) for the work tree that project lies in, or the bare repository that
 * it is. rev NULL: what is staged. *dir is the folder in it that stands for project; the caller frees.
 *
 * Submodules are those that the work tree has, at the commits that are recorded, from their repositories
 * there; one that it has not stays empty, as with git, and note(arg, text) is told. A bare repository has
 * none: they are fetched from where .gitmodules says. Blocks. 0 or -1.
 */
int checkout_make(const char *project, const char *rev, const char *path, char **dir,
    void (*note)(void *arg, const char *text), void *arg, struct error *e);

/* What --rev builds where no folder from cwd up has a definition: the top of its work tree, or the bare
 * repository that it is. The caller frees; NULL with an error. */
char *checkout_project(const char *cwd, struct error *e);

#endif
