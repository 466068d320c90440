/*
 * git: runs git and takes its output, for the facts of `when`, for clean checkouts and for --watch. Nothing
 * that a repository's own configuration names is run: no hook, no fsmonitor, no external diff; nothing
 * asks on the terminal, and no lock is taken that the user's own git could meet. Blocks.
 */
#ifndef MCI_GIT_H
#define MCI_GIT_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"

/*
 * Runs git in dir with these arguments (NULL-terminated, without "git"); its standard output into out
 * (may be NULL). In a hook the variables that name its repository and what it quarantines (githooks(5),
 * git-receive-pack(1)) hold, also when dir is another folder of it. 0, or -1 with what git said.
 */
int git_run(const char *dir, const char *const *arguments, struct bytes *out, struct error *e);
/* The same for another repository, such as a checkout: without the variables that name one. */
int git_run_elsewhere(const char *dir, const char *const *arguments, struct bytes *out,
    struct error *e);
/* For questions: 1 with the answer in out, 0 when git ended with 1 and said nothing (it is not so), -1. */
int git_ask(const char *dir, const char *const *arguments, struct bytes *out, struct error *e);
/* Its one line of output without the newline; the caller frees. NULL with an error. */
char *git_line(const char *dir, const char *const *arguments, struct error *e);

/*
 * Whether dir lies in a repository: there is a .git in it or above it, or git was told of one (GIT_DIR), or
 * dir is a bare one. Does not ask git: of what is there but git refuses or cannot read, it says so itself.
 */
bool git_is_used(const char *dir);

/* git with its input and output on pipes, for a conversation; what it says on standard error is lost. */
struct child;
struct git_child {
	struct child *child; /* NULL: not started */
	int in, out; /* what it reads, what it writes */
};
int git_start(struct git_child *g, const char *dir, const char *const *arguments, struct error *e);
/* Closes its input and waits for it. Nothing when it was not started. */
void git_stop(struct git_child *g);

#endif
