/*
 * call: one conversation of a command, which waits for it. Programs with a loop use client.h.
 */
#ifndef MCI_CALL_H
#define MCI_CALL_H

#include <stdint.h>

#include "bytes.h"
#include "client.h"
#include "error.h"

/* One request over a new connection, waiting at most timeout nanoseconds (-1 for ever) for its
 * reply. The result is added to result, which may be NULL. 0 or -1. */
int call_once(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, struct error *e);
/* The same for a reply with descriptors: up to *nfds go to fds, *nfds says how many. */
int call_fds(const char *address, const char *method, struct span params, int64_t timeout,
    struct bytes *result, int *fds, int *nfds, struct error *e);
/* As call_once, for as long as it takes: tried again while the other side is away or busy, of which
 * events tells (may be NULL). Only for what may be done twice. */
int call_insist(const char *address, const char *method, struct span params,
    const struct client_events *events, void *arg, struct error *e);
/* As call_once, then gives every further line to each until the stream ends (0) or each returns
 * non-zero (that value) or the connection breaks without an eof record (-1). reader is the
 * descriptor that each prints to, so that its reader's leaving ends the stream as SIGPIPE would
 * (141); -1: none. */
int call_stream(const char *address, const char *method, struct span params, int reader,
    int (*each)(void *arg, struct span line), void *arg, struct error *e);
/* As call_once for a stream of data: adds what is behind its lines to data, at most max bytes, until the
 * stream ends. timeout is of the whole. 0 or -1. */
int call_data(const char *address, const char *method, struct span params, int64_t timeout, size_t max,
    struct bytes *data, struct error *e);
/* Posts event lines and closes; reports an error line that comes back. */
int call_post(const char *address, struct span lines, struct error *e);

#endif
