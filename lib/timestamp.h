/* timestamp: moments as RFC 3339 in UTC with milliseconds, "2026-11-23T18:00:00.123Z" (24 bytes). */
#ifndef MCI_TIMESTAMP_H
#define MCI_TIMESTAMP_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

#define TIMESTAMP_LENGTH 24

/* Appends the moment, nanoseconds since 1970. The day part is kept between calls, so this is cheap. */
void timestamp_write(struct bytes *b, int64_t ns);
/* Reads any RFC 3339 moment from 1970 to 2261 (Z or an offset, any number of fraction digits); -1 when it
 * is not one. */
int timestamp_parse(const char *text, size_t n, int64_t *ns, struct error *e);

#endif
