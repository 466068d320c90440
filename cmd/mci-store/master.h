/*
 * master: the master key, which seals the keys of organisations: a file of the store's folder that
 * only its owner can read, or what a descriptor or a command gives. It is no part of the database,
 * so no backup has it: without it secrets cannot be opened any more.
 */
#ifndef MCI_STORE_MASTER_H
#define MCI_STORE_MASTER_H

#include <stdbool.h>

#include "error.h"
#include "seal.h"

#define MASTER_FILE "master.key"
#define MASTER_NEXT                                                                                \
	"master.key.new" /* a rotation that was not finished: the database says which one it is */

struct master {
	struct seal_key key;
	char *folder;
	char *source; /* FILE, fd:N or exec:COMMAND; NULL: MASTER_FILE in the folder */
};

/*
 * Reads it: from source where that is not NULL, which blocks as long as the command takes. Without
 * one, sealed is the name of the key that the database was sealed with, or "": then a key is made
 * where there is no file, and else the file's, or the one that a rotation left beside it, has to
 * have that name. 0 or -1.
 */
int master_open(
    struct master *m, const char *folder, const char *source, const char *sealed, struct error *e);
/* Another key beside the file, on the disk. ERROR_REFUSED for a master key that is not the
 * folder's. */
int master_next(const struct master *m, const struct seal_key *key, struct error *e);
/* Its key takes the file's place, and what was beside it goes. */
int master_replace(struct master *m, struct error *e);
/* Where it comes from, for people; the caller frees. */
char *master_describe(const struct master *m);
void master_close(struct master *m);

#endif
