/* naming: the names of a store over its backend: finding, listing, committing and removing them. */
#ifndef MCI_BLOB_NAMING_H
#define MCI_BLOB_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "record.h"

/* As store.h's find. */
int naming_find(struct backend *b, bool stranger, const char *const *names, size_t n,
    struct record *r, bool *hit,
    struct error *e);
/* Every record of one side whose name begins with prefix; each takes it. One that is damaged is told to
 * damaged, which may be NULL: an error then. */
int naming_list(struct backend *b, const char *side, const char *prefix, int (*each)(void *arg,
    struct record *r),
    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg, struct error *e);
/* For damaged, when it is not the caller's matter: verify finds it, and who wants a cache takes another. */
int naming_pass_over(void *arg, const char *object, const struct error *why);
/* Puts the record on its side, unless a newer run of its build has. */
int naming_commit(struct backend *b, const struct record *r, struct error *e);
/* ERROR_NOT_FOUND when it is not there. */
int naming_remove(struct backend *b, const char *side, const char *name, struct error *e);

#endif
