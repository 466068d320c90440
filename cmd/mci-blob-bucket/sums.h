/*
 * sums: the digests that S3 speaks of: SHA-256 of what is sent (x-amz-content-sha256), MD5 of what it has
 * stored (the ETag of an object that came in one piece).
 */
#ifndef MCI_BLOB_BUCKET_SUMS_H
#define MCI_BLOB_BUCKET_SUMS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* In hexadecimal, and their NUL. */
#define SUMS_SHA256 65
#define SUMS_MD5 33

struct sums {
	EVP_MD_CTX *sha256, *md5; /* md5 NULL: not wanted, or this libcrypto refuses it (FIPS) */
};

struct sums_text {
	char sha256[SUMS_SHA256], md5[SUMS_MD5]; /* "" where there is none */
	unsigned char md5_raw[16];
};

void sums_begin(struct sums *s, bool md5);
void sums_add(struct sums *s, const void *p, size_t n);
/* What they are; s is empty again. text may be NULL. */
void sums_end(struct sums *s, struct sums_text *text);
void sums_of(struct span bytes, struct sums_text *text);
/* Adds size bytes of a file from at. 0, or -1 with an error without its name: also when it has fewer. */
int sums_add_file(struct sums *s, int fd, int64_t at, int64_t size, struct error *e);
void sums_hex(const unsigned char *p, size_t n, char *text);

#endif
