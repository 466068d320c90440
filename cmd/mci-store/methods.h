/* methods: the service "store": the table of its methods, and its status. Its self is a struct
 * store. */
#ifndef MCI_STORE_METHODS_H
#define MCI_STORE_METHODS_H

#include "service.h"

extern const struct service store_service;

#endif
