/*
 * specparam: the params that a spec names, each a name or an object {"name", "from"}: the variable, and the
 * param of another name that it has its value from.
 */
#ifndef MCI_SPECPARAM_H
#define MCI_SPECPARAM_H

#include <stdbool.h>
#include <stddef.h>

#include "specvalue.h"

struct spec_param {
	char *name; /* of the variable */
	char *from; /* the param; NULL: the same */
};

extern const struct value_type value_type_params; /* struct spec_param * */

static inline const char *
spec_param_from(const struct spec_param *p)
{
	return p->from != NULL ? p->from : p->name;
}
/* Whether text can name a param: what a variable may have, and - and . in it. */
bool spec_param_name_ok(const char *text, size_t n);

#endif
