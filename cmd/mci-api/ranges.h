/* ranges: the one range of bytes that a request may ask for (RFC 9110 section 14.2). */
#ifndef MCI_API_RANGES_H
#define MCI_API_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	int64_t from, to; /* the first byte and the last one; to -1: what is there */
	int64_t last;     /* so many at the end instead; -1: not so */
};

/* Reads the value of Range; false: there is none (NULL), or none that is understood, which asks for all. */
bool ranges_read(const char *text, struct range *r);
/* Which bytes of so many it means, to not inside: false, none of them. */
bool ranges_of(const struct range *r, int64_t bytes, int64_t *from, int64_t *to);

#endif
