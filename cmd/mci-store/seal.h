/*
 * seal: values sealed at rest: AES-256-GCM (NIST SP 800-38D), an AEAD: what is sealed can neither
 * be read nor changed without the key, nor opened anywhere but where it was sealed for, which is
 * bound to it. The text that comes out is base64 (RFC 4648 section 4) of a version (1), 12 bytes of
 * nonce, what is sealed, and 16 of tag.
 */
#ifndef MCI_STORE_SEAL_H
#define MCI_STORE_SEAL_H

#include "bytes.h"
#include "error.h"

#define SEAL_KEY 32

struct seal_key {
	unsigned char bytes[SEAL_KEY];
};

void seal_key_new(struct seal_key *k);
/* Forgets it. */
void seal_key_clear(struct seal_key *k);
/* A key as text, in hexadecimal, as it stands in a file; white space behind it does not count. */
void seal_key_text(const struct seal_key *k, struct bytes *into);
int seal_key_read(struct seal_key *k, struct span text, struct error *e);
/* 16 hexadecimal digits by which a key is known. */
#define SEAL_NAME 17
void seal_key_name(const struct seal_key *k, char name[static SEAL_NAME]);

/* Appends. bound has to be the same at both. The nonce is random: a key seals few values. */
int seal_close(const struct seal_key *k, struct span bound, struct span value, struct bytes *into,
    struct error *e);
/* -1 with ERROR_SYSTEM where it was changed, or sealed by another key or for another place; nothing
 * is appended then. */
int seal_open(const struct seal_key *k, struct span bound, struct span sealed, struct bytes *into,
    struct error *e);
/* Overwrites what was in the clear, and frees it. */
void seal_bytes_clear(struct bytes *b);
#define AUTO_CLEAR __attribute__((cleanup(seal_bytes_clear))) struct bytes

#endif
