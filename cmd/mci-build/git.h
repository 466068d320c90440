/* git: runs git and takes its output, for the facts of `when` and for clean checkouts. Blocks. */
#ifndef MCI_BUILD_GIT_H
#define MCI_BUILD_GIT_H

#include "bytes.h"
#include "error.h"

/* Runs git in dir with these arguments (NULL-terminated, without "git"); its standard output into out
 * (may be NULL). 0, or -1 with what git said on its standard error. */
int git_run(const char *dir, const char *const *arguments, struct bytes *out, struct error *e);
/* The same without the variables that name a repository (GIT_DIR, GIT_INDEX_FILE...): inside a hook they
 * mean the repository of the hook, which a clean checkout is not. */
int git_run_elsewhere(const char *dir, const char *const *arguments, struct bytes *out,
    struct error *e);

#endif
