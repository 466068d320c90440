/* unpack: chunks out of a store: one thread's, which keeps some frames, as neighbours lie in one. */
#ifndef MCI_BLOB_UNPACK_H
#define MCI_BLOB_UNPACK_H

#include "store.h"

struct unpack;

/* The store is borrowed. */
struct unpack *unpack_begin(struct store *s);
void unpack_end(struct unpack *u); /* NULL is allowed */
/* The chunk that lies at a place, as locate has said; its digest is checked. Borrowed until the next call.
 * 0, or -1: ERROR_NOT_FOUND when it is nowhere, ERROR_INPUT when it is damaged. */
int unpack_chunk(struct unpack *u, const struct digest *d, const struct place *p, struct span *bytes,
    struct error *e);
/* The same for a chunk whose place is not known. */
int unpack_find(struct unpack *u, const struct digest *d, struct span *bytes, struct error *e);

#endif
