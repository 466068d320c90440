/* tokens: what an agent shows. A token is 256 random bits, told once; the store keeps its SHA-256
 * alone, which is enough for what cannot be guessed. For the thread that writes, inside of a write.
 */
#ifndef MCI_STORE_TOKENS_H
#define MCI_STORE_TOKENS_H

#include <stdbool.h>

#include "database.h"
#include "error.h"

/* "mci_" and 43 of base64url (RFC 4648 section 5), and its NUL. */
#define TOKEN_SIZE 48

/* Makes one for the agent; id is the readable name of its row, taken already by nobody. */
int token_add(struct database *db, const char *id, const char *title, const char *agent,
    char token[static TOKEN_SIZE], struct error *e);
/* The agent whose token it is, and the token's id (may be NULL); the caller frees. ERROR_REFUSED
 * when it is nobody's. */
int token_agent(struct database *db, const char *token, char **agent, char **id, struct error *e);
/* What an agent said of itself when it asked for a build. labels is JSON, or NULL. */
int token_agent_seen(
    struct database *db, const char *agent, const char *labels, bool isolates, struct error *e);

#endif
