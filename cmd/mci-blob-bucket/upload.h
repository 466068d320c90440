/*
 * upload: puts one object: small ones at once, large ones in parts, several at a time. Another reader sees
 * the whole object or none. An upload of the same bytes that was cut goes on with the parts that had
 * arrived.
 */
#ifndef MCI_BLOB_BUCKET_UPLOAD_H
#define MCI_BLOB_BUCKET_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "objects.h"

/* S3 User Guide, "Amazon S3 multipart upload limits" */
#define UPLOAD_PART_LEAST (5 * 1024 * 1024)

struct upload_wish {
	const char *name;
	const char *sha256; /* what its bytes have to have; NULL: whatever they have */
	int fd;             /* a regular file, read without its offset; the caller's, open until done */
	int64_t from, size;
	int64_t part; /* how large a part is, unless that would make too many */
	bool
	    replace; /* in place of another object of that name; else one that has other bytes is refused */
};

void upload_start(struct traffic *t, const struct upload_wish *w, object_done *done, void *arg);

#endif
