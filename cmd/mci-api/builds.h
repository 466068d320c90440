/* builds: what rows about builds do beyond one call. */
#ifndef MCI_API_BUILDS_H
#define MCI_API_BUILDS_H

#include "ask.h"

/* What POST .../retry takes. */
extern const struct contract_method builds_retry_takes;

/* The newest build, or 204 where there is none. */
void builds_newest(struct ask *a);
/* Runs a build again: whole, what failed of it, or from a job on. */
void builds_retry(struct ask *a);
/* Triggers one; says where it is. */
void builds_trigger(struct ask *a);

#endif
