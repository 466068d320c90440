/*
 * chunker: cuts bytes where they say so themselves, so that what was put in or taken out in the middle moves
 * no cuts but those near it: a gear hash (FastCDC, Xia and others, 2016) over the last 64 bytes, looked at
 * from CHUNKER_LEAST bytes on.
 */
#ifndef MCI_BLOB_CHUNKER_H
#define MCI_BLOB_CHUNKER_H

#include <stddef.h>

#define CHUNKER_LEAST (256 * 1024)
#define CHUNKER_USUAL (512 * 1024) /* behind the least ones, on average */

/* How many of the n bytes, at most most, are the next chunk. Fewer than most bytes must be the last ones
 * there are. */
size_t chunker_cut(const unsigned char *p, size_t n, size_t most);

#endif
