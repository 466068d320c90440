/*
 * reader: reads a tar archive, plain or compressed with gzip or zstd, and gives what it holds on as
 * entries that the guard has let through. Few formats, for each is a parser that was broken before.
 */
#ifndef MCI_BLOB_ARCHIVE_READER_H
#define MCI_BLOB_ARCHIVE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "error.h"
#include "guard.h"

struct reader_sink {
	/* The next entry; borrowed. 0, or -1 with an error, which ends the reading. */
	int (*entry)(void *arg, const struct entry *x, struct error *e);
	/* Bytes of the file that came last, in the order in which they stand in it; others are zero. */
	int (*bytes)(void *arg, int64_t at, const void *p, size_t n, struct error *e);
	void *arg;
};

/* Blocks as reading from the descriptor does. 0 at the end of the archive; -1 with an error that names the
 * entry: what was given until then is not to be kept. */
int reader_run(int in, const struct guard_bounds *bounds, const struct reader_sink *sink, struct error *e);

#endif
