/*
 * door: which services are behind a way in to a server, and what a line means to them. A request goes
 * to the service that has methods of its noun, an event to the one that takes events; server/status
 * and the NOUN/status of each service are answered here.
 */
#ifndef MCI_DOOR_H
#define MCI_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "connection.h"
#include "error.h"
#include "request.h"
#include "service.h"

struct door_part {
	const struct service *service;
	void *self;
};

struct door {
	struct door_part *parts;
	size_t nparts;
	struct request_list *requests;
	/* Appends what server/status says of the server, as a JSON object. */
	void (*describe)(const void *arg, struct bytes *into);
	const void *arg;
};

/* -1 with ERROR_USAGE when another here has one of its nouns, or takes events as it does. */
int door_add(struct door *d, const struct service *service, void *self, struct error *e);
/* A message that came on a connection, and data behind one; the descriptors are taken over. */
void door_message(const struct door *d, struct connection *c, const struct message *m, int *fds,
    int nfds);
void door_data(struct connection *c, struct span piece, uint64_t left);
/* The connection is lost. */
void door_gone(const struct door *d, struct connection *c);
/* All its requests are answered: the services are told to end their streams (service.h). */
void door_finish(const struct door *d);
/* Whether a stream is ended by its service, or has to be cut. */
bool door_ends(const struct connection *c);
void door_free(struct door *d);

#endif
