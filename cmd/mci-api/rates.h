/*
 * rates: how much one client may ask: so many requests a second, and what it did not use of the last
 * few seconds at once. A client is a text, as the id of a token or an address.
 */
#ifndef MCI_API_RATES_H
#define MCI_API_RATES_H

#include <stdint.h>

#include "scan.h"

struct rates;

/* a_second is at least 1. About 64 KiB, however many clients there are: of those that come to the same
 * place those that ask the most are kept. */
struct rates *rates_new(int64_t a_second);
/* One request of the client at that moment (kernel.now()): 0, or how long it has to wait, in nanoseconds;
 * then it is not counted. */
int64_t rates_take(struct rates *r, struct span client, int64_t now);
/* NULL is allowed. */
void rates_free(struct rates *r);

#endif
