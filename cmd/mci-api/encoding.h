/* encoding: how a client takes the bytes of an answer (RFC 9110 section 12.5.3), and zstd for it (RFC
 * 8878, 9659). */
#ifndef MCI_API_ENCODING_H
#define MCI_API_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scan.h"

/* Whether the value of an Accept-Encoding (NULL: none was sent) names one, in any case, and not with
 * q=0. A '*' does not count: who does not name one may not know it. */
bool encoding_taken(const char *accept, const char *name);

/* One answer that is compressed as it comes; about 0.6 MB. */
struct squeeze;

struct squeeze *squeeze_new(void);
/*
 * Compresses what from has into up to n bytes at p, of which all that was given so far can be read, and
 * takes that off from; n must not be 0. last: nothing comes behind it. How many bytes; 0: there is
 * nothing more to say now, or behind last at all; -1: it cannot go on. Does not block; time as long as
 * from, about 3 ms a MB.
 */
ssize_t squeeze_take(struct squeeze *s, struct span *from, bool last, char *p, size_t n);
void squeeze_free(struct squeeze *s);

#endif
