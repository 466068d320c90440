#include "meter.h"

#include "duration.h"

#define BUCKETS (METER_SECONDS + 1)

/* Empties the buckets of the seconds that have passed since. */
static void
advance(struct meter *m, int64_t second)
{
	int64_t from = m->second + 1;

	if (second - from >= BUCKETS)
		from = second - BUCKETS + 1;
	for (int64_t s = from; s <= second; s++)
		m->buckets[s % BUCKETS] = 0;
	if (second > m->second)
		m->second = second;
}

void
meter_add(struct meter *m, int64_t now, int64_t n)
{
	advance(m, now / SECOND);
	m->buckets[m->second % BUCKETS] += n;
}

int64_t
meter_rate(struct meter *m, int64_t now)
{
	int64_t sum = 0;

	advance(m, now / SECOND);
	/* the newest second is not over */
	for (int64_t i = 0; i < BUCKETS; i++)
		sum += i == m->second % BUCKETS ? 0 : m->buckets[i];
	return sum / METER_SECONDS;
}
