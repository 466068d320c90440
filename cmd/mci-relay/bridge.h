/*
 * bridge: standard input and output become a link to the services of a server behind HTTP: requests and
 * events on standard input go there by POST, in their order, and what is answered comes out. All that
 * came while a POST was on its way goes with the next one.
 */
#ifndef MCI_RELAY_BRIDGE_H
#define MCI_RELAY_BRIDGE_H

#include "error.h"

/*
 * Comes back when standard input has ended and all is answered, or when the link is lost, which is said
 * on standard output in a line of type error as well, unless a stream was cut there. url is
 * http(s)://…, or HOST:PORT. 0; -1 with an error; 128 + SIGPIPE when nobody reads standard output any
 * more.
 */
int bridge_run(const char *url, struct error *e);

#endif
