/*
 * identity: whose a token is, as the store says. It is asked once a second and token at most; what
 * is remembered is the token's SHA-256, and it is forgotten when a token, an organisation or a
 * repository is
 * changed through this program. Who guesses is told to wait: FAILURES a minute and address.
 */
#ifndef MCI_API_IDENTITY_H
#define MCI_API_IDENTITY_H

#include <stdbool.h>

#include "error.h"
#include "gateway.h"
#include "rights.h"

/* who is NULL with an error: ERROR_REFUSED nobody's. */
typedef void identity_known(void *arg, const struct who *who, const struct error *e);

struct identities;

struct identities *identities_new(struct gateway *g);
/* Now or later; the number of what is asked, for identity_cancel, 0: it is told already. */
int64_t identity_ask(struct identities *i, const char *token, identity_known *known, void *arg);
void identity_cancel(struct identities *i, int64_t asked);
/* Something has been changed that they stand on. */
void identities_forget(struct identities *i);
/* Somebody there has shown a wrong token: nanoseconds until the next one is worth a look, 0: now. */
int64_t identity_failed(struct identities *i, const char *from);
void identities_free(struct identities *i);

#endif
