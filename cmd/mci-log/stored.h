/* stored: the bytes of one log wherever they are kept: plain in the build's folder, compressed
 * there, or in either form in the archive, which has folders of the same names. */
#ifndef MCI_LOG_STORED_H
#define MCI_LOG_STORED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "logpack.h"

/* Where logs of one build are looked for: folders, -1 for none. */
struct shelf {
	int live, archive;
};

/* Opens a file of that name in the first folder that has it: the descriptor, with whether it is the
 * archive's; -1 and errno (ENOENT: in neither). */
int shelf_open(const struct shelf *f, const char *name, bool *archived);

struct stored {
	int fd;        /* of the plain log, -1 when it is compressed */
	struct logpack pack;
	bool packed, archived;
};

/* Opens the log of that name ("unit.log"); 1, 0 when it is nowhere (yet), -1. */
int stored_open(struct stored *s, const struct shelf *f, const char *name, struct error *e);
/* The length of the log; of one that grows, now. */
int64_t stored_size(const struct stored *s);
/* Bytes that it takes on the disk. */
int64_t stored_space(const struct stored *s);
/* When it was written last, nanoseconds since 1970. */
int64_t stored_modified(const struct stored *s);
/* Like pread(2) of the log's bytes. -1 with an error. */
ssize_t stored_read(struct stored *s, void *into, size_t n, int64_t at, struct error *e);
void stored_close(struct stored *s);

#endif
