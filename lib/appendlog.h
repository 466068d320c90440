/*
 * appendlog: an append-only file of lines with one writer; whoever reads it keeps an offset (pump.h).
 * A build's event log is one. What append returned is in the page cache (any process may be killed);
 * what sync returned is on the disk. After a failed write or sync the log refuses further appends:
 * the kernel may have dropped what it could not write (see fsync(2)).
 */
#ifndef MCI_APPENDLOG_H
#define MCI_APPENDLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

struct appendlog {
	int fd;
	char *path;
	int64_t size;   /* bytes that append has accepted */
	int64_t synced; /* of them on the disk */
	bool failed;
};

/* Opens or creates path and cuts a torn last line (one without newline) off; *cut is how many bytes
 * went (may be NULL). 0 or -1. */
int appendlog_open(struct appendlog *l, const char *path, int64_t *cut, struct error *e);
/* Appends whole lines. A short write (full disk) is cut off again, so the file ends in a whole line. */
int appendlog_append(struct appendlog *l, const void *p, size_t n, struct error *e);
int appendlog_sync(struct appendlog *l, struct error *e);
void appendlog_close(struct appendlog *l);

#endif
