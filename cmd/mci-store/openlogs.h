/*
 * openlogs: the files of builds that are written, and which of them may not be on the disk: for the
 * writer's thread alone. Some stay open; those that are closed meanwhile are opened again to be
 * synced.
 */
#ifndef MCI_STORE_OPENLOGS_H
#define MCI_STORE_OPENLOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buildlog.h"
#include "database.h"
#include "error.h"
#include "nametable.h"

struct openlog {
	char *name;
	int64_t build, repo; /* its rows */
	struct buildlog log;
	bool *marks; /* of the jobs that changed since the last rows; room for nmarks */
	size_t nmarks;
	bool whole;    /* all are to be written */
	bool touched;  /* something was taken since the last rows */
	bool due;      /* for the disk, in this round */
	uint64_t used; /* when: the last are kept */
};

struct openlogs {
	char *folder;
	struct openlog **logs;
	size_t n, size;
	struct nametable names;
	uint64_t clock;
	/* paths that are not on the disk, of closed files; and those of a round, all closed or open
	 */
	struct openlogs_paths {
		char **paths;
		size_t n, size;
	} closed, due;
	char *synced; /* the folder that was synced last in the round */
};

void openlogs_begin(struct openlogs *o, const char *folder);
/* The one of that name, opened now if it is not: 1, 0 when the store has no such build, -1. */
int openlogs_get(struct openlogs *o, struct database *db, struct span name, struct openlog **found,
    struct error *e);
/* The same, but NULL when it is not open. */
struct openlog *openlogs_find(const struct openlogs *o, struct span name);
/* Takes an event line, with its newline. */
void openlog_take(struct openlog *l, const struct message *m, struct span line);
/* What was taken goes into the file and, as rows, into the transaction. */
int openlog_write(struct openlog *l, struct database *db, struct error *e);
/* Closes those that were not used for long: behind each batch. */
void openlogs_trim(struct openlogs *o);
/* Closes those of builds that have ended: now and then. */
void openlogs_rest(struct openlogs *o);
/* How many have bytes that may not be on the disk. */
size_t openlogs_unsynced(const struct openlogs *o);
/* A round begins: all that is not on the disk now is due. */
void openlogs_round(struct openlogs *o);
/* Brings some of what is due to the disk: 1, 0 when nothing is left, -1. */
int openlogs_sync(struct openlogs *o, struct error *e);
/* Closes all: what they amount to is not relied on. */
void openlogs_clear(struct openlogs *o);
void openlogs_free(struct openlogs *o);

#endif
