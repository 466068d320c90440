/* connect: opens a link to an address, as a client. */
#ifndef MCI_CONNECT_H
#define MCI_CONNECT_H

#include "address.h"
#include "error.h"
#include "link.h"
#include "loop.h"

/*
 * NULL with an error: nobody there is ERROR_DISCONNECTED, a full queue ERROR_BUSY. Never waits. exec:
 * starts the child in a process group of its own; when its link is freed its input ends, and the group
 * gets TERM and then KILL if it stays. http: and https: are such a child too, mci-relay. fifo: opens
 * for writing.
 */
struct link *connect_open(struct loop *loop, const struct address *a, const struct link_events *events,
    void *arg, struct error *e);
/* The same for who moves bytes and not lines, without a link and not for what is a child: the
 * descriptors of a new connection, which belong to the caller. One is -1 where nothing goes that way,
 * and they may be the same. Sockets and FIFOs that are opened here do not block. 0 or -1. */
int connect_descriptors(const struct address *a, int *in, int *out, struct error *e);
/* Runs the loop until no child of a freed exec: link is left. */
void connect_reap(struct loop *loop);

#endif
