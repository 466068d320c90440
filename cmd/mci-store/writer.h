/*
 * writer: what is written to the store. The writing connection belongs to the helper thread alone:
 * what was given while it was busy is done as one batch, in its order, in one transaction; what
 * came of each is told on the loop, behind the commit. So one sync is for all of them, and whoever
 * answers then has it on the disk.
 */
#ifndef MCI_STORE_WRITER_H
#define MCI_STORE_WRITER_H

#include <stdbool.h>

#include "database.h"
#include "error.h"
#include "loop.h"
#include "offload.h"

/* The owner's, and untouched from when it is given until done is called. */
struct write {
	/* On the thread, inside the transaction. -1 with an error: what it did is undone, and no
	 * other's. */
	int (*work)(void *arg, struct database *db, struct error *e);
	/* On the loop. e->code is ERROR_NONE: it is on the disk. Else nothing of it is there. May
	 * free the write, or give it again. */
	void (*done)(void *arg, const struct error *e);
	/* On the thread, when that is decided, before anything else is written. kept: it is on the
	 * disk. May be NULL. */
	void (*settled)(void *arg, bool kept);
	void *arg;
	/* It comes again by itself after a power cut, from elsewhere: a batch of nothing else is
	 * written without a sync, and is on the disk with the next that has one. */
	bool derived;
	/* the writer's */
	struct write *next;
	struct error error;
};

struct writer;

/* db is the writer's from now on, and closed by it. fatal is called on the loop when the disk did
 * not take what a commit had to have there: nothing more is written, the program has to end. NULL
 * with an error. */
struct writer *writer_new(struct loop *loop, struct database *db,
    void (*fatal)(void *arg, const struct error *e), void *arg, struct error *e);
void writer_give(struct writer *w, struct write *x);
/* The helper thread, for what else blocks. */
struct offload *writer_offload(struct writer *w);
/* Waits until all that was given is done, without calling done. NULL is allowed. */
void writer_free(struct writer *w);

#endif
