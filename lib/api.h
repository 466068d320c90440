/* api: where this user's server answers, all services at one socket (mci-api(1)). */
#ifndef MCI_API_H
#define MCI_API_H

#include "error.h"

/* $MCI_API, else mci.sock among this user's sockets, whether anybody is there or not. Caller
 * frees; NULL with an error when there can be no folder of sockets. */
char *api_address(struct error *e);

#endif
