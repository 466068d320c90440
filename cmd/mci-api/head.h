/* head: whether a request may be asked so, by its first line and header alone: framing, path,
 * method, and what of a body there is to come. */
#ifndef MCI_API_HEAD_H
#define MCI_API_HEAD_H

#include "answer.h"

/* Finds the row. 0, or -1 and it is answered. */
int head_check(struct ask *a);

#endif
