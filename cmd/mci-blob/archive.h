/* archive: saved trees as archives and back, by mci-blob-archive: only that links libarchive. */
#ifndef MCI_BLOB_ARCHIVE_H
#define MCI_BLOB_ARCHIVE_H

#include <stdbool.h>

#include "error.h"
#include "record.h"
#include "store.h"

/* Writes what is saved as r to a descriptor: form is --tar, or --zip, in which a hard link is one more
 * file; zstd: compressed. 0, or -1: then what was written is no whole archive. */
int archive_get(struct store *store, const struct record *r, const char *form, bool zstd, int to,
    struct error *e);
/* Saves what a tar archive holds that is read from a descriptor: r->name is given, the rest is filled
 * in. 0, or -1 and the name stands for what it did before. */
int archive_put(struct store *store, struct record *r, int from, struct error *e);

#endif
