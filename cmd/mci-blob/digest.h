/* digest: SHA-256 (FIPS 180-4), which names all content. libcrypto does it with the processor's own
 * instructions. */
#ifndef MCI_BLOB_DIGEST_H
#define MCI_BLOB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX 64

struct digest {
	unsigned char bytes[DIGEST_SIZE];
};

/* Of bytes that come in pieces. NULL is allowed in digest_free. */
struct digest_state;
struct digest_state *digest_new(void);
void digest_add(struct digest_state *s, const void *p, size_t n);
/* What was added since the last time, or since digest_new. */
void digest_end(struct digest_state *s, struct digest *d);
void digest_free(struct digest_state *s);

/* Of n bytes at once, with a state that nothing was added to. */
void digest_of(struct digest_state *s, struct digest *d, const void *p, size_t n);

int digest_compare(const struct digest *a, const struct digest *b);
/* 64 lower-case digits and a NUL. */
void digest_hex(const struct digest *d, char hex[DIGEST_HEX + 1]);
bool digest_parse(struct digest *d, struct span hex);

#endif
