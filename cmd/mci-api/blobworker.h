/*
 * blobworker: processes of mci-blob that read what is kept, one for each answer that needs it: so what
 * unpacks and makes archives never holds up the loop, and what it takes of memory ends with it. Each
 * first says a line of what it reads; bytes follow, no faster than they are taken.
 */
#ifndef MCI_API_BLOBWORKER_H
#define MCI_API_BLOBWORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

/* At once, for all, and for one token: more are told to come again. */
#define BLOBWORKERS 32
#define BLOBWORKERS_OF_ONE 16

struct blobworkers;
struct blobworker;

struct blobworker_events {
	/* The first line, once. */
	void (*head)(void *arg, struct span line);
	/* Instead of it: what is asked for is not there (missing), or cannot be had. The worker is freed by
	 * its owner. */
	void (*failed)(void *arg, bool missing);
	/* Behind the head: more can be read, or it is over. */
	void (*ready)(void *arg);
};

struct blobworkers *blobworkers_new(struct loop *loop);
/* Ends them all. NULL is allowed. */
void blobworkers_free(struct blobworkers *all);

/*
 * Starts "mci-blob VERB --head --blob ADDRESS WORD...", the words being NULL-terminated; address is of the
 * store of files as this program reaches it, who the token that asks (NULL: nobody's). Nothing is told
 * inside. NULL with an error: ERROR_BUSY when there are too many.
 */
struct blobworker *blobworker_start(struct blobworkers *all, const char *address, const char *who,
    const char *verb, const char *const *words, const struct blobworker_events *events, void *arg,
    struct error *e);
/* Up to n bytes behind the head: how many; 0: none are there, ready tells; -1: that was all; -2: it was
 * cut. */
ssize_t blobworker_read(struct blobworker *w, char *p, size_t n);
/* Ends it. NULL is allowed. */
void blobworker_free(struct blobworker *w);

#endif
