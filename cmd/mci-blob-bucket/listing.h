/* listing: what S3 lists of uploads in parts that were begun (API Reference: ListParts,
 * ListMultipartUploads). */
#ifndef MCI_BLOB_BUCKET_LISTING_H
#define MCI_BLOB_BUCKET_LISTING_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* More parts S3 takes for no object. */
#define LISTING_PARTS_MOST 10000

/* The parts that arrived, from number 1; etag is an MD5 in hex, SUMS_MD5 bytes with its NUL, and "" when it
 * is none. 0, or -1: the answer is none. */
int listing_parts(struct span body, void (*part)(void *arg, int64_t number, const char *etag), void *arg,
    struct error *e);
/* The id of the newest upload of that key, malloced, in place of *id; without one *id stays. 0 or -1. */
int listing_newest(struct span body, const char *key, char **id, struct error *e);

#endif
