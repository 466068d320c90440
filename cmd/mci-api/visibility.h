/* visibility: whether a repository is public: everybody may read it then. */
#ifndef MCI_API_VISIBILITY_H
#define MCI_API_VISIBILITY_H

#include <stdbool.h>

#include "client.h"
#include "gateway.h"

/* Asks the store of "ORG/REPO"; the number of the call, and the client whose it is. */
int64_t visibility_ask(struct gateway *g, const char *repo, const struct client_wish *wish,
    client_done *done, void *arg, struct client **client);
/* What done was told: 1 it is public, 0 it is not, or is not there; -1: that is not known. */
int visibility_told(struct span result, const struct error *e);

#endif
