/*
 * backoff: how long to wait before what failed is tried again. The pauses grow from the first to the
 * longest, doubled each time. Of each between half and all is waited, by chance, so that the clients
 * of a server that comes back do not come all at once; all of it where only one tries. A value without a
 * timer.
 */
#ifndef MCI_BACKOFF_H
#define MCI_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	int64_t first, longest; /* nanoseconds; 0: 10 milliseconds and 2 seconds, for connections */
	bool exact;             /* without chance */
	int64_t pause;          /* the last one before chance; 0 while all is well */
};

/* It failed (again): nanoseconds to wait now. */
int64_t backoff_next(struct backoff *b);
/* It works. */
void backoff_over(struct backoff *b);

#endif
