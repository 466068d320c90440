/* tokens: what whoever asks from outside shows, and what it is good for. A token is 256 random
 * bits, told once; the store keeps its SHA-256 alone, which is enough for what cannot be guessed.
 * For the thread that writes, inside of a write. */
#ifndef MCI_STORE_TOKENS_H
#define MCI_STORE_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "error.h"

/* "mci_" and 43 of base64url (RFC 4648 section 5), and its NUL. */
#define TOKEN_SIZE 48

/* Each may be NULL but id and scopes. */
struct token {
	char *id, *title, *agent;
	char *scopes; /* JSON: an array of texts */
	char *org, *repo;
	int64_t expires; /* nanoseconds since 1970; 0: never */
	char *parent;    /* of a session: id of the token that began it */
	bool once;       /* good for one session and nothing else */
};
void token_free(struct token *t);

/* Makes one; its id is the readable name of its row, taken already by nobody. */
int token_add(
    struct database *db, const struct token *t, char token[static TOKEN_SIZE], struct error *e);
/* What is known of one that is shown, which is noted; the caller frees. ERROR_REFUSED when it is
 * nobody's, or not any more. */
int token_find(struct database *db, const char *token, struct token *t, struct error *e);
/* What an agent said of itself when it asked for a build. labels is JSON, or NULL. */
int token_agent_seen(
    struct database *db, const char *agent, const char *labels, bool isolates, struct error *e);

#endif
