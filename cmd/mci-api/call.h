/*
 * call: POST /api/v1/call: the lines of the kit (JSON-RPC, events) over HTTP, as mci-relay(1) speaks
 * them. A body is any number of request lines, each with its data behind it; they are passed in their
 * order to the door of this very program, so all is as it is on its socket. The head of the answer goes
 * out when all have been passed; its body is their replies as they come, and what streams where one
 * does.
 *
 * What lasts as long as a connection lasts as long as a session here: Mci-Session: ID/N, of 32 hex
 * digits that the client makes up and the number of the POST, from 1. It ends by DELETE, when a POST of
 * it is cut, or IDLE after the last one; it belongs to the token that began it. A number that comes
 * again, or of a session that is over, is answered with 410: what was asked may have been done. Without
 * the header a POST is a session of its own.
 */
#ifndef MCI_API_CALL_H
#define MCI_API_CALL_H

#include "ask.h"

/* What a POST may have: a batch of the relay's, and one request more with its data. */
#define CALL_BODY ((size_t)10 * 1024 * 1024)

/* Functions of rows. */
void call_lines(struct ask *a);
void call_end(struct ask *a);

#endif
