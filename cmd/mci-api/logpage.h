/* logpage: a function of a row: a log at its plain address: for a terminal as it grows until its end;
 * for a browser its last lines, inside of the frame whose modules then show all of it. */
#ifndef MCI_API_LOGPAGE_H
#define MCI_API_LOGPAGE_H

#include "ask.h"

void logpage_get(struct ask *a);

#endif
