/*
 * logindex: the index of a log (logfile.h) as it is read beside it, of a log that may still grow: when each
 * byte came, and on which stream. Holds 1.5 KiB of an index of any length.
 */
#ifndef MCI_LOGINDEX_H
#define MCI_LOGINDEX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "logfile.h"

#define LOGINDEX_HELD 64

/* At most n records from the place-th on, 0 is the first behind the header: how many, fewer at the end, where
 * one that is being written is none yet; -1 and errno. */
ssize_t logindex_records(int fd, uint64_t place, struct logfile_record *into, size_t n);
/* The last record, zeroed when there is none but the header, or one is being written; *size is that of the
 * file. 0, or -1 and errno. */
int logindex_last(int fd, struct logfile_record *r, off_t *size);

struct logindex {
	int fd;         /* the caller's to open; -1: there is no index (yet) */
	bool begun;     /* the header was read */
	uint64_t count; /* good records */
	bool ended;     /* the end record was read */
	bool truncated; /* it says bytes are missing */
	int64_t length; /* that it says; 0 before */
	bool damaged;   /* nothing behind the good records is believed */
	uint64_t at;    /* the record that was asked for last */
	uint64_t first; /* place of the first one held */
	uint64_t nheld;
	struct logfile_record *held; /* LOGINDEX_HELD of them; NULL without an index */
};

/* Zeroed but for fd. Reads what was added to the index, called name in messages. One whose writer has not
 * come so far as the header is closed: fd is -1 again. -1 when it is damaged (once) or cannot be read; the
 * good records can be used all the same. */
int logindex_refresh(struct logindex *t, const char *name, struct error *e);
/* The record of the piece that holds the byte at offset; the first one for an offset before it; NULL when
 * none is known. Borrowed until the next call of the room. */
const struct logfile_record *logindex_at(struct logindex *t, int64_t offset);
/* Where the first piece that came at since or later begins; -1 when none did. */
int64_t logindex_since(struct logindex *t, int64_t since);
void logindex_close(struct logindex *t);

#endif
