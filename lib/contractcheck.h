/* contractcheck: parameters of a request held against their row of the contract. */
#ifndef MCI_CONTRACTCHECK_H
#define MCI_CONTRACTCHECK_H

#include "bytes.h"
#include "contract.h"
#include "error.h"
#include "scan.h"

/* No method has more rows of parameters. */
#define CONTRACT_PARAMS 32

/* Checks params (raw JSON object, n 0 counts as {}) against the method: types, required ones,
 * unknown ones, doubled ones. values (CONTRACT_PARAMS of them, or NULL) gets what each row of the
 * method has in params, raw.n 0 when it is absent; they point into params. 0, or -1 with the field
 * and what was expected. */
int contract_check_params(const struct contract_method *m, struct span params,
    struct scan_value *values, struct error *e);

#endif
