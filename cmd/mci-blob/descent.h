/*
 * descent: the folders that files stand in, one after the other in the order of a manifest. Those on
 * the way from the root to the last one stay open, so that the next one mostly costs one open. No path
 * goes through a symbolic link. What a folder is found to be is only good for looking: who writes opens
 * it from the root (writing.h), as it may have been moved elsewhere since.
 */
#ifndef MCI_BLOB_DESCENT_H
#define MCI_BLOB_DESCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

/* Deeper folders are opened each time. */
#define DESCENT_DEPTH 64

struct descent {
	int root;          /* borrowed */
	struct bytes path; /* of the deepest that is open */
	struct descent_level {
		int fd;
		size_t length; /* of its path */
	} levels[DESCENT_DEPTH];
	size_t depth;
};

/* The folder that path, a checked one (entry.h), stands in: its descriptor, borrowed until the next call,
 * and in *name what path is in there. -1 and errno. */
int descent_enter(struct descent *d, const char *path, const char **name);
void descent_end(struct descent *d);

#endif
