/* place: where the hub is, when the command line does not say. */
#ifndef MCI_EVENTS_PLACE_H
#define MCI_EVENTS_PLACE_H

#include "error.h"

/* The hub's address: given, else $MCI_EVENTS, else the socket events.sock among this user's. Caller
 * frees; NULL with an error when the folder of sockets cannot be made. */
char *place_address(const char *given, struct error *e);
/* The hub's folder: given, else $XDG_STATE_HOME/mci/events. Not created. Caller frees. */
char *place_folder(const char *given, struct error *e);
/* Prints the error as "mci-events: text" and gives the exit status that goes with it. */
int place_complain(const struct error *e);

#endif
