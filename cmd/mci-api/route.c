#include "route.h"

#include <string.h>

/* The services that are behind this door: a build's own methods have some of their names. */
static const struct contract_service *const services[] = { &contract_store, &contract_queue,
	&contract_log, &contract_events, &contract_supervise, &contract_blob };

const struct contract_method *
route_contract(const char *method)
{
	const struct contract_method *m = NULL;

	for (size_t i = 0; m == NULL && i < sizeof(services) / sizeof(services[0]); i++)
		m = contract_method(services[i], (struct span){ method, strlen(method) });
	return m;
}

const struct contract_method *
route_method(const struct route *r)
{
	return r->call == NULL ? NULL : route_contract(r->call);
}

const struct contract_method *
route_takes(const struct route *r)
{
	return r->takes != NULL ? r->takes : route_method(r);
}

enum rights_scope
route_scope(const struct route *r)
{
	const struct contract_method *m = route_method(r);

	return m == NULL ? r->scope : rights_of(m);
}
