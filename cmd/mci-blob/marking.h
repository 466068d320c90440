/* marking: which chunks the names of a store stand on. */
#ifndef MCI_BLOB_MARKING_H
#define MCI_BLOB_MARKING_H

#include <stdbool.h>

#include "store.h"

struct marking {
	struct backend *backend;
	struct store *store;     /* of a stranger, who reads both sides */
	struct index *sides[2];  /* loaded with all: trusted, stranger */
	unsigned char *live[2];  /* a bit for each entry */
	/* A name that cannot be read, or stands on what is not there; may be NULL. */
	void (*broken)(void *arg, const char *name, const struct error *why);
	void *arg;
};

/* Loads the indexes and marks what every name stands on. 0 or -1. */
int marking_run(struct marking *m, struct error *e);
bool marking_is_live(const struct marking *m, size_t side, size_t entry);
void marking_free(struct marking *m);

#endif
