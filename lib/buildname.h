/* buildname: the name of a build, ORG/REPO/N: nothing in it leads out of a folder, or has to be escaped
 * in JSON, a path or a URL. */
#ifndef MCI_BUILDNAME_H
#define MCI_BUILDNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* 0, or -1 with an error that quotes it. */
int buildname_check(struct span name, struct error *e);
/* Whether a name may begin so, as far as its parts go: the empty one too. */
bool buildname_begins(struct span text);

#endif
