/* inproc: names of services that run in a thread of this process. Whoever connects to a name gets
 * one end of a socket pair, the service's loop the other. The one room that several threads may
 * enter. */
#ifndef MCI_INPROC_H
#define MCI_INPROC_H

#include "error.h"

struct inproc;

/* Registers the name; ERROR_BUSY when it is taken. */
struct inproc *inproc_listen(const char *name, struct error *e);
/* A descriptor that is readable when somebody has connected; borrowed. */
int inproc_descriptor(const struct inproc *s);
/* The service's end of the next connection, or -1 when there is none. */
int inproc_accept(struct inproc *s);
/* Frees the name; connections that were not accepted are closed. */
void inproc_close(struct inproc *s);

/* The client's end of a new connection; -1 with ERROR_DISCONNECTED when nobody has the name. */
int inproc_connect(const char *name, struct error *e);

#endif
