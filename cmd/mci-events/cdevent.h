/*
 * cdevent: our events as CDEvents 0.5.1 in CloudEvents 1.0.2: type and data are the CDEvent's.
 * What their vocabulary has no word for gets a type of its own,
 * dev.cdeventsx.mci-NOUN.VERB.0.1.0. Our whole event is always in customData.
 */
#ifndef MCI_EVENTS_CDEVENT_H
#define MCI_EVENTS_CDEVENT_H

#include "bytes.h"
#include "message.h"

/* Appends the event as a line. m is an event that message_read has read. */
void cdevent_write(struct bytes *into, const struct message *m);

#endif
