/*
 * sweeping: takes out of a store what no name stands on, beside saves and restores that go on.
 *
 * Packs of which little is needed are written anew; they, and those of which nothing is, are condemned:
 * sessions that begin from then on refer to nothing in them. When the sessions that were there before have
 * ended, what the names stand on is looked at once more, and what is still not needed goes. Killed anywhere
 * it loses nothing, and the next one begins anew.
 */
#ifndef MCI_BLOB_SWEEPING_H
#define MCI_BLOB_SWEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct sweeping {
	bool dry;
	int64_t wait;  /* nanoseconds, for sessions that go on */
	int64_t age;   /* names that were not found for so long go; 0: none do */
	int64_t quota; /* bytes of the files under all names of one repository and scope; 0: no bound */
	/* A name goes; reason is quota or age. May be NULL. */
	void (*removed)(void *arg, const char *name, bool stranger, const char *reason);
	void *arg;
	/* what came of it */
	int64_t names, packs, bytes, waiting; /* removed; waiting: packs that sessions may still need */
};

/* 0 or -1; ERROR_BUSY: another one is at it. */
int sweeping_run(struct sweeping *s, const char *address, struct error *e);

#endif
