/* outage: tells on standard error that a server is lost, once, and that it is there again. */
#ifndef MCI_LOG_OUTAGE_H
#define MCI_LOG_OUTAGE_H

#include <stdbool.h>

#include "client.h"
#include "error.h"

struct outage {
	const char *address; /* borrowed */
	bool quiet;          /* nothing is told */
	bool lasts;
};

/* It is lost, or has no time (why says which); with NULL it is there. */
void outage_told(struct outage *o, const struct error *why);
/* The same as events of a client, whose arg is a struct outage. */
extern const struct client_events outage_events;

#endif
