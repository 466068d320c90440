/*
 * crew: threads that work on jobs side by side, whose results come back in the order in which the jobs were
 * given. One thread, the owner's, gives and takes.
 */
#ifndef MCI_BLOB_CREW_H
#define MCI_BLOB_CREW_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* The first member of the owner's struct. */
struct crew_job {
	struct crew_job *next, *later; /* to be done; to be taken */
	bool done;
};

struct crew_type {
	void *(*begin)(void *arg);                     /* what one thread has for itself; in that thread */
	void (*work)(void *own, struct crew_job *job); /* in that thread */
	void (*end)(void *own);
};

struct crew;
/* As many threads as there are processors, at most 8. arg is for begin. NULL with an error. */
struct crew *crew_new(const struct crew_type *type, void *arg, struct error *e);
void crew_give(struct crew *c, struct crew_job *job);
/* The oldest job that was given and not taken, when it is done; NULL when there is none that is. When many
 * are given, or all is true, it waits, and NULL says that there is none at all. */
struct crew_job *crew_take(struct crew *c, bool all);
/* All jobs were taken. NULL is allowed. */
void crew_free(struct crew *c);

#endif
