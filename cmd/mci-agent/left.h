/*
 * left: what an agent that was here before was working on when it died: the folders of its builds.
 * They are given back to the store at once, and not only when their leases are over.
 */
#ifndef MCI_AGENT_LEFT_H
#define MCI_AGENT_LEFT_H

#include "client.h"
#include "loop.h"

struct left;

/* Gives back what is found below folder (org/repo/n); done is called from the loop when the
 * store has answered for each. What is another's by now, or over, is removed. */
struct left *left_release(struct loop *loop, struct client *store, const char *folder,
    void (*done)(void *arg), void *arg);
/* NULL is allowed. */
void left_free(struct left *l);

/* Removes a build's folder, by a process that nobody waits for. */
void left_remove(struct loop *loop, const char *folder);

#endif
