/* manifest: writes and reads the lines of a saved tree (entry.h), which are chunks themselves, and their
 * root. */
#ifndef MCI_BLOB_MANIFEST_H
#define MCI_BLOB_MANIFEST_H

#include <stdbool.h>

#include "packer.h"
#include "unpack.h"

struct manifest_writer {
	struct packer_thread *thread; /* the caller's */
	struct bytes lines;           /* the caller appends whole lines, and calls flush */
	size_t cut;                   /* of them, that is stored */
	struct bytes root;
};

/* Stores what has gathered, when it is enough; all of it, with all. 0 or -1. */
int manifest_flush(struct manifest_writer *w, bool all, struct error *e);
/* Or, for those who store it themselves: takes the next chunk out of what has gathered, when that is
 * enough. */
bool manifest_cut(struct manifest_writer *w, bool all, struct bytes *chunk);
/* The chunks that were stored, in their order. */
void manifest_add(struct manifest_writer *w, const struct digest *chunk, size_t size);
/* Stores the rest and the root, which says how many files and bytes there are. 0 or -1. */
int manifest_finish(struct manifest_writer *w, int64_t files, int64_t bytes, struct digest *root,
    struct error *e);
void manifest_free(struct manifest_writer *w);

struct manifest_reader;
/* u is borrowed, and used. What the root says is in *files and *bytes. NULL with an error. */
struct manifest_reader *manifest_open(struct unpack *u, const struct digest *root, int64_t *files,
    int64_t *bytes,
    struct error *e);
/* The next line without its newline, borrowed until the next one; 1, 0 at the end, -1. */
int manifest_next(struct manifest_reader *r, struct span *line, struct error *e);
/* The chunks that it is made of. */
const struct digest *manifest_chunks(const struct manifest_reader *r, size_t *n);
/* Calls each for those, and for the chunks of all files of the lines that were not read yet: 0, or what it
 * returned when that was another, or -1. */
int manifest_each(struct manifest_reader *r,
    int (*each)(void *arg, const struct digest *d, struct error *e), void *arg, struct error *e);
void manifest_close(struct manifest_reader *r); /* NULL is allowed */

#endif
