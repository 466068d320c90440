/* restoring: puts a saved tree into the current folder: only what is not there as it was saved. What is there
 * besides stays. */
#ifndef MCI_BLOB_RESTORING_H
#define MCI_BLOB_RESTORING_H

#include <stdbool.h>

#include "record.h"
#include "store.h"

struct restoring {
	int64_t most_files, most_bytes; /* more are refused; 0: no bound */
	bool quiet;
	/* what came of it */
	int64_t written; /* files */
};

/* What r stands for. 0 or -1; files that were restored before it failed are whole. */
int restoring_run(struct restoring *s, struct store *store, const struct record *r, struct error *e);

#endif
