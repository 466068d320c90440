/*
 * markup: the XML answers of S3 (API Reference: ListObjects, ListMultipartUploads, ListParts, Error,
 * CreateMultipartUpload, CompleteMultipartUpload). They are flat: a root, in it fields and items, in an
 * item fields. A document type is refused, and with it every entity that is not XML's own.
 */
#ifndef MCI_BLOB_BUCKET_MARKUP_H
#define MCI_BLOB_BUCKET_MARKUP_H

#include "bytes.h"
#include "error.h"

/* The bytes of one text; longer ones are refused. */
#define MARKUP_TEXT 8192

struct markup_events {
	/* Once an item of one of these names is open or has ended. May be NULL. */
	const char *item;
	void (*begin)(void *arg);
	void (*end)(void *arg);
	/* The text of a field; item: that it is inside of one. Lives as long as the call. */
	void (*field)(void *arg, int item, const char *name, const char *text);
};

/* Reads a whole answer, whose root is to be root, or "Error" where that is NULL. 0, or -1: it is not that.
 */
int markup_read(
    struct span text, const char *root, const struct markup_events *events, void *arg, struct error *e);

struct markup_error {
	char code[64], message[256], region[64];
};
/* What an answer of the root Error says. -1 where it is none. */
int markup_error(struct span text, struct markup_error *into);

#endif
