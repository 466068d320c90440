/*
 * ignores: what git ignores in a tree of files, asked of one 'git check-ignore' a repository (the tree's own
 * and those inside it) that is kept running: an answer costs a write and a read. Outside of git, and where
 * git fails, nothing is ignored.
 */
#ifndef MCI_BUILD_IGNORES_H
#define MCI_BUILD_IGNORES_H

#include <stdbool.h>

struct ignores;

/* For the tree at this absolute path. */
struct ignores *ignores_new(const char *top);
/* Whether git ignores path, absolute and below top; its folder is not ignored. Blocks for git's answer. */
bool ignores_has(struct ignores *g, const char *path);
/* Some rules have changed: they are read anew. */
void ignores_reread(struct ignores *g);
void ignores_free(struct ignores *g);

#endif
