/* answer: the head of what the bucket answers, and in words why it said no. */
#ifndef MCI_BLOB_BUCKET_ANSWER_H
#define MCI_BLOB_BUCKET_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "place.h"
#include "sums.h"

/* What the answer's head said. */
struct answer {
	long status;
	char etag[128];           /* as it came, without quotes; "" */
	char sha256[SUMS_SHA256]; /* x-amz-meta-sha256, "" */
	int64_t modified;         /* Last-Modified, nanoseconds since 1970; 0 */
	int64_t size;             /* Content-Length; -1: not said */
	int64_t start;            /* of Content-Range; -1 */
	bool encrypted;           /* by a key of the server's: its ETag is no MD5 */
	int64_t clock;            /* Date, seconds since 1970; 0 */
	int64_t wait;             /* Retry-After, seconds; 0 */
	char region[64];          /* x-amz-bucket-region */
	struct bytes body;        /* what did not go to a file */
};

/* Another one is to come. */
void answer_begin(struct answer *a);
/* A line of the head, as it came: the status line begins it anew. */
void answer_head(struct answer *a, struct span line);
/*
 * Fills e for a status that is no 2xx, without the object's name, and whether the same may be answered
 * otherwise a moment later. Returns -1.
 */
int answer_error(
    const struct answer *a, const struct place *p, const char *method, bool *again, struct error *e);

#endif
