/*
 * gateway: what all requests share: the table of routes, the connections to the services, who has
 * shown which token, and how it is set up. It keeps no file, and no token longer than a request:
 * what is remembered of one for a moment is its SHA-256.
 */
#ifndef MCI_API_GATEWAY_H
#define MCI_API_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "command.h"
#include "contract.h"
#include "duration.h"
#include "error.h"
#include "http.h"
#include "loop.h"
#include "rights.h"
#include "route.h"

/* A request waits so long for a service that is away: it may just be started anew. */
#define GATEWAY_OUTAGE (2 * SECOND)

/* A service, and where it is. */
struct gateway_place {
	const struct contract_service *contract;
	const char *address;
	struct client *client;
};

struct gateway_options {
	struct option_list hosts; /* names by which it may be asked besides those of this machine */
	struct option_list origins; /* that a browser may ask from */
	struct option_list proxies; /* addresses whose X-Forwarded-* are believed */
	int64_t rate;               /* requests a second of one client; 0: as many as it likes */
	bool check;                 /* each answer is held against its shape: for tests */
};

struct gateway {
	struct loop *loop;
	struct http *http;
	const struct route *routes;
	size_t nroutes;
	struct gateway_place *places;
	size_t nplaces;
	struct gateway_options options;
	struct identities *identities;
	struct sessions *sessions; /* NULL: for one request alone */
	struct tap *tap;
	struct blobworkers *workers;
	struct counts *counts;
	struct bytes document; /* of OpenAPI, once somebody has asked for it */
	struct standings *standings;
	struct rates *rates; /* NULL: nobody is bounded */
	int64_t began; /* kernel.now() */
	size_t open;   /* exchanges that wait for an answer */
};

/* Opens a client for each place. 0 or -1. */
int gateway_open(struct gateway *g, struct error *e);
void gateway_close(struct gateway *g);
/* The place that has the method; NULL. */
struct gateway_place *gateway_place(struct gateway *g, struct span method);

#endif
