/* join: standard input and output become the two directions of a connection. */
#ifndef MCI_RELAY_JOIN_H
#define MCI_RELAY_JOIN_H

#include "address.h"
#include "error.h"

/*
 * Joins them to a and comes back when both directions have ended, each by itself: an end of file
 * closes that half only. Closes all descriptors. 0; -1 with ERROR_DISCONNECTED when a could not be
 * connected to, or left before it had taken all; 128 + SIGPIPE when nobody reads our standard
 * output any more: then what standard input still held was delivered.
 */
int join_run(const struct address *a, struct error *e);

/* Becomes the command of an exec: address, which so has standard input and output itself. Returns
 * only when it cannot be run: -1. */
int join_exec(const struct address *a, struct error *e);

#endif
