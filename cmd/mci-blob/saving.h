/* saving: puts the files below a folder into a store, and lets a name stand for them. */
#ifndef MCI_BLOB_SAVING_H
#define MCI_BLOB_SAVING_H

#include <stdbool.h>

#include "mask.h"
#include "record.h"
#include "store.h"

struct saving {
	const char *const *paths, *const *excludes;
	size_t npaths, nexcludes;
	bool quiet;     /* nothing on standard error */
	bool read_all;  /* also what seems unchanged */
	struct mask *mask; /* names and links with a secret in them are refused; NULL: none are */
	/* what came of it */
	int64_t stored; /* bytes that the store has more */
};

/* The files of the current folder. r has the name, and build and run; its root, files, bytes and moment
 * are set here. Says on standard error what it leaves out. 0 or -1: nothing is committed then. */
int saving_run(struct saving *s, struct store *store, struct record *r, struct error *e);

#endif
