/*
 * sign: AWS Signature Version 4 (AWS General Reference, "Signing AWS API requests"; for S3 "Authenticating
 * Requests: Using the Authorization Header"). Our own, as the libcurl of Debian 12 leaves out
 * x-amz-content-sha256 and does not sort the query.
 */
#ifndef MCI_BLOB_BUCKET_SIGN_H
#define MCI_BLOB_BUCKET_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

struct sign_pair {
	const char *name; /* of a header: in lower case */
	const char *value;
};

struct sign_key {
	const char *id, *secret;
	const char *region, *service; /* "s3" */
};

struct sign_request {
	const char *method;
	const char *path;  /* as it is sent: encoded by sign_encode with slashes */
	const char *query; /* as it is sent: made by sign_query; "" for none */
	const struct sign_pair
	    *headers; /* those that are signed, sorted by name; host and x-amz-date are */
	size_t nheaders;
	const char *sha256; /* of the body, in hexadecimal; or UNSIGNED-PAYLOAD */
};

/* The form of x-amz-date: 20261123T180000Z, of nanoseconds since 1970. */
#define SIGN_DATE 17
void sign_date(int64_t wall, char text[static SIGN_DATE]);
/* Appends text with all but the unreserved characters (RFC 3986 section 2.3) percent-encoded; slashes stay
 * when they are to. */
void sign_encode(struct bytes *into, const char *text, bool slashes);
/* Appends the query of n pairs: encoded, sorted, each with its '='. Sorts the pairs. */
void sign_query(struct bytes *into, struct sign_pair *pairs, size_t n);
/* Appends the value of the header Authorization; date as sign_date gives it, and as it is sent. */
void sign_authorization(
    struct bytes *into, const struct sign_key *key, const struct sign_request *r, const char *date);

#endif
