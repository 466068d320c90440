/*
 * index: where each chunk of one side of a store (trusted, or below "stranger/") lies. It is what the packs
 * say that are there; many packs are looked up in one object that was made of them (format.h), and made anew
 * when enough others have come.
 */
#ifndef MCI_BLOB_INDEX_H
#define MCI_BLOB_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "digest.h"
#include "format.h"

/* Where a chunk is. */
struct place {
	struct digest pack;
	bool stranger;        /* which side it is on */
	uint64_t at;          /* its frame in the pack */
	uint32_t packed, raw; /* bytes of that frame, and of what it holds */
	uint32_t from, size;  /* the chunk in there; size 0 and packed 0: it is not there at all */
};

struct index_pack {
	struct digest id;
	int64_t size, used;   /* of the object */
	bool covered;         /* by the index object */
	bool condemned;       /* nothing new may refer to it */
};

struct index;
/* Reads it; side is "" or "stranger/". all: every pack is covered by an index object afterwards, which is
 * mapped, whatever it costs. NULL with an error. */
struct index *index_load(struct backend *b, const char *side, bool all, struct error *e);
/* NULL is allowed. */
void index_free(struct index *x);
/* Looks a chunk up. usable: not in a pack that is condemned. Any thread, while nobody adds. */
bool index_find(const struct index *x, const struct digest *d, bool usable, struct place *p);
/* A pack has come: entries are sorted, and copied. */
void index_add(struct index *x, const struct digest *pack, const struct format_entry *entries, size_t n);
/* How many chunks it has, with those that are there twice. */
size_t index_chunks(const struct index *x);
/* The packs, sorted by id. */
const struct index_pack *index_packs(const struct index *x, size_t *n);

/* Of an index that was loaded with all: the entries of its object, sorted, and the pack that one of them
 * is in; NULL when that is gone. */
const struct format_entry *index_entries(const struct index *x, size_t *n);
const struct index_pack *index_pack_of(const struct index *x, const struct format_entry *entry);
/* The entry that index_find has found the chunk by; NULL when there is none. */
const struct format_entry *index_entry(const struct index *x, const struct digest *d, bool usable);

/* The entries of a pack: added to into. size is the pack's. Checks that they can be right. 0 or -1. */
int index_read_pack(struct backend *b, const char *name, int64_t size, struct bytes *into, struct error *e);
/* The same of a file that is to become one. */
int index_read_draft(int fd, int64_t size, struct bytes *into, struct error *e);
/* The name of a pack's object. */
void index_pack_name(const char *side, const struct digest *id, char name[96]);

#endif
