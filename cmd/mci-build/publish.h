/*
 * publish: the hub as one more reader of the build's log (--events). It reads the file at its
 * own place, a batch at a time, so that a hub that is slow or away costs neither time nor
 * memory; build, run and seq make sending again safe.
 */
#ifndef MCI_BUILD_PUBLISH_H
#define MCI_BUILD_PUBLISH_H

#include <stdbool.h>

#include "build.h"

/* Begins, when there is an address. Nobody has to be there. 0 or -1. */
int publish_start(struct build *b, struct error *e);
/* The end of a round: sends on what is new in the log. */
void publish_round(struct build *b);
/* The last event is in the log: whether something is still to be waited for. A hub that has
 * answered before is given ten seconds to take the rest. */
bool publish_open(const struct build *b);
void publish_finish(struct build *b);
/* Waits no longer. */
void publish_abandon(struct build *b);
/* Says how many events were refused or not published, and frees. */
void publish_free(struct build *b);

#endif
