/*
 * segment: one file of the hub's log, lines as they went over the wire, with its sidecar (sums.h)
 * and, once it is sealed, a summary of the builds in it (builds.h). Named for the offset of its
 * first event: 00000000000000000001.ndjson, .sum, .builds.
 */
#ifndef MCI_EVENTS_SEGMENT_H
#define MCI_EVENTS_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "line.h"

/* What offset and received add to a line of LINE_LIMIT. */
#define SEGMENT_LINE (LINE_LIMIT + 128)

struct recovery;

struct segment {
	int dir;          /* borrowed */
	uint64_t first;   /* offset of its first event */
	uint64_t last;    /* of its newest one; first - 1 while it is empty */
	int64_t size;     /* bytes of whole lines */
	int64_t began;    /* when its first and its newest event were received, 0 while it is empty */
	int64_t newest;
	int data, sums;   /* descriptors; -1 while nobody uses it and it is sealed */
	int64_t sums_size;
	int64_t marked;   /* bytes that a mark in sums says are on the disk */
	int64_t synced;   /* bytes that are */
	int64_t syncing;  /* bytes that will be when the job under way is done; 0: it is in none */
	/* Of one that was taken on trust at the start of the hub (recover_prove): bytes that have been
	 * judged since, bytes that have to be; behind these all is the hub's own. */
	int64_t proven, doubtful;
	struct recovery *proof; /* what has come out so far; NULL before and after */
	bool damaged;           /* proof says where: nothing from there on is given to anybody */
	unsigned users;
	bool removed;     /* retention took its files */
	struct segment *next;
};

/* Appends the name of one of its files. */
void segment_name(struct bytes *into, uint64_t first, const char *suffix);
/* Makes an empty one: both files or none. NULL with an error. The folder's names are not synced by
 * this. */
struct segment *segment_create(int dir, uint64_t first, struct error *e);
/* Opens one that is there for writing; only first and the descriptors are filled in. A sidecar that
 * is missing is made when there is room for it. NULL with an error. */
struct segment *segment_open(int dir, uint64_t first, struct error *e);
/* Closes the descriptors and frees it. */
void segment_free(struct segment *s);

/* Appends one batch of count whole lines. After a failure (a full disk) the segment is as before,
 * and the next try may succeed. 0 or -1. */
int segment_append(struct segment *s, const char *p, size_t n, uint32_t count, int64_t received,
    struct error *e);
/* Notes in the sidecar that everything up to s->synced is on the disk. */
void segment_mark(struct segment *s);

/* Fills in size, last, began and newest from the sidecar alone; false when it does not reach the
 * end of the file. *marked is whether all of it is said to be on the disk. Only while it is in use.
 * */
bool segment_glance(struct segment *s, bool *marked);
/* A segment of which nothing is known but its name; not in use. */
struct segment *segment_new(int dir, uint64_t first);
/* The segment is in use (again): its data can be read until segment_leave. One without a sidecar
 * is one whose sidecar says nothing. 0 or -1. */
int segment_use(struct segment *s, struct error *e);
/* Closes the descriptors of a sealed segment that nobody uses; frees one that was removed. */
void segment_leave(struct segment *s, bool sealed);
/* Takes its files away. They stay readable for those who use it. */
void segment_unlink(struct segment *s);
/* The same, but for the files themselves: appends their names for names_remove_each. */
void segment_give_up(struct segment *s, struct bytes *names);

/* How far its bytes may be given to readers. */
int64_t segment_readable(const struct segment *s);
/* The byte where the event of that offset begins (size, when it is the one behind the last); -1
 * with an error when the segment cannot be read. Only while it is in use. */
int64_t segment_find(const struct segment *s, uint64_t offset, struct error *e);
/* The byte of the first event received at or after that moment. */
int64_t segment_find_time(const struct segment *s, int64_t received);
/* The offset of the event whose line holds this byte. */
uint64_t segment_offset(const struct segment *s, int64_t at);

#endif
