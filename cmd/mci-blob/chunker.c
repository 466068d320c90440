#include "chunker.h"

#include <pthread.h>
#include <stdint.h>

static uint64_t gear[256];

/* Any table of random numbers does, as long as it is always the same (splitmix64, Steele and others,
 * 2014). */
static void
make_gear(void)
{
	uint64_t x = 0x6d63692d626c6f62; /* "mci-blob" */

	for (size_t i = 0; i < 256; i++) {
		uint64_t z = x += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		gear[i] = z ^ z >> 31;
	}
}

size_t
chunker_cut(const unsigned char *p, size_t n, size_t most)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	/* the high bits are those that all of the last 64 bytes had a part in */
	const uint64_t mask = (uint64_t)(CHUNKER_USUAL - 1) << 45;
	uint64_t hash = 0;

	pthread_once(&once, make_gear);
	if (n > most)
		n = most;
	if (n <= CHUNKER_LEAST)
		return n;
	for (size_t i = CHUNKER_LEAST - 64; i < CHUNKER_LEAST; i++)
		hash = (hash << 1) + gear[p[i]];
	for (size_t i = CHUNKER_LEAST; i < n; i++) {
		hash = (hash << 1) + gear[p[i]];
		if ((hash & mask) == 0)
			return i + 1;
	}
	return n;
}
