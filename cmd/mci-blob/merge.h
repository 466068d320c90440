/* merge: makes one index object of another and of packs, in little memory however many there are. */
#ifndef MCI_BLOB_MERGE_H
#define MCI_BLOB_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "backend.h"
#include "format.h"

/* A run of sorted entries in an object. */
struct merge_source {
	char *name;              /* of the object; the caller's */
	int64_t at;              /* where they begin */
	uint64_t n;
	/* what the entry's pack is in the new one, UINT32_MAX: left out; NULL: it is number */
	const uint32_t *numbers;
	size_t nnumbers;
	uint32_t number;
	/* merge's own */
	struct format_entry *window;
	size_t have, next;
};

/* Writes the object index/... of one side: packs are the ids in their order. The name is added to name. 0 or
 * -1. */
int merge_write(struct backend *b, const char *side, const struct digest *packs, uint32_t npacks,
    struct merge_source *sources, size_t n, char name[96], struct error *e);

#endif
