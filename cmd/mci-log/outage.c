#include "backoff.h"

#include <stdio.h>

#include "duration.h"

#define FIRST (50 * MILLISECOND)
#define MOST (5 * SECOND)

int64_t
backoff_next(struct backoff *b, const char *address, const struct error *why, bool quiet)
{
	if (b->wait == 0 && !quiet)
		fprintf(stderr, "mci-log: %s: lost (%s); trying again\n", address, why->text);
	b->wait = b->wait == 0 ? FIRST : b->wait * 2;
	if (b->wait > MOST)
		b->wait = MOST;
	return b->wait;
}

void
backoff_over(struct backoff *b, const char *address, bool quiet)
{
	if (b->wait > 0 && !quiet)
		fprintf(stderr, "mci-log: %s: there again\n", address);
	b->wait = 0;
}
