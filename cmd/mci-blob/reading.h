/*
 * reading: the contents of files on their way into a store: what one thread of a save does. A batch is files
 * that are small, and become one frame, or a part of one that is large.
 */
#ifndef MCI_BLOB_READING_H
#define MCI_BLOB_READING_H

#include <stdbool.h>
#include <sys/stat.h>

#include "crew.h"
#include "entry.h"
#include "packer.h"
#include "statcache.h"

enum reading_how {
	READING_READY, /* lines are there: it has no content */
	READING_KNOWN, /* an unchanged file: only read when the store lacks a chunk of it */
	READING_WHOLE, /* a file to be read */
	READING_PART,  /* from, length of a large one */
	READING_HOLE,  /* nothing to read in those */
};

struct reading_item {
	enum reading_how how;
	char *path;            /* NULL: KNOWN */
	struct stat st;
	int64_t from, length;
	bool first, last;      /* of the parts */
	struct bytes lines;    /* READY */
	struct statcache_file *known; /* KNOWN: what it was made of; the chunks of others are in entry */
	struct entry entry;    /* attributes and pieces */
	int64_t began;         /* the wall clock before it was read; 0: it was not */
};

struct reading_batch {
	struct crew_job job;
	struct reading_item *items;
	size_t n, room;
	size_t bytes;          /* to be read */
	struct bytes lines;    /* or a chunk of the manifest, and nothing to be read */
	struct digest digest;  /* of that */
	bool failed;
	struct error error;
};

struct reading {
	struct packer *packer;
	int root;              /* what the paths are below */
};

/* begin's arg is a struct reading. */
extern const struct crew_type reading_crew;

struct reading_item *reading_add(struct reading_batch *b, enum reading_how how, const char *path,
    const struct stat *st);
/* A file that is as it was. */
void reading_add_known(struct reading_batch *b, const struct statcache_file *known);
void reading_free(struct reading_batch *b);
/* Adds the attributes of an open file or folder. 0 or -1. */
int reading_attributes(struct entry *x, int fd, const char *path, struct error *e);

#endif
