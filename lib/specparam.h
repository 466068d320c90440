/*
 * specparam: the params that a spec names, each a name or an object {"name", "from"}: the variable, and the
 * param of another name that it has its value from. Secrets are named alike, and with "as" how the job is
 * given one.
 */
#ifndef MCI_SPECPARAM_H
#define MCI_SPECPARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "specvalue.h"

enum spec_param_as {
	SPEC_PARAM_ENV,     /* the variable is its value */
	SPEC_PARAM_FILE,    /* the variable is the path of a file that holds it */
	SPEC_PARAM_REQUEST, /* there is no variable: the job asks for it (param/get) */
};

struct spec_param {
	char *name; /* of the variable */
	char *from; /* the param; NULL: the same */
	enum spec_param_as as; /* of a secret; else SPEC_PARAM_ENV */
};

extern const struct value_type value_type_params;  /* struct spec_param * */
extern const struct value_type value_type_secrets; /* the same, with "as" */

static inline const char *
spec_param_from(const struct spec_param *p)
{
	return p->from != NULL ? p->from : p->name;
}
/* Whether text can name a param: what a variable may have, and - and . in it. */
bool spec_param_name_ok(const char *text, size_t n);

#endif
