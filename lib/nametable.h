/*
 * nametable: finds what stands in the caller's array by its name. The table holds places in the array;
 * which name is at a place the caller says, so that no name is kept twice. Open addressing over FNV-1a
 * (draft-eastlake-fnv), at most three quarters full: 11 to 22 bytes a name. Start from zero ({0}).
 */
#ifndef MCI_NAMETABLE_H
#define MCI_NAMETABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

#define NAMETABLE_NONE UINT32_MAX

struct nametable {
	struct nametable_slot *slots;
	size_t size, n;
};

/* Whether this is the name at that place. */
typedef bool nametable_is(const void *things, uint32_t place, struct span name);

/* The place of the name, NAMETABLE_NONE when it is not there. */
uint32_t nametable_find(
    const struct nametable *t, struct span name, nametable_is *is, const void *things);
/* The same, for a name that gets this place when it has none: then that is returned. */
uint32_t nametable_put(struct nametable *t, struct span name, uint32_t place, nametable_is *is,
    const void *things);
void nametable_free(struct nametable *t);

#endif
