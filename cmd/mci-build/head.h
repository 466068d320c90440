/*
 * head: what a repository has checked out, read from git's own files (gitrepository-layout(5), and the
 * format of packed-refs in git-pack-refs(1)): starting git costs a fifth of a small build. Only what is
 * plain is read; of the rest git has to be asked.
 */
#ifndef MCI_BUILD_HEAD_H
#define MCI_BUILD_HEAD_H

#include <stdbool.h>

struct head {
	char *branch; /* NULL: none */
	char *commit; /* NULL: there is none yet */
	char *tag;    /* the first by name of those of the commit, NULL */
};

/* Whether it could be read; then h is the caller's to free. False, and nothing to free, where git knows more:
 * worktrees, loose tags, other stores of refs, another owner, variables of git's. */
bool head_read(struct head *h, const char *dir);
void head_free(struct head *h);

#endif
