/* maskjson: masks what a JSON text says, and leaves it JSON. */
#ifndef MCI_MASKJSON_H
#define MCI_MASKJSON_H

#include "bytes.h"
#include "mask.h"

/*
 * Appends the JSON text (valid, as it was scanned) with its strings, names of members included, masked as
 * they are once decoded, however they were escaped; a number that holds a secret becomes the string "***".
 * m may be NULL.
 */
void maskjson_add(struct mask *m, struct bytes *into, const char *json, size_t n);

#endif
