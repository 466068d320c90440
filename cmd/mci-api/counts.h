/* counts: how many requests of each row of the table were answered, with which statuses, and how
 * long that took. */
#ifndef MCI_API_COUNTS_H
#define MCI_API_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "route.h"

struct counts;

struct counts *counts_new(const struct route *routes, size_t n);
/* route is NULL for what is no row. elapsed in nanoseconds. */
void counts_add(struct counts *c, const struct route *route, int status, int64_t elapsed);
/* Appends them as OpenMetrics. */
void counts_write(const struct counts *c, struct bytes *into);
void counts_free(struct counts *c);

#endif
