/* api: where this user's server answers, all services at one socket (mci-api(1)). */
#ifndef MCI_API_H
#define MCI_API_H

#include "error.h"

/* $MCI_API, else the server of the current login (login.h), else mci.sock among this user's sockets,
 * whether anybody is there or not. Caller frees; NULL with an error when there can be no folder of
 * sockets. */
char *api_address(struct error *e);
/* The same where that is a server that is reached over HTTP; *address is NULL for this machine's. 0, or
 * -1 with an error. */
int api_far(char **address, struct error *e);
/* Says, of a call there that failed, when nobody was there: to who never started a server that says what is
 * missing. -1. */
int api_missing(struct error *e);

#endif
