/*
 * claim: a build that the store gave to this agent: whose run it is, the lease that says so, and
 * the order. What it takes to give it back lies in the build's folder, so that an agent that is
 * started again can; the order, with its secrets, is in memory only.
 */
#ifndef MCI_AGENT_CLAIM_H
#define MCI_AGENT_CLAIM_H

#include <jansson.h>

#include "bytes.h"
#include "error.h"

struct claim {
	char *build; /* "org/repo/7" */
	json_int_t run;
	char *lease;
	json_t *order; /* NULL in one that was loaded */
};

/* From the result of build/claim, which has a build. 0, or -1: it is not as the contract says. */
int claim_take(struct claim *c, json_t *result, struct error *e);
/* The file of a folder. 0 or -1; a file that is torn or is not there is ERROR_NOT_FOUND. */
int claim_save(const struct claim *c, const char *folder, struct error *e);
int claim_load(struct claim *c, const char *folder, struct error *e);
/* Opens an object of parameters with build, run and lease. */
void claim_params(struct bytes *params, const struct claim *c);
void claim_free(struct claim *c);

#endif
