/* schema: the version of a store's tables: made or brought forward by the numbered migrations
 * (sql.h), and refused where a newer program has been at it. */
#ifndef MCI_STORE_SCHEMA_H
#define MCI_STORE_SCHEMA_H

#include "database.h"
#include "error.h"

/*
 * Looks at the file of a writing connection and brings it to this program's version; before it
 * changes one that is in use, a copy goes to the folder backups beside it. -1 where it is another
 * program's, or a newer one's (then the error names both versions and the copy to go back to), or
 * its history is another one.
 */
int schema_bring(struct database *db, struct error *e);
/* Whether this program can bring it forward, or need not: as schema_bring refuses. */
int schema_known(struct database *db, struct error *e);
/* And need not. */
int schema_check(struct database *db, struct error *e);
/* The version of the file. */
int schema_version(struct database *db, int64_t *version, struct error *e);

#endif
