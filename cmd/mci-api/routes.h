/* routes: the table of all that is answered, the more exact paths first. */
#ifndef MCI_API_ROUTES_H
#define MCI_API_ROUTES_H

#include "route.h"

extern const struct route routes[];
extern const size_t nroutes;

#endif
