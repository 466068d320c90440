/*
 * sums: the sidecar of a segment: a fixed record for each batch that was appended. It finds a batch
 * by offset or time without reading the log, and says what a disk or a crash has broken. It is
 * never the truth: what it lacks is found by reading the segment's lines (recover.h).
 */
#ifndef MCI_EVENTS_SUMS_H
#define MCI_EVENTS_SUMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"

/* In the file little endian, 40 bytes, one after another from its start; in place of kind stands
 * the CRC-32C of what is before it, begun with the kind. */
struct sums_record {
	uint64_t at;      /* byte in the segment where the batch begins */
	uint64_t first;   /* offset of its first event */
	int64_t received; /* of all its events, nanoseconds since 1970 */
	uint32_t length;  /* in bytes */
	uint32_t count;   /* of events */
	uint32_t sum;     /* CRC-32C of its bytes */
	uint32_t kind;    /* enum sums_kind */
};

enum sums_kind {
	SUMS_BROKEN = 0, /* not what was written: it says nothing */
	SUMS_BATCH = 1,
	/* everything before at was on the disk when this was written: what is broken there is
	 * broken by the disk, and never cut */
	SUMS_SYNCED = 2,
};

#define SUMS_SIZE sizeof(struct sums_record)

/* Appends n records that begin at byte end of the file. After a failure the file is as before. 0 or
 * -1. */
int sums_append(int fd, int64_t end, const struct sums_record *records, size_t n, const char *name,
    struct error *e);
/* Reads up to n records from record number i on; how many there were, -1 and errno. */
ssize_t sums_read(int fd, int64_t i, struct sums_record *into, size_t n);
/* How many whole records the file has. */
int64_t sums_count(int fd);

enum sums_key { SUMS_BY_OFFSET, SUMS_BY_TIME };
/* The last batch that begins at or before the key (an offset, or a time in nanoseconds); 1 found, 0
 * when there is none, -1 and errno. */
int sums_find(int fd, enum sums_key key, int64_t value, struct sums_record *found);

#endif
