#include "route.h"

#include <string.h>

const struct contract_method *
route_method(const struct route *r)
{
	return r->call == NULL ? NULL :
				 contract_any_method((struct span){ r->call, strlen(r->call) });
}

enum rights_scope
route_scope(const struct route *r)
{
	const struct contract_method *m = route_method(r);

	return m == NULL ? r->scope : rights_of(m);
}
