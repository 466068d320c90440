/*
 * lifeline: how a program learns that whoever started it is gone, and whoever was to end before it:
 * a pipe that nobody writes to, whose reading end it has (MCI_LIFELINE is the descriptor's number)
 * and whose writing ends those others have. At its end it is to stop as on SIGTERM. See
 * mci-supervise(1).
 */
#ifndef MCI_LIFELINE_H
#define MCI_LIFELINE_H

#include <stdbool.h>

#include "error.h"
#include "loop.h"

/*
 * Calls ended(arg) once, from the loop, when the lifeline that this process was given ends. The
 * variable is taken out of the environment, and the descriptor is no child's. 1 when there is one,
 * 0 when there is none, -1 with an error for one that is no pipe to read from.
 */
int lifeline_watch(struct loop *loop, void (*ended)(void *arg), void *arg, struct error *e);

/* Whether there is one, before that. */
bool lifeline_given(void);

#endif
