/*
 * needles: searches bytes for many byte strings at once, fast where none of them is. Of the text one block of
 * four bytes is looked at every few bytes, as many as the shortest needle allows (up to 16): a block that
 * stands in no needle near its beginning ends there, with one look at a small table of bits.
 */
#ifndef MCI_NEEDLES_H
#define MCI_NEEDLES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bytes.h"

/* The shortest that can be found. */
#define NEEDLES_SHORTEST 6
#define NEEDLES_BLOCK 4

struct needle {
	size_t at, n; /* where it stands in the pool */
};

/* One block of a needle. */
struct needle_block {
	uint32_t hash, block;
	uint32_t needle, offset;
};

struct needles {
	struct bytes pool;      /* the needles one behind the other */
	struct needle *all;     /* sorted and without doubles once they are indexed */
	size_t n, size;
	size_t longest;
	bool indexed;
	size_t stride;          /* between two blocks that are looked at */
	unsigned bits;          /* the tables of bits have 1 << bits */
	uint64_t *present;      /* by hash: some needle has such a block in its first stride places */
	uint64_t *beginning;    /* by hash: some needle begins with such a block */
	uint64_t *inside;       /* by hash: some needle has such a block anywhere; 1 << inside_bits bits */
	unsigned inside_bits;
	struct needle_block *blocks; /* by the first bits of their hash... */
	uint32_t *buckets;      /* ...of which this is where each begins; one more at the end */
	unsigned bucket_bits;
};

/* A place in a text. */
struct needle_match {
	size_t at, n;
};

/* NEEDLES_BLOCK bytes, the first one lowest. */
static inline uint32_t
needles_block(const char *p)
{
	uint32_t block;

	memcpy(&block, p, sizeof(block));
	return le32toh(block);
}

/* The product's high bits depend on all bits of the block. */
static inline uint32_t
needles_hash(uint32_t block)
{
	return block * UINT32_C(0x9e3779b1);
}

/* Copies a needle of at least NEEDLES_SHORTEST bytes in; the zeroed struct is an empty set. What was
 * indexed has to be again. */
void needles_add(struct needles *s, const void *p, size_t n);
/* Whether these bytes are a needle, of those from the first-th on as they were added: looks at one after
 * the other. */
bool needles_has(const struct needles *s, size_t first, const void *p, size_t n);
/* Makes the tables: 16 bytes for each block of a needle, 16 blocks at most, 8 to 512 KiB of bits,
 * and 2 bytes of bits for each byte of a needle, 16 MiB at most. */
void needles_index(struct needles *s);
/* Of an indexed set: the occurrence that begins first, at from or behind it, the longest there. */
bool needles_next(const struct needles *s, const char *text, size_t n, size_t from,
    struct needle_match *found);
/* Of an indexed set: whether the block may stand in some needle; one in 16 others is taken for it as
 * well. */
static inline bool
needles_inside(const struct needles *s, uint32_t block)
{
	uint32_t at = needles_hash(block) >> (32 - s->inside_bits);

	return s->inside[at / 64] >> at % 64 & 1;
}
/* Of an indexed set: where the longest end of the text begins that is the beginning, and not all, of some
 * needle; n when there is none. */
size_t needles_open(const struct needles *s, const char *text, size_t n);
void needles_free(struct needles *s);

#endif
