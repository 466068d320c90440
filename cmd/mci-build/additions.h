/*
 * additions: jobs that are added by a call while the build runs, where there are filters that they have
 * to pass. They have their own run of the filters, which lasts to the end of the build.
 */
#ifndef MCI_BUILD_ADDITIONS_H
#define MCI_BUILD_ADDITIONS_H

#include <stdbool.h>

#include "filters.h"
#include "intake.h"
#include "journal.h"
#include "loop.h"
#include "outcome.h"
#include "request.h"

struct addition;

struct additions {
	/* the caller's */
	struct loop *loop;
	struct filters *filters;
	struct intake *intake;
	struct journal *journal;
	struct outcome *outcome;
	/* the room's */
	struct through through;
	struct addition *first; /* that wait for their answer, oldest first */
	struct loop_timer *timer;
};

/* Takes the call over: the spec goes to the filters, and what they make of it, once it has come, is the
 * answer. False, and nothing is done, when there are no filters. */
bool additions_take(struct additions *a, struct request *r, struct span spec);
/* Whoever still waits is told that the build is over. */
void additions_close(struct additions *a);

#endif
