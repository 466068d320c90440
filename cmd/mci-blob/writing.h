/*
 * writing: files out of a store on their way into a folder: what one thread of a restore does. Each is
 * written beside its place, under a name that begins with WRITING_FRESH, and takes it in one step. No path
 * goes through a symbolic link or out of the folder, whatever was put there meanwhile (openat2); nothing
 * that is made is setuid, setgid or a device.
 */
#ifndef MCI_BLOB_WRITING_H
#define MCI_BLOB_WRITING_H

#include <stdbool.h>
#include <sys/stat.h>

#include "crew.h"
#include "entry.h"
#include "statcache.h"
#include "store.h"

#define WRITING_FRESH ".mci-restore."

struct writing_item {
	struct statcache_file *known; /* it is as it is to be: nothing is to be done, and entry is empty */
	struct entry entry;
	struct bytes lines; /* in the manifest */
	bool there;         /* a regular file of the same size is, which may be the same */
	struct stat st;     /* of the file as it is now, when it is done */
	bool written;
	/* Or a part of a large file: entry has its pieces and size, which belong to fresh from a byte on. */
	char fresh[64];
	int64_t from;
	struct writing_large *large; /* the last part: the file, which is whole when the parts before are */
};

/* A file that several threads write, each a part of it. */
struct writing_large {
	int dir, fd;
	char fresh[64], *name;
	struct entry entry; /* with all pieces */
	struct bytes lines;
};

struct writing_batch {
	struct crew_job job;
	struct writing_item *items;
	size_t n, room;
	int64_t bytes;
	bool failed;
	struct error error;
};

struct writing {
	struct store *store;
	int root;
};

/* begin's arg is a struct writing. */
extern const struct crew_type writing_crew;

struct writing_item *writing_add(struct writing_batch *b);
void writing_free(struct writing_batch *b);

/* Begins name in dir, which it makes its own. What x and lines hold is given away. NULL with an error. */
struct writing_large *writing_begin_large(int dir, const char *name, struct entry *x, struct bytes *lines,
    struct error *e);
/* All of it is written: it takes its place; *st is what it is then. 0 or -1. */
int writing_end_large(struct writing_large *l, struct stat *st, struct error *e);
/* Gives it up, when it has not ended. NULL is allowed. */
void writing_free_large(struct writing_large *l);

/* The folder that path stands in, below root: its descriptor, and in *name what path is in there. make:
 * folders that are not there are made. -1 with an error. */
int writing_parent(int root, const char *path, bool make, const char **name, struct error *e);
/* Removes from the folder what writers who were killed were about to put into its place. */
void writing_clean(int dir);
/* Makes room for what is no folder, where one that is empty stands. 0 or -1. */
int writing_place(int dir, const char *fresh, const char *name, const char *path, struct error *e);
/* A name that nothing has. */
void writing_fresh(char name[64]);
/* Sets mode, times and attributes of an open file or folder. 0 or -1. */
int writing_set(int fd, const struct entry *x, struct error *e);

#endif
