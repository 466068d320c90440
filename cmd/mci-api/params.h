/* params: the parameters of a row's method, put together from path, query and body. */
#ifndef MCI_API_PARAMS_H
#define MCI_API_PARAMS_H

#include "answer.h"

/* What the path has for a name of the row's; what the query has, NULL. */
const char *params_value(const struct ask *a, const char *name);
const char *params_query(const struct ask *a, const char *name);
/* As the row says. 0, or -1 and it is answered. */
int params_read(struct ask *a, const struct contract_method *m, struct bytes *params);
/* The same for a list of which the first entry alone is wanted. */
int params_first(struct ask *a, const struct contract_method *m, struct bytes *params);
/* Whether a name is one of words, which blanks split; NULL: none. */
bool params_among(const char *words, const char *name);

#endif
