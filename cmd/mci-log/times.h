/* times: the index of a log (logfile.h) as it is read beside it: when each byte came, and on which
 * stream. Holds 1.5 KiB of an index of any length. */
#ifndef MCI_LOG_TIMES_H
#define MCI_LOG_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "logfile.h"
#include "stored.h"

#define TIMES_HELD 64

struct times {
	int fd;         /* -1: there is no index (yet) */
	uint64_t count; /* good records */
	bool ended;     /* the end record was read */
	bool truncated; /* it says bytes are missing */
	int64_t length; /* that it says; 0 before */
	bool damaged;   /* nothing behind the good records is believed */
	uint64_t at;    /* the record that was asked for last */
	uint64_t first; /* place of the first one held */
	uint64_t nheld;
	struct logfile_record *held; /* TIMES_HELD of them; NULL without an index */
};

/* Zeroed but for fd -1. Reads what was added to the index name ("unit.idx"), which is opened when
 * it is there. -1 when it is damaged (once) or cannot be read; the good records can be used all the
 * same. */
int times_refresh(struct times *t, const struct shelf *f, const char *name, struct error *e);
/* The record of the piece that holds the byte at offset; NULL when none is known. Borrowed until
 * the next call of the room. */
const struct logfile_record *times_at(struct times *t, int64_t offset);
/* Where the first piece that came at since or later begins; -1 when none did. */
int64_t times_since(struct times *t, int64_t since);
void times_close(struct times *t);

#endif
