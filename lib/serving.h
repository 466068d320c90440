/*
 * serving: what every server of the kit does alike: it takes the sockets that it was handed, says
 * when it is ready, and stops in order when it is told to.
 */
#ifndef MCI_SERVING_H
#define MCI_SERVING_H

#include <stdbool.h>

#include "error.h"
#include "loop.h"
#include "server.h"

/* For the start, before descriptors are made: as many descriptors as the system allows, and a
 * reader that has left is a failed write, not a signal. */
void serving_begin(void);
/* --memory SIZE: what all connections together may hold of lines that have not come whole and of replies
 * that nobody reads (budget.h); text NULL: as it is. 0 or -1. */
int serving_memory(const char *text, struct error *e);
/* Listens on the sockets that the service manager handed over (LISTEN_PID, LISTEN_FDS of
 * sd_listen_fds(3)), and takes these variables out of the environment. How many there were, or -1.
 * */
int serving_handed(struct server *s, struct error *e);
/* Writes a newline to the descriptor and closes it: the readiness of s6's notification fd. -1 is
 * none. 0 or -1. */
int serving_ready(int fd, struct error *e);
/* SIGTERM, SIGINT and SIGHUP stop the loop with value 0; a second one ends the process at once. 0
 * or -1. */
int serving_stop_on_signals(struct loop *loop, struct error *e);
/* For a server whose connection is standard input and output: its end stops the loop. */
void serving_stop_when_alone(struct server *s, struct loop *loop);

#endif
