/* claim: which build an agent gets next. */
#ifndef MCI_STORE_CLAIM_H
#define MCI_STORE_CLAIM_H

#include "transaction.h"

/* The work of build/claim. When it gave one, build, run, name, lease and agent of the transaction
 * are its. */
int claim_work(struct transaction *t, struct database *db, struct error *e);

#endif
