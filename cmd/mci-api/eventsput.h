/* eventsput: events that are put, for as long as they come: lines, of which those that have come are
 * published while the next ones are on their way. What was published stays, whatever comes behind it. */
#ifndef MCI_API_EVENTSPUT_H
#define MCI_API_EVENTSPUT_H

#include "ask.h"

/* No bound is meant. */
#define EVENTS_POURED ((size_t)1 << 40)

/* Function of a row. */
void eventsput_begin(struct ask *a);

#endif
