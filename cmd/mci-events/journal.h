/*
 * journal: the hub's log on disk: a folder of segments with one writer.
 *	NNN.ndjson .sum .builds   the segments (segment.h)
 *	epochs                    when offsets may have been given again (epochs.h)
 *	subscribers/              what durable subscribers acknowledged (durable.h)
 *	.lock                     the hub's (folder.h)
 *	clean                     there while no hub runs and the last one ended in order
 */
#ifndef MCI_EVENTS_JOURNAL_H
#define MCI_EVENTS_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "builds.h"
#include "epochs.h"
#include "error.h"
#include "names.h"
#include "offload.h"
#include "segment.h"

struct journal {
	char *path;
	int dir;
	struct offload *offload; /* removes files, borrowed; NULL: they are removed at once */
	struct segment *oldest, *active;
	struct epochs epochs;
	struct builds builds;
	int64_t segment_size; /* a segment that is so large is sealed */
	int64_t keep_age;     /* nanoseconds; 0: for ever */
	int64_t bytes;        /* of all segments */
	size_t segments;
	uint64_t synced;      /* offset of the newest event that is on the disk */
	uint64_t syncing;     /* ... once the sync under way is done */
	int64_t cut;          /* bytes that recovery cut off, -1 after an orderly end */
	bool epoch_due;       /* there was no room for the epoch: it goes before the next event */
	bool names_dirty;     /* the folder has new names that are not on the disk */
	bool names_syncing;   /* ... once the sync under way is done they are */
};

/* A place in the log; its segment is in use (segment_use) as long as it is held. */
struct position {
	struct segment *segment; /* NULL: none */
	int64_t at;
};

/* The end, in order, of what startup_open (startup.h) began: everything is synced, and noted as clean. clean
 * false: as a crash. */
void journal_close(struct journal *j, bool clean);

/* Offset of the oldest event that is kept (the next one, when none is), and of the newest; 0: none
 * yet. */
uint64_t journal_first(const struct journal *j);
uint64_t journal_tail(const struct journal *j);

/* Appends count whole lines, whose offsets follow the tail. A failure leaves the log as it was, and the
 * next try may succeed. */
int journal_append(struct journal *j, const char *p, size_t n, uint32_t count, int64_t received,
    struct error *e);

/* Says what is to be synced to bring what is not on the disk there; false when everything is. */
bool journal_sync_start(struct journal *j, struct names_batch *b);
/* That is done: j->synced is what j->syncing was. */
void journal_sync_done(struct journal *j);

/* Takes whole segments away, oldest first, while the log is over keep_size bytes (0: no bound) or
 * their newest event is older than keep_age. The active one stays. How many went; their files follow. */
size_t journal_retain(struct journal *j, int64_t keep_size);
/* When journal_retain has something to do for age: a moment by kernel.wall(), or -1. */
int64_t journal_expires(const struct journal *j);

/* The place of the event with that offset: first..tail+1. 0, or -1 with an error: also when it is known
 * to be damaged (ERROR_NOT_FOUND). */
int journal_seek(struct journal *j, uint64_t offset, struct position *p, struct error *e);
/* The place of the first event received at or after that moment (the end, when there is none). */
int journal_seek_time(struct journal *j, int64_t received, struct position *p, struct error *e);
/* At the end of a sealed segment: goes to the beginning of the next. 0 or -1. */
int journal_step(struct journal *j, struct position *p, struct error *e);
void journal_leave(struct journal *j, struct position *p);

#endif
