/*
 * logtail: reads a log that may still grow, from any offset on, in pieces that each have one time and one
 * stream. Holds some records of the index and no bytes of the log: they are for sendfile(2) or pread(2).
 */
#ifndef MCI_LOGTAIL_H
#define MCI_LOGTAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "logfile.h"

#define LOGTAIL_RECORDS 16

struct logtail {
	int log, index; /* borrowed, open for reading */
	int64_t at;     /* the first byte that was not given yet */
	int64_t size;   /* of a log that does not grow, else -1 */
	bool times;     /* pieces end where another time or stream begins */
	struct logfile_record now;                    /* of the byte at `at` */
	struct logfile_record ahead[LOGTAIL_RECORDS]; /* read, and not passed yet */
	size_t first, n;
	uint64_t passed; /* records of the index that were read */
	bool ended;     /* the end record was read: nothing comes behind `length` */
	bool truncated; /* said by it, or by what is there */
	int64_t length; /* -1 before; what is there, when logtail_next has found that that is less */
};

struct logpiece {
	int64_t offset;
	size_t n;
	int64_t time; /* nanoseconds since 1970, 0 when not known */
	uint32_t stream;
};

/* Begins at offset from. Both descriptors stay the caller's; log may be -1 when t->size is set behind it. */
void logtail_init(struct logtail *t, int log, int index, int64_t from, bool times);
/*
 * The piece at t->at, at most max bytes, and goes behind it: 1, 0 when there is nothing now (t->ended:
 * and never will be), -1 when a file cannot be read. When an index was ended and goes on later
 * (logfile_adopt), init again.
 */
int logtail_next(struct logtail *t, size_t max, struct logpiece *p, struct error *e);

#endif
