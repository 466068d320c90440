/*
 * environment: what jobs and build scripts find in their environment: a fixed list taken over from ours,
 * longer where MCI_SOURCE is "local", what mci says itself, and what -e grants; nothing else. See ENVIRONMENT
 * in mci-build(1).
 */
#ifndef MCI_ENVIRONMENT_H
#define MCI_ENVIRONMENT_H

#include <stddef.h>

struct environment {
	char **pairs;   /* NAME=VALUE, NULL behind the last */
	size_t n;
	size_t granted; /* from here on they came by -e: a spec does not replace these */
};

/* CI=true, MCI_SOURCE, the list, then each of granted: NAME=VALUE, or NAME for the value that we have. */
void environment_open(struct environment *v, const char *const *granted, size_t n);
/* All that we have ourselves, then granted. */
void environment_copy(struct environment *v, const char *const *granted, size_t n);
/* Sets one variable, in place of an older one of that name. */
void environment_set(struct environment *v, const char *name, const char *value);
/* Where NAME is in n pairs, or -1. */
ptrdiff_t environment_find(char *const *pairs, size_t n, const char *name);
void environment_close(struct environment *v);

#endif
