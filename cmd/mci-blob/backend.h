/*
 * backend: where a store keeps its objects: named runs of bytes that appear whole, are read in ranges, and
 * never change but by being put again. A folder (folder.c) and a bucket (bucket.c) are rows of one table.
 *
 * Names are relative paths of printable ASCII without "." and ".." components: "packs/HEX64",
 * "index/HEX64", "names/ORG/REPO/KEY=", and each of these below "stranger/" (store.h). No name is both
 * an object and the folder of another.
 *
 * Every call blocks. get and open may be called by several threads at once; all others by one thread at a
 * time, beside any number of get and open.
 */
#ifndef MCI_BLOB_BACKEND_H
#define MCI_BLOB_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"

struct backend {
	const struct backend_type *type; /* the first member of each one's own struct */
};

/* A file that is being filled and is no object yet. */
struct backend_draft {
	int fd;     /* open for reading and writing; the caller only appends */
	char *name; /* the backend's own, or NULL */
};

struct backend_object {
	const char *name;
	int64_t size;
	int64_t used; /* nanoseconds since 1970: when it was put or touched last */
};

struct backend_type {
	const char *scheme; /* "file:", with which its addresses begin */
	/* make: create what is not there. NULL with an error; ERROR_NOT_FOUND when there is nothing and make
	 * is false. */
	struct backend *(*open)(const char *address, bool make, struct error *e);
	void (*close)(struct backend *b); /* and frees it */

	/* A new draft for an object whose name will begin with folder ("packs/"). 0 or -1. */
	int (*draft)(struct backend *b, const char *folder, struct backend_draft *d, struct error *e);
	/* The draft becomes the object name, in place of another of that name, and is there after a power cut
	 * when this returns: nobody ever sees half of it. The draft is gone either way. 0 or -1. */
	int (*publish)(struct backend *b, struct backend_draft *d, const char *name, struct error *e);
	/* Gives a draft up. */
	void (*drop)(struct backend *b, struct backend_draft *d);
	/* The same for an object that is small. 0 or -1. */
	int (*put)(struct backend *b, const char *name, struct span content, struct error *e);

	/* Reads up to n bytes from the offset; fewer only at the object's end. -1, ERROR_NOT_FOUND. */
	ssize_t (*get)(struct backend *b, const char *name, int64_t from, void *into, size_t n,
	    struct error *e);
	/* A descriptor to read the whole object, which can be mapped: of its file where it is one, else of a
	 * copy. The caller closes it. -1, ERROR_NOT_FOUND. */
	int (*open_object)(struct backend *b, const char *name, struct error *e);
	/* Calls each for every object whose name begins with prefix, in no order; non-zero of each ends it
	 * and is returned. 0 or -1. */
	int (*list)(struct backend *b, const char *prefix, int (*each)(void *arg,
	    const struct backend_object *o),
	    void *arg, struct error *e);
	/* 0, or -1, ERROR_NOT_FOUND. o->name is not set. */
	int (*stat)(struct backend *b, const char *name, struct backend_object *o, struct error *e);
	/* One that is not there is fine. 0 or -1. */
	int (*remove)(struct backend *b, const char *name, struct error *e);
	/* Notes that the object was used now, as well as it can. */
	void (*touch)(struct backend *b, const char *name);

	/*
	 * Who looks for objects in order to refer to them, or to read what they refer to, is in a session:
	 * nothing that it may still need is removed meanwhile. enter returns a descriptor that is held, or
	 * -1; leaving is closing it, also by dying.
	 */
	int (*enter)(struct backend *b, struct error *e);
	/* Waits until every session that was entered before this call has been left, at most limit
	 * nanoseconds: 0, or -1 with ERROR_BUSY. */
	int (*settle)(struct backend *b, int64_t limit, struct error *e);
	/* A lock against others who do the same: "commit", "gc". A descriptor that holds it, or -1; wait
	 * false: ERROR_BUSY when another has it. A backend that only one process writes at a time returns a
	 * descriptor that locks nothing. */
	int (*lock)(struct backend *b, const char *what, bool wait, struct error *e);
	/* Removes drafts that nobody fills any more: those that were begun before the last settle. */
	int (*sweep)(struct backend *b, struct error *e);
};

/* Whether it is the address of one: what is none is a server's. */
bool backend_is(const char *address);
/* Opens the store's place at the address. NULL with an error. */
struct backend *backend_open(const char *address, bool make, struct error *e);
/* NULL is allowed. */
void backend_close(struct backend *b);
/* All of a small object, at most limit bytes, added to into. 0 or -1. */
int backend_read(struct backend *b, const char *name, size_t limit, struct bytes *into, struct error *e);

extern const struct backend_type backend_folder; /* folder.c */
extern const struct backend_type backend_bucket; /* bucket.c */

#endif
