/*
 * turn: builds in one folder take turns. A build in place has the folder locked while it works there; the
 * next one, of whatever user and by whatever path, waits. One whose only open jobs are blocked lets it go
 * meanwhile, and one that was started by a job of the build that has the folder is part of that build's turn.
 * A clean checkout is nobody else's: it is always its build's turn.
 */
#ifndef MCI_BUILD_TURN_H
#define MCI_BUILD_TURN_H

#include <stdbool.h>

#include "journal.h"
#include "loop.h"
#include "outcome.h"
#include "workspace.h"

struct turn {
	/* the caller's */
	struct loop *loop;
	struct journal *journal;
	const struct outcome *outcome;
	const struct workspace *workspace;
	const char *project;
	/* the room's */
	int fd;       /* of the folder; -1: it cannot be locked, so there is no order */
	bool has;
	bool within;  /* another build's turn, of which we are a part: it is not ours to let go */
	bool waits;
	struct loop_timer *again;
};

/* Takes the project's folder if nobody has it; in a checkout there is none to take. Before the build has a
 * number. */
void turn_open(struct turn *t, bool in_place);
/* Whether the build may work in its folder. */
bool turn_has(const struct turn *t);
/* Waits for the folder: says for whom on standard error and in the log, and asks again from the loop. */
void turn_wait(struct turn *t);
bool turn_waits(const struct turn *t);
/* Who has it, for people: a build's name or a process. The caller frees. */
char *turn_holder(const struct turn *t);
/* At the end of each round: lets the folder go when nothing can be done in it (idle), and takes it, or waits
 * for it, when something can (ready). */
void turn_round(struct turn *t, bool idle, bool ready);
/* The descriptor that has the lock, for those who are to keep the folder as long as they live; -1. */
int turn_lock(const struct turn *t);
void turn_close(struct turn *t);

#endif
