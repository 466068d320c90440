/*
 * packer: new chunks of one session on their way into packs. Several threads compress, each with a
 * packer_thread of its own; the packs are written by whoever has a frame for them.
 */
#ifndef MCI_BLOB_PACKER_H
#define MCI_BLOB_PACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "store.h"

struct packer;
struct packer_thread;

/* The store is borrowed. */
struct packer *packer_new(struct store *s);
/* What is not finished is given up. NULL is allowed. */
void packer_free(struct packer *p);

struct packer_thread *packer_begin(struct packer *p);
void packer_end(struct packer_thread *t); /* NULL is allowed */
struct digest_state *packer_digest(struct packer_thread *t);

/* A chunk in a run of bytes. */
struct packer_chunk {
	struct digest digest;
	uint32_t from, size;
	bool stored; /* it was known already, or somebody in this session stores it */
};

/* Where chunks are that may be referred to (store.h). 0 or -1. */
int packer_locate(struct packer_thread *t, const struct digest *chunks, size_t n, struct place *places,
    struct error *e);
/* Sets stored for each; those that are not are the caller's to store now: nobody else does. 0 or -1. */
int packer_claim(struct packer_thread *t, struct packer_chunk *chunks, size_t n, struct error *e);
/* Stores claimed chunks, those that are not stored, all of them in raw, as one frame. 0 or -1. */
int packer_store(struct packer_thread *t, const void *raw, size_t n, const struct packer_chunk *chunks,
    size_t nchunks, struct error *e);
/* Claims one chunk and stores it where it has to be, in a frame of its own. */
int packer_put(struct packer_thread *t, const void *raw, size_t n, struct digest *d, struct error *e);
/* All that was stored is in the store. 0 or -1. */
int packer_finish(struct packer *p, struct error *e);
/* Bytes that were stored, as they lie in packs. */
int64_t packer_stored(const struct packer *p);

#endif
