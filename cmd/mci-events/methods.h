/* methods: what the hub does for its clients: the service "events". */
#ifndef MCI_EVENTS_METHODS_H
#define MCI_EVENTS_METHODS_H

#include <stdbool.h>

#include "hub.h"
#include "service.h"

/* A way in: what the server behind an address gets as self. */
struct hub_door {
	struct hub *hub;
	const char *prefix; /* only events of builds whose names begin so may be published, and nothing else
	                     * be done; NULL: everything */
	bool read_only;     /* only subscriptions that leave nothing behind, and the status */
};

extern const struct service hub_service;

#endif
