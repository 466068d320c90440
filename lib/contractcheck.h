/* contractcheck: parameters of a request held against their row of the contract. */
#ifndef MCI_CONTRACTCHECK_H
#define MCI_CONTRACTCHECK_H

#include "bytes.h"
#include "contract.h"
#include "error.h"

/* Checks params (raw JSON object, n 0 counts as {}) against the method: types, required ones,
 * unknown ones, doubled ones. 0, or -1 with the field and what was expected. */
int contract_check_params(const struct contract_method *m, struct span params, struct error *e);

#endif
