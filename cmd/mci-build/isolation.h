/*
 * isolation: a program of the repository that is no job, its script or a filter, started where jobs
 * run. What the build runs in the user's own place is started as it is.
 */
#ifndef MCI_BUILD_ISOLATION_H
#define MCI_BUILD_ISOLATION_H

#include <stdbool.h>

#include "option.h"
#include "process.h"

struct isolation {
	const char *runner; /* NULL: nobody said */
	bool stranger;      /* whoever wrote it is not trusted */
};

/* Whether script and filters are started through the runner. */
bool isolation_wanted(const struct isolation *i);
/* Whether it may run at all: 0, or -1 with an error when it is a stranger's and nothing isolates it. */
int isolation_check(const struct isolation *i, struct error *e);
/* The words of mci-job that go in front of a command; env are variables besides those of a job that it is to
 * have. NULL behind the last; the caller frees each of them, and the list. */
char **isolation_words(const struct isolation *i, const struct option_list *env, bool plan);
/* The words, and behind them a command. The caller frees the list alone. */
char **isolation_command(char *const *words, const char *path, char *const *argv);
void isolation_words_free(char **words);

#endif
