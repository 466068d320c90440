#include "needles.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define BLOCK ((size_t)NEEDLES_BLOCK)
#define STRIDE_LIMIT 16
#define BLOCKS_LIMIT (256 * 1024) /* of more needles fewer blocks each are indexed */
#define BITS_LEAST 15             /* 4 KiB */
#define BITS_MOST 21              /* 256 KiB */
#define BITS_PER_BLOCK 64         /* so that one look in 64 at other text is in vain */
#define AT_ONCE 8                 /* blocks that are looked at before it is asked what was seen */
#define INSIDE_LEAST 13           /* 1 KiB */
#define INSIDE_MOST 27            /* 16 MiB */
#define INSIDE_PER_BYTE 16

void
needles_add(struct needles *s, const void *p, size_t n)
{
	if (s->n == s->size) {
		s->size = s->size == 0 ? 64 : s->size * 2;
		s->all = xrealloc(s->all, s->size, sizeof(*s->all));
	}
	s->all[s->n++] = (struct needle){ s->pool.len, n };
	bytes_add(&s->pool, p, n);
	s->longest = n > s->longest ? n : s->longest;
	s->indexed = false;
}

static const char *
bytes_of(const struct needles *s, const struct needle *needle)
{
	return s->pool.data + needle->at;
}

bool
needles_has(const struct needles *s, size_t first, const void *p, size_t n)
{
	for (size_t i = first; i < s->n; i++) {
		if (s->all[i].n == n && memcmp(bytes_of(s, &s->all[i]), p, n) == 0)
			return true;
	}
	return false;
}
/* The order of a dictionary. */
static int
order(const char *left, size_t nleft, const char *right, size_t nright)
{
	int result = memcmp(left, right, nleft < nright ? nleft : nright);

	return result != 0 ? result : (nleft > nright) - (nleft < nright);
}

static int
compare_needles(const void *left, const void *right, void *arg)
{
	const struct needle *a = left, *b = right;

	return order(bytes_of(arg, a), a->n, bytes_of(arg, b), b->n);
}

static void
sort(struct needles *s)
{
	size_t kept = 0;

	qsort_r(s->all, s->n, sizeof(*s->all), compare_needles, s);
	for (size_t i = 0; i < s->n; i++) {
		if (kept == 0 || compare_needles(&s->all[kept - 1], &s->all[i], s) != 0)
			s->all[kept++] = s->all[i];
	}
	s->n = kept;
}

static bool
bit(const uint64_t *table, uint32_t at)
{
	return table[at / 64] >> at % 64 & 1;
}

static void
bit_set(uint64_t *table, uint32_t at)
{
	table[at / 64] |= UINT64_C(1) << at % 64;
}

static int
compare_blocks(const void *left, const void *right)
{
	const struct needle_block *a = left, *b = right;

	return (a->hash > b->hash) - (a->hash < b->hash);
}

static void
blocks_make(struct needles *s)
{
	size_t n = s->n * s->stride, at = 0;

	s->blocks = xmalloc(n * sizeof(*s->blocks));
	for (size_t i = 0; i < s->n; i++) {
		for (size_t offset = 0; offset < s->stride; offset++) {
			const char *p = bytes_of(s, &s->all[i]) + offset;

			s->blocks[at++] = (struct needle_block){ needles_hash(needles_block(p)),
				needles_block(p), (uint32_t)i, (uint32_t)offset };
		}
	}
	qsort(s->blocks, n, sizeof(*s->blocks), compare_blocks);
}

static void
tables_make(struct needles *s)
{
	size_t n = s->n * s->stride, at = 0;

	s->present = xmalloc(((size_t)1 << s->bits) / 8);
	s->beginning = xmalloc(((size_t)1 << s->bits) / 8);
	s->buckets = xmalloc((((size_t)1 << s->bucket_bits) + 1) * sizeof(*s->buckets));
	for (size_t i = 0; i < n; i++) {
		uint32_t place = s->blocks[i].hash >> (32 - s->bits);

		bit_set(s->present, place);
		if (s->blocks[i].offset == 0)
			bit_set(s->beginning, place);
	}
	for (size_t bucket = 0; bucket <= (size_t)1 << s->bucket_bits; bucket++) {
		while (at < n && s->blocks[at].hash >> (32 - s->bucket_bits) < bucket)
			at++;
		s->buckets[bucket] = (uint32_t)at;
	}
}

static void
inside_make(struct needles *s)
{
	s->inside = xmalloc(((size_t)1 << s->inside_bits) / 8);
	for (size_t i = 0; i < s->n; i++) {
		const char *p = bytes_of(s, &s->all[i]);

		for (size_t at = 0; at + BLOCK <= s->all[i].n; at++)
			bit_set(s->inside, needles_hash(needles_block(p + at)) >> (32 - s->inside_bits));
	}
}

static void
tables_free(struct needles *s)
{
	free(s->present);
	free(s->beginning);
	free(s->inside);
	free(s->blocks);
	free(s->buckets);
	s->present = s->beginning = s->inside = NULL;
	s->blocks = NULL;
	s->buckets = NULL;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many bits number things of which there are n. */
static unsigned
bits_for(size_t n, unsigned from, unsigned to)
{
	unsigned bits = from;

	while (bits < to && (size_t)1 << bits < n)
		bits++;
	return bits;
}

void
needles_index(struct needles *s)
{
	size_t shortest = SIZE_MAX;

	tables_free(s);
	sort(s);
	/* what it grew ahead is given back: this is the largest piece by far */
	s->pool.data = xrealloc(s->pool.data, s->pool.len, 1);
	s->pool.size = s->pool.len;
	s->indexed = true;
	if (s->n == 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		shortest = least(shortest, s->all[i].n);
	/* wherever a needle begins, one of the blocks that are looked at lies in it */
	s->stride = least(shortest - BLOCK + 1, STRIDE_LIMIT);
	s->stride = least(s->stride, 1 + BLOCKS_LIMIT / s->n);
	s->bits = bits_for(s->n * s->stride * BITS_PER_BLOCK, BITS_LEAST, BITS_MOST);
	s->bucket_bits = bits_for(s->n * s->stride, 8, s->bits);
	s->inside_bits = bits_for(s->pool.len * INSIDE_PER_BYTE, INSIDE_LEAST, INSIDE_MOST);
	blocks_make(s);
	tables_make(s);
	inside_make(s);
}

/* The end of a needle differs sooner than its beginning, which may be that of others. */
static bool
is_at(const char *text, const char *needle, size_t n)
{
	return needles_block(text + n - BLOCK) == needles_block(needle + n - BLOCK) &&
	    memcmp(text, needle, n) == 0;
}

/* Whether needles begin in the stride that ends with the block at p: the first of them, and its longest. */
static bool
look(const struct needles *s, const char *text, size_t n, size_t from, size_t p,
    struct needle_match *found)
{
	uint32_t block = needles_block(text + p), h = needles_hash(block);
	uint32_t bucket = h >> (32 - s->bucket_bits);
	bool any = false;

	for (size_t i = s->buckets[bucket]; i < s->buckets[bucket + 1]; i++) {
		const struct needle_block *b = &s->blocks[i];
		const struct needle *needle = &s->all[b->needle];
		size_t at = p - b->offset;

		if (b->block != block || p < from + b->offset || n - at < needle->n ||
		    (any && (at > found->at || (at == found->at && needle->n <= found->n))) ||
		    !is_at(text + at, bytes_of(s, needle), needle->n))
			continue;
		*found = (struct needle_match){ at, needle->n };
		any = true;
	}
	return any;
}

/* The first place from p on, in steps of the stride, whose block may be of a needle; else one behind the last
 * place that a block has. */
static size_t
skip(const struct needles *s, const char *text, size_t n, size_t p)
{
	const uint64_t *present = s->present;
	const size_t stride = s->stride;
	const unsigned shift = 32 - s->bits;

	while (p + (AT_ONCE - 1) * stride + BLOCK <= n) {
		bool any = false;

		for (size_t i = 0; i < AT_ONCE; i++)
			any |= bit(present, needles_hash(needles_block(text + p + i * stride)) >> shift);
		if (any)
			break;
		p += AT_ONCE * stride;
	}
	while (p + BLOCK <= n && !bit(present, needles_hash(needles_block(text + p)) >> shift))
		p += stride;
	return p;
}

bool
needles_next(const struct needles *s, const char *text, size_t n, size_t from,
    struct needle_match *found)
{
	if (s->n == 0)
		return false;
	/* a needle that begins in [from, from + stride) has the block at the last of these places in it */
	for (size_t p = from + s->stride - 1;; p += s->stride) {
		p = skip(s, text, n, p);
		if (p + BLOCK > n)
			return false;
		if (look(s, text, n, from, p, found))
			return true;
	}
}

/* Whether a needle begins with all of the n bytes and goes on: by halving. */
static bool
begins(const struct needles *s, const char *p, size_t n)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (order(bytes_of(s, &s->all[middle]), s->all[middle].n, p, n) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n && s->all[low].n > n && memcmp(bytes_of(s, &s->all[low]), p, n) == 0;
}

size_t
needles_open(const struct needles *s, const char *text, size_t n)
{
	size_t at = n >= s->longest && s->longest > 0 ? n - s->longest + 1 : 0;

	if (s->n == 0)
		return n;
	for (; at + BLOCK <= n; at++) {
		if (bit(s->beginning, needles_hash(needles_block(text + at)) >> (32 - s->bits)) &&
		    begins(s, text + at, n - at))
			return at;
	}
	while (at < n && !begins(s, text + at, n - at))
		at++;
	return at;
}

void
needles_free(struct needles *s)
{
	tables_free(s);
	bytes_free(&s->pool);
	free(s->all);
	*s = (struct needles){ 0 };
}
