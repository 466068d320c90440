/* backup: copies of the store's file: one file that holds all of it, as of one moment. The master
 * key is another file, and in no copy. */
#ifndef MCI_STORE_BACKUP_H
#define MCI_STORE_BACKUP_H

#include "database.h"
#include "error.h"

/* Copies what from holds now, also while it is written by others. The file at to appears whole, in
 * place of another store's file; anything else of that name is refused. Blocks for all of it. 0 or
 * -1. */
int backup_copy(struct database *from, const char *to, struct error *e);

#endif
