/*
 * stored: the files of one log wherever they are kept: plain (STEM.log) or compressed (STEM.log.zst), with
 * the index (STEM.idx), in the folder where it was written or in the archive that it is moved to file by
 * file.
 *
 * Whoever writes a log of a server, or with mci-log put, holds a lock on the index's open file
 * (F_OFD_SETLK). It travels with the descriptor and goes with the last copy of it, so it tells whether a
 * writer lives, whoever opened the file.
 */
#ifndef MCI_LOG_STORED_H
#define MCI_LOG_STORED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "duration.h"
#include "error.h"
#include "logpack.h"

/* The kernel tells of a close before it drops the lock: a look right then may be too early. */
#define STORED_SETTLE (20 * MILLISECOND)

/* Where logs are looked for: two folders of the same layout, -1 for none. A stem may lead to one below. */
struct log_folders {
	int live, archive;
};

struct stored {
	int log;       /* of the plain log, -1 when it is compressed */
	int index;     /* -1: not opened, or not there */
	struct logpack pack;
	bool packed, archived;
};

/* Start with this. */
#define STORED_NONE { .log = -1, .index = -1, .pack = { .fd = -1 } }

struct stored_state {
	int64_t size;
	int64_t packed;  /* bytes of its frames where it is compressed, else 0 */
	int64_t length;  /* that the end record says, else -1 */
	int64_t started; /* time of the first chunk, 0 when there is none */
	bool begun;      /* whoever made the index has come to lock it, or to write to it */
	bool ended;      /* the end record is there */
	bool written;    /* somebody holds the lock */
	bool truncated;  /* said by the end record, or by its length; or there is neither end nor writer */
};

/* The folder that "file:DIR" or DIR names; NULL for NULL. 0, or -1 for another address. */
int stored_archive(const char *address, const char **folder, struct error *e);
/* Opens the log, in whatever form, not its index: 1, 0 when it is nowhere (yet), -1. */
int stored_open(struct stored *s, const struct log_folders *f, const char *stem, struct error *e);
/* Opens the index: a descriptor, or -1 and errno (ENOENT: it is nowhere). */
int stored_index(const struct log_folders *f, const char *stem);
/* What the open files say, the index among them. 0 or -1. */
int stored_look(const struct stored *s, struct stored_state *state, struct error *e);
/* Whether the lock on an open index can be had, and is taken with take. */
bool stored_unlocked(int index, bool take);
/* Its number as long as one of its files is open or there; 0 when there is none. */
ino_t stored_inode(const struct stored *s);
/* The length of the log; of one that grows, now. */
int64_t stored_size(const struct stored *s);
/* Bytes that the log and the open index take on the disk. */
int64_t stored_space(const struct stored *s);
/* When the log was written last, nanoseconds since 1970. */
int64_t stored_modified(const struct stored *s);
/* Like pread(2) of the log's bytes. -1 with an error. */
ssize_t stored_read(struct stored *s, void *into, size_t n, int64_t at, struct error *e);
void stored_close(struct stored *s);
/* Removes the log in every form and place, and its index last: without it nobody looks for a log, or shows it
 * with fewer times. 0 or -1. */
int stored_remove(const struct log_folders *f, const char *stem, struct error *e);

#endif
