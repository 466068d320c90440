/*
 * store: what save, restore and the others ask of a store, wherever it is: a place of objects (direct.c), or
 * another mci-blob serve (remote.c). An open store is a session (backend.h).
 */
#ifndef MCI_BLOB_STORE_H
#define MCI_BLOB_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "digest.h"
#include "error.h"
#include "format.h"
#include "index.h"
#include "record.h"

#define STORE_STRANGER "stranger/"

struct store {
	const struct store_type *type; /* the first member of each one's own struct */
	bool stranger;                 /* whose name it is asked in */
	bool began;                    /* a server has answered */
};

struct store_type {
	void (*close)(struct store *s);
	/* Where chunks are: places[i].packed 0 for those that are not there. usable: where a new name may
	 * refer to them. Any thread. 0 or -1. */
	int (*locate)(struct store *s, const struct digest *chunks, size_t n, bool usable,
	    struct place *places,
	    struct error *e);
	/* The frame of a place: p->packed bytes, as it is stored, or others with the same chunk in them, at
	 * most room. Any thread. How many, or -1. */
	ssize_t (*fetch)(struct store *s, const struct place *p, void *into, size_t room, struct error *e);
	/* A pack that is being written, and one that is whole: as a backend's. One thread at a time. */
	int (*draft)(struct store *s, struct backend_draft *d, struct error *e);
	int (*publish)(struct store *s, struct backend_draft *d, const struct digest *pack, int64_t size,
	    struct error *e);
	void (*drop)(struct store *s, struct backend_draft *d);
	/* Lets r->name stand for r->root; all chunks are published. ERROR_FENCED for an older run. 0 or
	 * -1. */
	int (*commit)(struct store *s, const struct record *r, struct error *e);
	/* The first name as it is, then the newest that begins with the second, and so on. *hit: it is the
	 * first. Notes that it was used. ERROR_NOT_FOUND. */
	int (*find)(struct store *s, const char *const *names, size_t n, struct record *r, bool *hit,
	    struct error *e);
	/* Calls each for every name that begins with prefix, in no order; it takes the record. A record that
	 * is damaged is told to damaged, by its object's name; NULL: an error then. */
	int (*list)(struct store *s, const char *prefix, int (*each)(void *arg, struct record *r),
	    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg,
	    struct error *e);
	/* ERROR_NOT_FOUND. */
	int (*remove)(struct store *s, const char *name, struct error *e);
};

/* address NULL: $MCI_BLOB, else this user's folder. make: a folder that is not there is made; else that is
 * ERROR_NOT_FOUND. NULL with an error. */
struct store *store_open(const char *address, bool stranger, bool make, struct error *e);
/* NULL is allowed. */
void store_close(struct store *s);
/* Whether what failed is to be begun again with a store that is opened anew: a server was there and is lost,
 * with the session. Waits a moment then. *tries begins at 0. */
bool store_again(const struct store *s, const struct error *e, int *tries);
/* What store_open takes for NULL. The caller frees. */
char *store_address(const char *address, struct error *e);
/* "trusted", "stranger" or NULL, which is trusted. 0 or -1. */
int store_scope(const char *scope, bool *stranger, struct error *e);

struct store *direct_open(const char *address, bool stranger, bool make, struct error *e); /* direct.c */
struct store *remote_open(const char *address, bool stranger, struct error *e); /* remote.c */
/* Of a direct one: publishes a pack that came from elsewhere, if it is one, and finds what is in it from
 * now on, in this session. 0 or -1. */
int direct_take(struct store *s, struct backend_draft *draft, const struct digest *pack, int64_t size,
    struct error *e);
/* Up to n bytes of a pack from offset on; fewer only at its end. -1 with an error. */
ssize_t direct_read(struct store *s, const struct digest *pack, int64_t offset, void *into, size_t n,
    struct error *e);
/* A descriptor to read a pack, on either side that the session reads. -1 with an error. */
int direct_open_pack(struct store *s, const struct digest *pack, struct error *e);
/* How many chunks there are, and bytes of packs. */
void direct_size(struct store *s, int64_t *chunks, int64_t *bytes);

#endif
