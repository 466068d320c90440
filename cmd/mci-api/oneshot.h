/* oneshot: one request from standard input, answered on standard output, without a port: what comes
 * goes through all that a connection goes through. */
#ifndef MCI_API_ONESHOT_H
#define MCI_API_ONESHOT_H

#include "error.h"
#include "http.h"
#include "loop.h"

/* Runs the loop until the answer is written whole. 0 or -1. */
int oneshot_run(struct loop *loop, struct http *http, struct error *e);

#endif
