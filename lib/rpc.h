/*
 * rpc: the caller's side of the lines of a call (JSON-RPC 2.0, section 3 of the design): writes
 * requests, reads what replies and complaints say. For client.h and for those who keep a
 * conversation of their own on a link.
 */
#ifndef MCI_RPC_H
#define MCI_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "message.h"

/* Appends a request line. params is a JSON object, or n 0; newlines in it become blanks. */
void rpc_request(struct bytes *line, int64_t id, const char *method, struct span params);
/* What the error of a reply says. Returns -1, as error_set. */
int rpc_reply_error(const struct message *m, struct error *e);
/* What a line of type error says. Returns -1. */
int rpc_line_error(const struct message *m, struct error *e);
/* Whether an error may be another one, or none, a moment later: the link was lost, or the reply was
 * busy or system. */
bool rpc_passing(const struct error *e);

#endif
