/*
 * builds: the last (run, seq) of every build whose events are in the log: what makes sending again
 * safe. A build is forgotten when its newest event has fallen out of retention. Each sealed segment
 * has a summary, so that a start reads small files and one segment instead of the whole log.
 */
#ifndef MCI_EVENTS_BUILDS_H
#define MCI_EVENTS_BUILDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "message.h"
#include "nametable.h"

struct build_mark {
	char *name;
	int64_t run, seq;
	uint64_t offset; /* of its newest event */
};

struct builds {
	struct build_mark *marks;
	size_t n, size;
	struct nametable names;
};

enum builds_answer {
	BUILDS_FRESH,  /* not seen before */
	BUILDS_REPEAT, /* in the log already */
	BUILDS_OLD,    /* of an older run: fenced off */
};

/* Whether the event has a place among those of its build: a seq; or it begins a run, which is before it is
 * known how many events the runs before have (seq 0). */
bool builds_places(const struct message *m);
/* What has to be done to the event with this position. */
enum builds_answer builds_judge(const struct builds *b, struct span build, int64_t run, int64_t seq);
/* Notes the newest event of a build; was gets what was known before (run 0: nothing), for
 * builds_undo. */
void builds_note(struct builds *b, struct span build, int64_t run, int64_t seq, uint64_t offset,
    struct build_mark *was);
/* Takes a note back; the newest note first. */
void builds_undo(struct builds *b, struct span build, const struct build_mark *was);
/* Notes what an event line that is in the log says, if it is a build's. */
void builds_note_line(struct builds *b, const struct message *m, uint64_t offset);
/* Forgets the builds whose newest event is before this offset. */
void builds_forget(struct builds *b, uint64_t first);

/* Writes the summary of the segment that begins with first: the builds noted in it. 0 or -1. */
int builds_save(const struct builds *b, int dir, uint64_t first, struct error *e);
/* Takes a segment's summary in; 1, or 0 when there is no whole one: read the segment. */
int builds_load(struct builds *b, int dir, uint64_t first);
void builds_free(struct builds *b);

#endif
