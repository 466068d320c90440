/*
 * recover: holds a segment's lines against its sidecar, and says where what can be trusted ends, and
 * what was changed on the disk. The one judge of a segment, for the start of the hub, for whoever
 * it serves, and for all that only look (inspect.h).
 */
#ifndef MCI_EVENTS_RECOVER_H
#define MCI_EVENTS_RECOVER_H

#include <stdbool.h>

#include "segment.h"

struct recovery {
	int64_t end;       /* bytes that have been judged: what a crash left torn begins there */
	uint64_t last;     /* offset of the last event in them; first - 1 when there is none */
	int64_t began, newest; /* when the first and the last were received; 0 when unknown */
	int64_t file_size;
	int64_t sums_size; /* bytes of the sidecar that speak of what is left */
	int64_t synced;    /* bytes that a mark says were on the disk */
	int64_t marked;    /* the same, of the marks that are left */
	int64_t record;    /* the next of the sidecar */
	int64_t broken;    /* records of the sidecar that say nothing */
	/* Something is not what was written, or is not there any more, and no crash does that: it is
	 * never cut. */
	bool damaged;
	bool torn;            /* the rest of the file is what a crash left */
	int64_t bad_at;       /* where the first bad batch or line begins, -1 when there is none */
	uint64_t bad_offset;  /* the offset that was expected there */
	struct error why;     /* what is wrong there */
};

enum piece_kind {
	PIECE_PROVEN,  /* a batch with its checksum */
	PIECE_LINES,   /* events in order that no checksum speaks of */
	PIECE_DAMAGED, /* not what was written */
};

/* Some bytes of a segment, and the offsets of the events in them: last is first - 1 when there are
 * none, or nobody can say. */
struct piece {
	enum piece_kind kind;
	int64_t at, end;
	uint64_t first, last;
	int64_t received; /* when the last of them was; 0 when unknown */
};

/* Begins with a segment that is in use. 0, or -1 with an error when it cannot be read. */
int recover_begin(const struct segment *s, struct recovery *r, struct error *e);
/* The next piece: 1, 0 when all has been judged, -1 when it cannot be read. */
int recover_next(const struct segment *s, struct recovery *r, struct piece *p, struct error *e);
/* Both, to the end. 0 or -1. */
int recover_check(const struct segment *s, struct recovery *r, struct error *e);
/* The moment in a line's "received", 0 when it has none. */
int64_t recover_received(struct span line);
/* "NNN.ndjson: byte 1, offset 2: why", of a segment that is not whole. */
void recover_say(struct bytes *into, const struct segment *s, const struct recovery *r);

/* Takes on trust what the sidecar says of a segment of which segment_glance had all. */
void recover_trust(struct segment *s);
/* Judges about so many bytes more of one that was taken on trust; it is in use. 0, or -1 when there is
 * nothing more to be read, damaged or not. */
int recover_prove(struct segment *s, int64_t bytes);
/* Why nothing from some offset of a damaged one on is given. -1. */
int recover_refuse(const struct segment *s, struct error *e);
/* Takes what was found into the segment and cuts what is torn off, of both files. 0 or -1. */
int recover_cut(struct segment *s, const struct recovery *r, struct error *e);

#endif
