/*
 * service: a table of methods and an event handler, with no main and no transport in it. A server
 * (server.h) puts one service or several behind any number of listeners and links. Handlers run on
 * the loop, finish within a millisecond, and answer now or later.
 */
#ifndef MCI_SERVICE_H
#define MCI_SERVICE_H

#include <stdint.h>

#include "bytes.h"
#include "contract.h"
#include "error.h"
#include "link.h"
#include "message.h"
#include "request.h"

struct service_method {
	const char *name; /* a row of the contract */
	void (*call)(void *self, struct request *r);
};

struct service {
	const struct contract_service *contract; /* that its methods are rows of */
	const struct service_method *methods;
	size_t nmethods;
	/* A posted event; m points into the line. Return -1 with an error to have it reported back as a
	 * line {"type":"error",...}. NULL: events are refused. */
	int (*event)(void *self, const struct link_peer *peer, const struct message *m,
	    struct error *e);
	/* A piece of the data that follows a request (its contract row has a parameter of that type),
	 * after its call, unless that has answered; left is how many more bytes there will be, 0 in the
	 * last piece, which may be empty. When the connection is lost before, the request is gone: gone
	 * tells. */
	void (*data)(void *self, struct request *r, struct span piece, uint64_t left);
	/* The connection of that number (request_connection) is lost. May be NULL. */
	void (*gone)(void *self, uint64_t connection);
	/* Appends what it says of itself to an open JSON object: the result of its method NOUN/status,
	 * which its contract has and its table of methods has not. -1 with an error: it says nothing
	 * here. NULL: there is no such method. */
	int (*status)(void *self, struct bytes *into, struct error *e);
	/* The server stops, and all its requests have been answered: end the streams, now those that
	 * have no end of their own, and soon the others. May be NULL: all are cut. */
	void (*finish)(void *self);
};

#endif
