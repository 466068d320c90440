/* siphash: SipHash-1-3 (Aumasson and Bernstein; the variant that hash tables use): 64 bits of a
 * text and a key. With
 * a key that nobody knows, what is hashed cannot be found from it. */
#ifndef MCI_API_SIPHASH_H
#define MCI_API_SIPHASH_H

#include <stdint.h>

#include "bytes.h"

uint64_t siphash(const uint64_t key[static 2], struct span text);

#endif
