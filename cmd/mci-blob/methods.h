/* methods: the service "blob" (lib/contract-blob.c). */
#ifndef MCI_BLOB_METHODS_H
#define MCI_BLOB_METHODS_H

#include "news.h"
#include "service.h"
#include "sessions.h"

struct blob_server {
	struct sessions *sessions;
	struct news *news; /* NULL: nobody is told */
};

extern const struct service blob_service;

/* Where events go, for sessions_new. */
void blob_told(void *server, struct span line);

#endif
