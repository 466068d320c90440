#include "siphash.h"

#include <endian.h>
#include <string.h>

static uint64_t
rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void
rounds(uint64_t v[static 4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t
siphash(const uint64_t key[static 2], struct span text)
{
	uint64_t v[4] = { UINT64_C(0x736f6d6570736575) ^ key[0],
		UINT64_C(0x646f72616e646f6d) ^ key[1], UINT64_C(0x6c7967656e657261) ^ key[0],
		UINT64_C(0x7465646279746573) ^ key[1] };
	size_t n = text.n & ~(size_t)7;
	uint64_t word, last = (uint64_t)text.n << 56;

	for (size_t i = 0; i < n; i += 8) {
		memcpy(&word, text.p + i, 8);
		word = le64toh(word);
		v[3] ^= word;
		rounds(v, 1);
		v[0] ^= word;
	}
	for (size_t i = n; i < text.n; i++)
		last |= (uint64_t)(unsigned char)text.p[i] << 8 * (i - n);
	v[3] ^= last;
	rounds(v, 1);
	v[0] ^= last;
	v[2] ^= 0xff;
	rounds(v, 3);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
