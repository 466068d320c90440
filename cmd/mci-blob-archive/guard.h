/*
 * guard: what an archive may not hold, whatever it says: names that lead out of the folder that it is for,
 * links that do, names below links, things that are no files, programs with rights of their own, and more
 * than was agreed on. One bad entry refuses the whole.
 */
#ifndef MCI_BLOB_ARCHIVE_GUARD_H
#define MCI_BLOB_ARCHIVE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "error.h"

struct guard_bounds {
	int64_t size; /* bytes of all files together */
	int64_t entries;
	int64_t ratio; /* of what comes out to what went in, from GUARD_RATIO_FROM on */
	bool outside;  /* symbolic links may lead out of the tree */
};

#define GUARD_RATIO_FROM ((int64_t)64 * 1024 * 1024)

struct guard;

struct guard *guard_new(const struct guard_bounds *bounds);
void guard_free(struct guard *g);

/* The name as an archive has it, without "./" and slashes at its end: into path, a new text, NULL where it
 * is the root of the tree. 0, or -1. */
int guard_path(const char *name, char **path, struct error *e);
/* Whether the entry may follow those that passed before. 1: it may; 0: a folder that was there; -1. */
int guard_entry(struct guard *g, const struct entry *x, struct error *e);
/* So many bytes more came out, of so many that went in so far. 0 or -1. */
int guard_bytes(struct guard *g, size_t out, int64_t in, struct error *e);

#endif
