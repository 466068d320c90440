/* encoding: how a client takes the bytes of an answer (RFC 9110 section 12.5.3), and zstd (RFC 8878, 9659)
 * and gzip (RFC 1952) for it. */
#ifndef MCI_API_ENCODING_H
#define MCI_API_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scan.h"

enum encoding {
	ENCODING_NONE,
	ENCODING_GZIP,
	ENCODING_ZSTD,
};

/* "zstd"; "identity" */
const char *encoding_name(enum encoding e);
/* How much the value of an Accept-Encoding (NULL: none was sent) wants it, in thousandths; 0: not at all.
 * A '*' does not count: who does not name one may not know it. */
int encoding_weight(const char *accept, enum encoding e);
/* What it wants most: zstd before gzip where both are wanted as much. */
enum encoding encoding_chosen(const char *accept);

/* One answer that is compressed as it comes; about 0.6 MB. */
struct squeeze;

/* NULL for ENCODING_NONE. */
struct squeeze *squeeze_new(enum encoding e);
/*
 * Compresses what from has into up to n bytes at p, of which all that was given so far can be read, and
 * takes that off from; n must not be 0. last: nothing comes behind it. How many bytes; 0: there is
 * nothing more to say now, or behind last at all; -1: it cannot go on. Does not block; time as long as
 * from, about 3 ms a MB for zstd and 10 for gzip.
 */
ssize_t squeeze_take(struct squeeze *s, struct span *from, bool last, char *p, size_t n);
void squeeze_free(struct squeeze *s);

#endif
