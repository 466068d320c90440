/* checksum: CRC-32C (Castagnoli; RFC 3720 appendix B.4), which finds what a disk or a crash broke.
 * */
#ifndef MCI_CHECKSUM_H
#define MCI_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of n bytes. was is that of the bytes before them, 0 for none: pieces may be added
 * one after another. */
uint32_t checksum_add(uint32_t was, const void *p, size_t n);

#endif
