/* pairs: K=V and K:=JSON on a command line, as members of a JSON object. */
#ifndef MCI_PAIRS_H
#define MCI_PAIRS_H

#include "bytes.h"
#include "error.h"

/* Adds each as a member to the open object. */
int pairs_emit(struct bytes *into, int n, char **texts, struct error *e);

#endif
