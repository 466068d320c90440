/* sweep: takes back uploads in parts that never ended: what arrived of them is paid for, and nobody sees
 * it. */
#ifndef MCI_BLOB_BUCKET_SWEEP_H
#define MCI_BLOB_BUCKET_SWEEP_H

#include <stdint.h>

#include "exchange.h"

/* n is how many. */
typedef void sweep_done(void *arg, int64_t n, const struct error *e);
/* Those below the prefix that began before a moment (nanoseconds since 1970). */
void sweep_start(struct traffic *t, int64_t before, sweep_done *done, void *arg);

#endif
