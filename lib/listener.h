/* listener: a place where clients connect: what "-l ADDRESS" of a server opens. */
#ifndef MCI_LISTENER_H
#define MCI_LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "address.h"
#include "error.h"
#include "loop.h"

struct listener;
/* A new connection's descriptors, for link_take; they belong to the callee. out is -1 when nothing
 * can be answered (a FIFO, a pipe for reading). */
typedef void listener_accept(void *arg, int in, int out);

/*
 * unix: binds; mode is the socket's mode, 0600 when 0, and unless it lets others in, only this
 * user and root are accepted. A stale socket is replaced, a live one is ERROR_BUSY. fd: an
 * inherited listening or connected socket, or a pipe. -: one connection. fifo: made when missing,
 * read only, a writer that leaves does not end it. inproc: registers the name. HOST:PORT: the first of
 * the host's addresses that can be had, which may wait for a name to be found. exec: cannot be
 * listened on. What is one connection is given to accept inside this call.
 */
struct listener *listener_open(struct loop *loop, const struct address *a, mode_t mode,
    listener_accept *accept, void *arg, struct error *e);
/*
 * One that others accept from, or read: a socket that listens, Unix or TCP, or a FIFO open for both
 * directions,
 * so that connections and bytes wait in it while nobody is there. A socket that is in use is replaced
 * all the same when whoever made it has ended, and left it to processes that it started.
 */
struct listener *listener_hold(const struct address *a, mode_t mode, struct error *e);
/* Where it is as an address, with the port that was found for port 0. The caller frees; NULL: it is
 * no socket
 * by which it could be found. */
char *listener_where(const struct listener *l);
/* Its descriptor; it stays the listener's. */
int listener_descriptor(const struct listener *l);
/* Whether it may bring more connections: it was not one itself. */
bool listener_goes_on(const struct listener *l);
/* Stops listening and removes the socket or FIFO that it made. NULL is allowed. */
void listener_close(struct listener *l);

#endif
