/* source: one log as it is read: what the build's events say of it, its lines and their times. */
#ifndef MCI_LOG_SOURCE_H
#define MCI_LOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "logindex.h"
#include "stored.h"

/* At most so many bytes of a log are looked at at once. */
#define SOURCE_PIECE 65536

struct copy;
struct section_list;
struct window;

struct source {
	/* from the events */
	char *name;      /* for people: "unit", "unit@2", "script"; with the build in front of several */
	char *stem;      /* of its files' names: "unit@2" */
	const char *build; /* borrowed; NULL when only one is shown */
	const char *job; /* borrowed; NULL for the script's log */
	int run, attempt;
	struct source *before; /* the attempt of the same job before this one, or NULL */
	size_t place;    /* of the job in its build: picks the colour */
	int64_t started; /* wall clock, 0 when not known */
	int64_t first;   /* when the first bytes came, 0 when not known */
	int64_t bytes;   /* the length that the job's end promises, -1 before */
	bool truncated;  /* bytes were dropped when it was written */
	char *why;       /* what was wrong with the attempt, in words; NULL: nothing that its end tells */
	bool ended;      /* nothing will be added */
	/* for who shows it */
	bool dirty;      /* there may be something new */
	bool done;       /* all was shown */
	struct section_list *sections; /* section.c's, NULL when nobody asked */

	/* build.c's: of a log that is kept elsewhere; NULL: it is not */
	int (*fetch)(void *arg, struct source *s, struct error *e);
	void *fetch_arg;
	struct copy *copy; /* while it comes */
	bool fetched;    /* all that is to come is there */

	/* the log; the rest is source.c's */
	const struct log_folders *folders; /* borrowed: where it is looked for */
	bool open;
	int64_t at;      /* the first byte not shown yet */
	int64_t to;      /* nothing behind this is shown */
	int64_t end;     /* behind the line that source_line found */
	int64_t time;    /* of that line, 0 when not known */
	uint32_t stream; /* of its last byte, 0 when not known */
	uint64_t number; /* of the line at `at`, from 1 */
	int64_t searched; /* no newline between at and here */
	int64_t modified; /* when the file was written last */
	struct stored stored;
	struct logindex times;
	struct window *window; /* NULL when none of it is in memory */
	struct bytes head; /* what its JSON lines have alike: output.c's */
};

/* A source of the log of that attempt in that run of the build; name is given away. */
struct source *source_new(char *name, int run, const char *job, int attempt,
    const struct log_folders *folders);
/* Opens the log: 1, 0 when it is not there (yet), -1. Open already is 1. */
int source_open(struct source *s, struct error *e);
/* The same for who shows it: what is kept elsewhere is fetched first, the rest of it too. Blocks for that. */
int source_get(struct source *s, struct error *e);
/* Reads what was added to the index, and when the log was written last. A damaged index is -1; the
 * log can be shown all the same. */
int source_refresh(struct source *s, struct error *e);
/*
 * For a log that no events tell of: takes what its files say, when it began, and whether and how it has
 * ended. locks: it has an index from the first byte on, and whoever writes it holds a lock on that
 * (stored.h); else one without an end is taken as open. false when it is not there (any more).
 */
bool source_look(struct source *s, bool locks);
int64_t source_size(const struct source *s);
/* Bytes that an open one takes on the disk. */
int64_t source_space(const struct source *s);
/* Of one that has ended and is open: how many bytes it had, as its job's end or its index say; what is there
 * when neither does. */
int64_t source_length(const struct source *s);
/* Whether bytes are missing of one that is open. */
bool source_truncated(const struct source *s);
/* Finds the line at s->at: sets end, time and stream. partial: also what has no newline. 1, 0 when
 * there is none, -1 when the file cannot be read. */
int source_line(struct source *s, bool partial, struct error *e);
/* Goes behind that line. */
void source_advance(struct source *s);
/* At most n (up to SOURCE_PIECE) bytes of the file at offset; n 0 at its end. Borrowed until the next
 * call of the room. 0 or -1. */
int source_piece(struct source *s, int64_t offset, size_t n, struct span *piece, struct error *e);
/* The offset behind the count-th newline that follows from, at most limit; *found is how many there
 * were (may be NULL). -1 when the file cannot be read. */
int64_t source_forward(struct source *s, int64_t from, uint64_t count, int64_t limit, uint64_t *found,
    struct error *e);
/* The offset behind the count-th newline before offset from, 0 when there are fewer; -1. */
int64_t source_backward(struct source *s, int64_t from, uint64_t count, struct error *e);
/* Closes the file; what the events said stays. */
void source_close(struct source *s);
/* NULL is allowed. */
void source_free(struct source *s);

#endif
