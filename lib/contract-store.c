/* The data store: the service "store". */
#include "contractrows.h"

static const struct contract_field store_status[] = {
	{ "file", CONTRACT_TEXT, true, "path of the database" },
	{ "version", CONTRACT_INTEGER, true, "of its tables" },
	{ "bytes", CONTRACT_INTEGER, true, "its length, without what is not checkpointed yet" },
};

static const struct contract_method methods[] = {
	{ "store/status", "what the store is", NONE, ROWS(store_status), "busy,system", true, false },
};

const struct contract_service contract_store = {
	.name = "store",
	METHODS(methods),
};
