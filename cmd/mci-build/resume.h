/*
 * resume: makes the log of a build that goes on: what the runs before have said, as the server knows it
 * once the hub has got what the one before had written in this folder and could not tell any more; and
 * reads it (past.h).
 */
#ifndef MCI_BUILD_RESUME_H
#define MCI_BUILD_RESUME_H

#include "error.h"
#include "loop.h"
#include "order.h"
#include "outcome.h"
#include "past.h"

struct resume {
	struct past past;  /* of this build */
	struct past base;  /* of the build that this one runs again */
	int64_t told;      /* bytes of the log that the hub has */
};

/* For an order: writes events.ndjson in its folder, whose lock is ours. script: the jobs come from one.
 * 0; -1 with an error, or when the build is let go (outcome). */
int resume_ordered(struct resume *r, struct loop *loop, struct outcome *outcome, const struct order *order,
    bool script, struct error *e);
/* For a build that is in this folder, and was killed. One that has ended is refused. 0 or -1. */
int resume_folder(struct resume *r, const char *folder, struct error *e);
/* For a build in the folder of another one of its project, whose results it takes over, but for the job
 * from (may be NULL). 0 or -1. */
int resume_reuse(struct resume *r, const char *build, const char *from, const char *project, struct error *e);
void resume_free(struct resume *r);

#endif
