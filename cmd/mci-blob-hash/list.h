/*
 * list: what a key is made of: one line of JSON an input, facts {"fact":NAME,"digest":HEX} as they were
 * told, then files {"file":PATH,"is":"file|program|link","digest":HEX} by their names. The key is the
 * digest of that.
 */
#ifndef MCI_BLOB_HASH_LIST_H
#define MCI_BLOB_HASH_LIST_H

#include <openssl/evp.h>

#include "bytes.h"
#include "error.h"

#define LIST_DIGEST 64 /* hex digits */

/* Reads lines {"fact":NAME,"value":TEXT,"secret":BOOL} from a descriptor and adds what they come to. Of a
 * secret it is an HMAC with key: without one that is an error. 0 or -1. */
int list_facts(struct bytes *list, int fd, struct span key, struct error *e);
/*
 * Adds a file, or link, of a folder. into: the folder that gets a copy of it, of the very bytes that were
 * digested, or NULL. *bytes grows by its length. 0 or -1.
 */
int list_file(struct bytes *list, const char *dir, const char *path, const char *into, int64_t *bytes,
    struct error *e);
/* The digest of n bytes as LIST_DIGEST hex digits and a NUL. */
void list_digest(const void *p, size_t n, char hex[LIST_DIGEST + 1]);
/* Appends, as elements of a JSON array, the names of what is other in two lists, at most max. */
void list_compare(struct bytes *changed, struct span list, struct span last, size_t max);

#endif
