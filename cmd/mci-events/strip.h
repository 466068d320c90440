/* strip: an event as somebody else's log has it becomes one that can be published. */
#ifndef MCI_EVENTS_STRIP_H
#define MCI_EVENTS_STRIP_H

#include "bytes.h"
#include "message.h"

/* Appends the event without offset and received, which its hub set, and with time, the present,
 * when it has none. No newline. */
void strip_event(struct bytes *into, const struct message *m);

#endif
