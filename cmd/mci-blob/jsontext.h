/* jsontext: members of a JSON object that are texts. */
#ifndef MCI_BLOB_JSONTEXT_H
#define MCI_BLOB_JSONTEXT_H

#include <stddef.h>

#include "bytes.h"

/* A member that is an array of texts: *n of them, which stand in *text; both are the caller's. What is no
 * text is left out, and no member is none. */
const char **jsontext_list(struct span object, const char *key, char **text, size_t *n);

#endif
