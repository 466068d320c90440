/* backoff: how long to wait before a lost server is tried again, and what is said meanwhile. */
#ifndef MCI_LOG_BACKOFF_H
#define MCI_LOG_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct backoff {
	int64_t wait; /* nanoseconds, of the last time; 0 when all is well */
};

/* Nanoseconds to wait now: 50 ms, doubled each time up to 5 s. Says why on standard error the first time,
 * unless quiet. */
int64_t backoff_next(struct backoff *b, const char *address, const struct error *why, bool quiet);
/* It works again; says so if it was said that it did not. */
void backoff_over(struct backoff *b, const char *address, bool quiet);

#endif
