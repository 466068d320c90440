/*
 * place: the bucket that s3://BUCKET/PREFIX means here: its endpoint, region, and the key to sign with,
 * from the variables and files that the tools of AWS share.
 */
#ifndef MCI_BLOB_BUCKET_PLACE_H
#define MCI_BLOB_BUCKET_PLACE_H

#include <stdint.h>

#include "bytes.h"
#include "error.h"

struct place {
	char *name;            /* s3://BUCKET/PREFIX, for messages */
	char *bucket, *prefix; /* "" or ends with a slash */
	char *origin;          /* http://HOST:PORT, no slash behind it */
	char *host;            /* as the header has it */
	char *base;            /* encoded path of the bucket: "/BUCKET", or "" where the host names it */
	char *region;
	char *id, *secret, *token; /* token may be NULL */
	char *ca;                  /* a file of certificates; may be NULL */
	int64_t attempts;
};

/* 0, or -1 with an error that names what is missing and every way to say it. */
int place_open(struct place *p, const char *address, struct error *e);
/* Appends the encoded path of an object, name below the prefix; NULL: of the bucket itself. */
void place_path(const struct place *p, const char *name, struct bytes *path);
/* Whether an object may be called so: UTF-8 without control characters, no empty part, no "." or "..", and
 * no longer with the prefix than S3 allows. 0 or -1. */
int place_check(const struct place *p, const char *name, struct error *e);
void place_close(struct place *p);

#endif
