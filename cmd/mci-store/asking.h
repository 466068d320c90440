/* asking: the verbs' side of the service: where the store is, one call, and how its errors are
 * told. */
#ifndef MCI_STORE_ASKING_H
#define MCI_STORE_ASKING_H

#include "bytes.h"
#include "error.h"
#include "jsontree.h"

/* The store's address: given, else $MCI_STORE, else $MCI_API, else the socket store.sock among this
 * user's. The caller frees; NULL with an error when the folder of sockets cannot be made. */
char *asking_address(const char *given, struct error *e);
/* Calls there, and waits for the answer; params stay the caller's. NULL with an error; the result
 * is the caller's. */
json_t *asking_call(const char *address, const char *method, const json_t *params, struct error *e);
/* Prints the error as "mci-store: text" and gives the exit status that goes with it. */
int asking_complain(const struct error *e);

#endif
