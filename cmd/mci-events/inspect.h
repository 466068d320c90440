/*
 * inspect: the one judge of a hub's folder: it walks through the segments and says of each whether
 * it is whole, torn by a crash, or damaged. The start of the hub acts on what it says; verify, ls
 * and replay say the same.
 */
#ifndef MCI_EVENTS_INSPECT_H
#define MCI_EVENTS_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "recover.h"
#include "segment.h"

/* The hub's own files in its folder. */
#define INSPECT_CLEAN "clean" /* there while no hub runs and the last one ended in order */

struct inspection {
	int dir;
	bool clean;      /* the last hub ended in order: nothing can be torn */
	bool running;    /* a hub writes: the end of its newest segment may be on its way */
	uint64_t newest; /* the last segment's first offset */
	uint64_t last;   /* of the segment that was judged last; 0: there was none */
};

enum verdict {
	VERDICT_WHOLE,
	VERDICT_TORN,    /* its end was never on the disk: the next start of the hub cuts it off */
	VERDICT_BEHIND,  /* all of it comes behind such an end, and goes with it */
	VERDICT_DAMAGED, /* no crash does that: the hub does not take it, and cuts nothing */
};

/* Looks at a folder for one that does not hold its lock: whether a hub does, how it ended. 0 or -1. */
int inspect_open(struct inspection *i, int dir, struct error *e);
/* Calls each with the segments' first offsets, ascending; its first non-zero value ends it and is
 * returned. -1 with an error when the folder cannot be read. */
int inspect_each(int dir, int (*each)(void *arg, uint64_t first, struct error *e), void *arg,
    struct error *e);
/* Takes a segment into use: 1, or 0 when a hub that runs has removed it since the folder was read. -1
 * with an error. */
int inspect_use(struct inspection *i, struct segment *s, struct error *e);
/* Judges the next segment, which is in use: all of it is read. A verdict, or -1 with an error. */
int inspect_segment(struct inspection *i, const struct segment *s, struct recovery *r, struct error *e);
/* The same from the sidecar alone, for whoever takes the events on trust until they are given on:
 * true when it is sealed, followed by next, and said to be on the disk as a whole. Fills s in. */
bool inspect_glance(struct inspection *i, struct segment *s, uint64_t next);

#endif
