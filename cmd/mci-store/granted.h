/* granted: which parameters and keys the builds of a repository get, for whoever looks: what is sealed of
 * them is not told. */
#ifndef MCI_STORE_GRANTED_H
#define MCI_STORE_GRANTED_H

#include "request.h"

/* The methods repo/params and repo/keys; self is the store. */
void granted_params(void *self, struct request *r);
void granted_keys(void *self, struct request *r);

#endif
