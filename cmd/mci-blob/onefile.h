/* onefile: the bytes of one file out of a saved tree, or of a part of it. */
#ifndef MCI_BLOB_ONEFILE_H
#define MCI_BLOB_ONEFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"
#include "store.h"

struct onefile {
	const char *path;  /* NULL: the only one there is */
	int64_t from, upto; /* the first byte and the last one; 0 and INT64_MAX: all */
	int64_t last;      /* so many bytes at its end instead; -1: not so */
	bool head;         /* first a line of what it is, as JSON */
};

/* Writes it to a descriptor; a hard link is the file that it is. 0, or -1: ERROR_NOT_FOUND where there is
 * none of that path, and then nothing was written. */
int onefile_get(struct store *store, const struct record *r, const struct onefile *wish, int fd,
    struct error *e);
/* Writes bytes to standard output, or to a file. 0 or -1. */
int onefile_write(int fd, struct span bytes, struct error *e);

#endif
