/* refname: names of refs and objects of git, as a trigger gives them: checked before anything hands
 * them on. */
#ifndef MCI_STORE_REFNAME_H
#define MCI_STORE_REFNAME_H

#include <stdbool.h>

#include "error.h"

/* The longest name of a ref. */
#define REFNAME_LIMIT 1024

/* Whether it is a whole name (refs/...), as git-check-ref-format(1) wants one. 0, or -1 with why
 * not. */
int refname_check(const char *name, struct error *e);
/* What stands behind this folder of refs ("refs/heads/"), or NULL. */
const char *refname_below(const char *name, const char *folder);
/* Whether it is the whole name of an object: 40 or 64 lower-case hexadecimal digits. */
bool refname_is_object(const char *text);
/* Whether it is the name of no object, which stands for a ref that is not there: only zeros. */
bool refname_is_nothing(const char *text);

#endif
