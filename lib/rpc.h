/*
 * rpc: the lines of a call (JSON-RPC 2.0, section 3 of the design), as both sides write them:
 * requests, replies, and complaints of what is no request; and what the last two say. For client.h,
 * service.h and those who keep a conversation of their own on a link.
 */
#ifndef MCI_RPC_H
#define MCI_RPC_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "contract.h"
#include "error.h"
#include "message.h"

/* Appends a request line. params is a JSON object, or n 0; newlines in it become blanks. */
void rpc_request(struct bytes *line, int64_t id, const char *method, struct span params);
/* Appends a reply line. id is JSON as it came, n 0: null; result is a JSON value, {} when n is 0. */
void rpc_reply(struct bytes *line, struct span id, struct span result);
void rpc_refusal(struct bytes *line, struct span id, const struct contract_error *row, const char *text);
/* Appends a line of type error: of line number of the connection, 0: of none; name is of a row of
 * contract_errors. */
void rpc_complaint(struct bytes *line, uint64_t number, const char *name, const char *text);
/* How many bytes of data follow a request of this row, whether it is right otherwise or not. */
uint64_t rpc_data(const struct contract_method *row, struct span params);
/* And how many follow a reply with this result; row NULL, none. */
uint64_t rpc_reply_data(const struct contract_method *row, struct span result);
/* What the error of a reply says, or of a line of type error in its place. Returns -1, as error_set. */
int rpc_reply_error(const struct message *m, struct error *e);
/* What a line of type error says. Returns -1. */
int rpc_line_error(const struct message *m, struct error *e);
/* Whether an error may be another one, or none, a moment later: the link was lost, or the reply was
 * busy or system. */
bool rpc_passing(const struct error *e);

#endif
