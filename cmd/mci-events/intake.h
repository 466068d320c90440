/*
 * intake: what publishers brought since the last append: lines as they will stand in the log, one
 * behind the other, with their offsets given. All of it is appended as one batch, or taken back.
 */
#ifndef MCI_EVENTS_INTAKE_H
#define MCI_EVENTS_INTAKE_H

#include <stdint.h>

#include "builds.h"
#include "bytes.h"
#include "message.h"

struct intake_note {
	size_t at, n; /* the build's name in lines */
	struct build_mark was;
};

struct intake {
	struct builds *builds;
	struct bytes lines;
	uint32_t count;
	uint64_t next;      /* offset of the next event */
	int64_t received;   /* of this batch, nanoseconds since 1970; 0 while it is empty */
	struct bytes stamp; /* ...as it stands in a line */
	struct intake_note *notes; /* newest last */
	size_t nnotes, notes_size;
};

struct intake_mark {
	size_t bytes, notes;
	uint32_t count;
};

enum intake_answer { INTAKE_TAKEN, INTAKE_REPEAT, INTAKE_REFUSED };

/* Takes one event. With prefix only those of builds whose names begin so, and are names of builds
 * (buildname.h), and these are read in full: a key that comes twice, or with escapes, would be read
 * one way here and another way elsewhere. Refused with an error that names the field. */
enum intake_answer intake_take(struct intake *in, const struct message *m, const char *prefix,
    struct error *e);
struct intake_mark intake_mark(const struct intake *in);
/* Takes back what came since the mark. */
void intake_undo(struct intake *in, struct intake_mark mark);
/* The batch is in the log: begins the next one. */
void intake_done(struct intake *in);
void intake_free(struct intake *in);

#endif
