/*
 * recover: holds a segment's lines against its sidecar, and says where what can be trusted ends. At
 * the start of the hub the rest is cut; mci-events verify only reports it.
 */
#ifndef MCI_EVENTS_RECOVER_H
#define MCI_EVENTS_RECOVER_H

#include <stdbool.h>

#include "segment.h"

struct recovery {
	int64_t end;       /* bytes that are whole lines with offsets in order */
	uint64_t last;     /* offset of the last of them; first - 1 when there is none */
	int64_t began, newest; /* when the first and the last were received; 0 when unknown */
	int64_t file_size;
	int64_t sums_size; /* bytes of the sidecar that speak of what is left */
	int64_t synced;    /* bytes that a mark says were on the disk */
	int64_t marked;    /* the same, of the marks that are left */
	/* The first batch before synced whose bytes are not what was written: the disk's doing. It
	 * is never cut. */
	bool damaged;
	int64_t bad_at;       /* where the first bad batch or line begins, -1 when there is none */
	uint64_t bad_offset;  /* the offset that was expected there */
	struct error why;     /* what is wrong there */
};

/* Reads all of the segment. 0, or -1 with an error when it cannot be read. */
int recover_check(const struct segment *s, struct recovery *r, struct error *e);
/* Takes what was found into the segment and cuts the rest off, of both files. 0 or -1. */
int recover_cut(struct segment *s, const struct recovery *r, struct error *e);

#endif
