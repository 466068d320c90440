#include "backoff.h"

#include "duration.h"
#include "kernel.h"

#define FIRST (10 * MILLISECOND)
#define MOST (2 * SECOND)

int64_t
backoff_next(struct backoff *b)
{
	uint64_t chance;

	b->pause = b->pause == 0 ? FIRST : b->pause * 2;
	if (b->pause > MOST)
		b->pause = MOST;
	kernel.random(&chance, sizeof(chance));
	return b->pause / 2 + (int64_t)(chance % (uint64_t)(b->pause / 2 + 1));
}

void
backoff_over(struct backoff *b)
{
	b->pause = 0;
}
