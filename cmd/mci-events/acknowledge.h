/*
 * acknowledge: tells the hub how far a durable subscriber has come, over a connection of its
 * own. One acknowledgement is under way at a time, the next one is the newest. While the hub is
 * away it tries again.
 */
#ifndef MCI_EVENTS_ACKNOWLEDGE_H
#define MCI_EVENTS_ACKNOWLEDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"

struct acknowledger;

/* address and name are borrowed. settled is called from the loop whenever all that was said has
 * been answered; why is NULL, or says that the hub refuses it. Never fails, and connects when
 * there is something to say. */
struct acknowledger *acknowledger_new(struct loop *loop, const char *address, const char *name,
    void (*settled)(void *arg, const struct error *why), void *arg);
/* Everything up to this offset is done with. */
void acknowledge(struct acknowledger *a, int64_t offset);
/* Whether all has been answered. */
bool acknowledger_settled(const struct acknowledger *a);
/* NULL is allowed. */
void acknowledger_free(struct acknowledger *a);

#endif
