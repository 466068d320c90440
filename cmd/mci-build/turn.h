/*
 * turn: builds in one folder take turns. A build in place has the folder locked while it works there; the
 * next one, of whatever user and by whatever path, waits. One whose only open jobs are blocked lets it go
 * meanwhile, and one that was started by a job of the build that has the folder is part of that build's turn.
 * A clean checkout is nobody else's: it is always its build's turn.
 */
#ifndef MCI_BUILD_TURN_H
#define MCI_BUILD_TURN_H

#include <stdbool.h>

#include "build.h"

/* Takes the project's folder if nobody has it. Before the build has a number. */
void turn_open(struct build *b);
/* Whether the build may work in its folder. */
bool turn_has(const struct build *b);
/* Waits for the folder: says for whom on standard error and in the log, and asks again from the loop. */
void turn_wait(struct build *b);
bool turn_waits(const struct build *b);
/* Who has it, for people: a build's name or a process. The caller frees. */
char *turn_holder(const struct build *b);
/* At the end of each round: lets the folder go when nothing can be done in it, waits when something can. */
void turn_round(struct build *b);
/* The descriptor that has the lock, for those who are to keep the folder as long as they live; -1. */
int turn_lock(const struct build *b);
void turn_free(struct build *b);

#endif
