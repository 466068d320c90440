/*
 * acknowledge: tells the hub how far a durable subscriber has come, over a connection of its
 * own. One acknowledgement is under way at a time, the next one is the newest.
 */
#ifndef MCI_EVENTS_ACKNOWLEDGE_H
#define MCI_EVENTS_ACKNOWLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "follow.h"
#include "loop.h"

struct acknowledger;

/* name is borrowed. settled is called from the loop whenever all that was said has
 * been answered; why is NULL, or says that the hub refuses it. Connects when there is
 * something to say. NULL with an error when it is no address. */
struct acknowledger *acknowledger_new(struct loop *loop, const char *address, const char *name,
    void (*settled)(void *arg, const struct error *why), void *arg, struct error *e);
/* Everything up to this offset, as it was given in its epoch, is done with. */
void acknowledge(struct acknowledger *a, struct follow_place last);
/* Whether all has been answered. */
bool acknowledger_settled(const struct acknowledger *a);
/* NULL is allowed. */
void acknowledger_free(struct acknowledger *a);

#endif
