/*
 * stream: a request that takes its connection over: ours is joined to one of its own to the
 * service, byte for byte from the service's reply on. Whoever does not read holds up the service,
 * and nobody else; when one side ends, so does the other.
 */
#ifndef MCI_API_STREAM_H
#define MCI_API_STREAM_H

#include "loop.h"
#include "request.h"

/* The request is answered: by the service, or with the reason why it cannot be reached. address is
 * borrowed. */
void stream_open(struct loop *loop, const char *address, struct request *r);

#endif
