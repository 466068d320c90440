/*
 * statcache: what this user's files were when they were saved or restored last: the manifest lines of each
 * file, and by which look of its inode they still hold. One file for each folder and list of paths,
 * $XDG_STATE_HOME/mci/stat/HEX, read and written front to back beside a walk. It may be lost at any time;
 * what is broken in it ends it.
 *
 * A file is remembered only when its times are so old that any later change gives it others.
 */
#ifndef MCI_BLOB_STATCACHE_H
#define MCI_BLOB_STATCACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "bytes.h"
#include "digest.h"

struct statcache;

struct statcache_file {
	const char *path;
	struct stat st;
	struct span lines;           /* in the manifest, newlines included */
	const struct digest *chunks;
	size_t nchunks;
	struct span record;          /* all that is kept, when it was found: the others are parts of it */
};

/* Never fails: what cannot be read knows nothing, and what cannot be written is not kept. */
struct statcache *statcache_open(int root, const char *const *tops, size_t n);
/* Notes that the files are being written, until statcache_close. True: somebody began so and was killed. */
bool statcache_written(struct statcache *c);
/* What is known of path, that is behind the one asked for before; borrowed until the next call. NULL:
 * nothing. */
const struct statcache_file *statcache_find(struct statcache *c, const char *path);
/* What is known of the path behind the one asked for last, which stays so; borrowed as that. NULL:
 * nothing. */
const struct statcache_file *statcache_next(struct statcache *c);
/* One that was found, in memory of its own: free() does. */
struct statcache_file *statcache_copy(const struct statcache_file *f);
/* Whether that still is this file. */
bool statcache_holds(const struct statcache_file *f, const struct stat *st);
/* Remembers it, behind the one before; read: the wall clock before it was read, or after it was written. */
void statcache_add(struct statcache *c, const struct statcache_file *f, int64_t read);
/* Remembers one that was found and still holds. */
void statcache_keep(struct statcache *c, const struct statcache_file *f);
/* keep: what was added takes the place of what was read. NULL is allowed. */
void statcache_close(struct statcache *c, bool keep);

/* Whether a change at now could leave the times of the file as they are. */
bool statcache_racy(const struct stat *st, int64_t now);

#endif
