/* sessions: tokens that a token begins, of a browser above all: good for no more than that one, for
 * a while, and gone with it. Methods of the store; self is a struct store. */
#ifndef MCI_STORE_SESSIONS_H
#define MCI_STORE_SESSIONS_H

#include "request.h"

void session_begin(void *self, struct request *r);
void session_end(void *self, struct request *r);

#endif
