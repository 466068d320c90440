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

/* Whether this way in is for more than publishing a bound build, and whether it may leave something
 * behind; else the request is refused with that. */
int door_check(const struct hub_door *d, struct error *e);
bool door_open(const struct hub_door *d, struct request *r);
bool door_writable(const struct hub_door *d, struct request *r);

/* The methods that are rooms of their own: a bare event (publish.c), event/publish, event/subscribe
 * (subscribe.c), and the status (overview.c). self is the door. */
int publish_posted(void *self, const struct link_peer *peer, const struct message *m, struct error *e);
void publish_request(void *self, struct request *r);
void subscribe_request(void *self, struct request *r);
int overview(void *self, struct bytes *into, struct error *e);

#endif
