/*
 * objects: what can be done with objects of a bucket, each call one or more exchanges. done is called once,
 * from the loop, and the call is over. What is asked is copied but descriptors, which stay the caller's and
 * open.
 */
#ifndef MCI_BLOB_BUCKET_OBJECTS_H
#define MCI_BLOB_BUCKET_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "exchange.h"

struct object {
	const char *name; /* below the prefix */
	int64_t size;
	const char *etag, *sha256; /* "" where it is not known */
	int64_t modified;          /* nanoseconds since 1970; 0: not known */
	bool there;                /* put: another one had been put before, of the same bytes */
};

typedef void object_done(void *arg, const struct object *o, const struct error *e);

void objects_stat(struct traffic *t, const char *name, object_done *done, void *arg);
/* One that is not there is removed: S3 does not tell. */
void objects_remove(struct traffic *t, const char *name, object_done *done, void *arg);

/* Has the object be as one that was put now: copies it onto itself. */
void objects_touch(struct traffic *t, const char *name, object_done *done, void *arg);

struct objects_get {
	const char *name;
	const char *sha256; /* of the whole, when it is known; NULL */
	bool ranged;
	int64_t first, length; /* length -1: to its end */
	int to;                /* a descriptor; written where it stands */
};
/* o->size is how many bytes were written. A whole object is held against its digest: the caller's, else the
 * one that it was put with, else its ETag. With an error what was written is no good. */
void objects_get(struct traffic *t, const struct objects_get *g, object_done *done, void *arg);

struct objects_list {
	const char *prefix; /* of names; "" */
	const char *after;  /* the name behind which it begins; "" */
	int64_t limit;      /* of one answer */
};
/* Objects in the order of their names (bytes); more: others are behind the last. */
typedef void
objects_listed(void *arg, const struct object *all, size_t n, bool more, const struct error *e);
void objects_list(struct traffic *t, const struct objects_list *l, objects_listed *done, void *arg);

#endif
