/*
 * forward: one service behind this door: where it is, and the rows of its contract, each of which is
 * forwarded. A connection of ours has one of its own to the service, as what some methods do lasts
 * as long as that does, and is lost with it.
 */
#ifndef MCI_API_FORWARD_H
#define MCI_API_FORWARD_H

#include "contract.h"
#include "error.h"
#include "loop.h"
#include "service.h"

struct forward;

/* address is borrowed. Nobody has to be there. NULL with an error when it is no address. */
struct forward *forward_new(struct loop *loop, const struct contract_service *contract, const char *address,
    struct error *e);
/* What a server serves, with the forward as self. */
const struct service *forward_service(const struct forward *r);
/* Behind the server: no request is left. NULL is allowed. */
void forward_free(struct forward *r);

#endif
