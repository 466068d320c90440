/*
 * grants: what one session may read that may not see all of a store: the chunks of the trees that it found
 * under names of its own, and those of packs that it brought itself. Others lie between them in the same
 * frames: of a frame it gets those bytes alone, and zeros for the rest. And nothing that it brings is
 * believed to be what it says: else who finds the same content later would get what this one wanted.
 */
#ifndef MCI_BLOB_GRANTS_H
#define MCI_BLOB_GRANTS_H

#include <stdbool.h>

#include "bytes.h"
#include "store.h"

struct grants;

/* within is "ORG" or "ORG/REPO"; copied. */
struct grants *grants_new(const char *within);
void grants_free(struct grants *g); /* NULL is allowed */
const char *grants_within(const struct grants *g);
/* Whether KIND/ORG/REPO/... is one of its names, or begins some that are all its own. */
bool grants_name(const struct grants *g, const char *name);
/* Whether it is one of its builds, ORG/REPO/N. */
bool grants_build(const struct grants *g, const char *build);

/* All of a tree of its own. 0 or -1; ERROR_LIMIT when that is too much for one session. */
int grants_tree(struct grants *g, struct store *s, const struct digest *root, struct error *e);
/* Whether all of a tree is granted, which so may have a name. 0, or -1 with ERROR_REFUSED. */
int grants_check(struct grants *g, struct store *s, const struct digest *root, struct error *e);
/* Whether a pack that is to become one has what its entries say. 0, or -1 with ERROR_REFUSED. */
int grants_verify(int fd, const struct format_entry *entries, size_t n, struct error *e);
/* It has become one. 0 or -1. */
int grants_pack(struct grants *g, const struct digest *pack, bool stranger,
    const struct format_entry *entries, size_t n, struct error *e);
/* Forgets where the store has found those of the chunks that are not granted. */
void grants_narrow(struct grants *g, const struct digest *chunks, size_t n, struct place *places);
/* Appends the frame that begins there, which may be longer or shorter than it is in the pack. 0 or -1. */
int grants_frame(struct grants *g, struct store *s, const struct digest *pack, uint64_t at,
    struct bytes *into, struct error *e);

#endif
