#include "backoff.h"

#include "duration.h"
#include "kernel.h"

#define FIRST (10 * MILLISECOND)
#define LONGEST (2 * SECOND)

int64_t
backoff_next(struct backoff *b)
{
	int64_t first = b->first == 0 ? FIRST : b->first, longest = b->longest == 0 ? LONGEST : b->longest;
	uint64_t chance;

	b->pause = b->pause == 0 ? first : b->pause * 2;
	if (b->pause > longest)
		b->pause = longest;
	if (b->exact)
		return b->pause;
	kernel.random(&chance, sizeof(chance));
	return b->pause / 2 + (int64_t)(chance % (uint64_t)(b->pause / 2 + 1));
}

void
backoff_over(struct backoff *b)
{
	b->pause = 0;
}
