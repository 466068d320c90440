/* describe: what is known of an object as JSON members, in replies and in what the verbs print. */
#ifndef MCI_BLOB_BUCKET_DESCRIBE_H
#define MCI_BLOB_BUCKET_DESCRIBE_H

#include "bytes.h"
#include "objects.h"

/* Appends the members, to an object that is open. */
void describe_object(struct bytes *into, const struct object *o);

#endif
