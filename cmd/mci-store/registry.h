/* registry: the methods NOUN/put, get, list, remove and replace of all entities, and those of
 * tokens: self is a struct store. What is read is answered at once, what is written behind its
 * commit. */
#ifndef MCI_STORE_REGISTRY_H
#define MCI_STORE_REGISTRY_H

#include "request.h"

void registry_put(void *self, struct request *r);
void registry_get(void *self, struct request *r);
void registry_list(void *self, struct request *r);
void registry_remove(void *self, struct request *r);
void registry_replace(void *self, struct request *r);
void registry_token_create(void *self, struct request *r);
void registry_token_check(void *self, struct request *r);

#endif
