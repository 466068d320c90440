#include "checksum.h"

#include <string.h>

/* The polynomial, bits reversed. */
#define CASTAGNOLI 0x82f63b78U

#ifdef __x86_64__
/* Eight bytes an instruction (SSE 4.2): 20 times the table's rate, and the hub's events all pass
 * here. */
__attribute__((target("sse4.2"))) static uint32_t
add_fast(uint32_t c, const unsigned char *p, size_t n)
{
	uint64_t wide = c;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	c = (uint32_t)wide;
	for (; n > 0; p++, n--)
		c = __builtin_ia32_crc32qi(c, *p);
	return c;
}
#endif

/* A byte at a time, from a table that the first call makes. */
static uint32_t
add_plain(uint32_t c, const unsigned char *p, size_t n)
{
	static _Thread_local uint32_t table[256];

	if (table[1] == 0) {
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t v = i;

			for (int bit = 0; bit < 8; bit++)
				v = v >> 1 ^ (v & 1 ? CASTAGNOLI : 0);
			table[i] = v;
		}
	}
	for (; n > 0; p++, n--)
		c = table[(c ^ *p) & 0xff] ^ c >> 8;
	return c;
}

uint32_t
checksum_add(uint32_t was, const void *p, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~add_fast(~was, p, n);
#endif
	return ~add_plain(~was, p, n);
}
