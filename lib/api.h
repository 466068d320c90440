/* api: where this user's server answers, all services at one socket (mci-api(1)). */
#ifndef MCI_API_H
#define MCI_API_H

#include "error.h"

/* $MCI_API, else mci.sock among this user's sockets, whether anybody is there or not. Caller
 * frees; NULL with an error when there can be no folder of sockets. */
char *api_address(struct error *e);
/* Says, of a call there that failed, when nobody was there: to who never started a server that says what is
 * missing. -1. */
int api_missing(struct error *e);

#endif
