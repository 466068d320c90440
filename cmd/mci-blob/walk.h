/*
 * walk: the files below a folder that were asked for, each folder before what is in it, in the order of a
 * manifest (entry_order). It follows no symbolic link.
 */
#ifndef MCI_BLOB_WALK_H
#define MCI_BLOB_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "error.h"

struct walk;

struct walk_entry {
	const char *path; /* below the folder; borrowed until the next one */
	int dir;          /* the folder that it stands in... */
	const char *name; /* ...and its name in there */
	int fd;           /* of a folder, borrowed until the next one; else -1 */
	struct stat st;
};

/*
 * root is open, and borrowed. paths are below it, patterns of glob.h where there is nothing of that name;
 * excludes without a slash are about the last part of a path, and leave out all that is below. A path that
 * is not there, or a pattern that nothing fits, is ERROR_NOT_FOUND, told by walk_next at its end for
 * patterns. Paths that leave the folder are ERROR_USAGE. NULL with an error.
 */
struct walk *walk_open(int root, const char *const *paths, size_t n, const char *const *excludes,
    size_t nexcludes,
    struct error *e);
/* The paths in the order of a manifest, none below another. */
const char *const *walk_tops(const struct walk *w, size_t *n);
/* 1, 0 at the end, -1. */
int walk_next(struct walk *w, struct walk_entry *entry, struct error *e);
/* NULL is allowed. */
void walk_close(struct walk *w);

#endif
