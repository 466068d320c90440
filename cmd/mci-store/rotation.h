/* rotation: the method store/rotate: new keys, for an organisation and its secrets, or the master
 * key. */
#ifndef MCI_STORE_ROTATION_H
#define MCI_STORE_ROTATION_H

#include "request.h"

/* self is a struct store. */
void rotation_begin(void *self, struct request *r);

#endif
