/* buildevents: a function of a row: the events of one build, from its first on, as lines. */
#ifndef MCI_API_BUILDEVENTS_H
#define MCI_API_BUILDEVENTS_H

#include "ask.h"

void buildevents_get(struct ask *a);

#endif
