/* trigger: what makes a build: who asked for what, held against what is allowed, and its rows. */
#ifndef MCI_STORE_TRIGGER_H
#define MCI_STORE_TRIGGER_H

#include "transaction.h"

/* The work of build/trigger. */
int trigger_work(struct transaction *t, struct database *db, struct error *e);

#endif
