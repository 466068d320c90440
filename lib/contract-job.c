/* What mci-job does on its standard input: the service "job". What it says is in the build's log, with
 * the other events of that. */
#include "contractrows.h"

static const struct contract_field job_named[] = {
	{ "job", CONTRACT_TEXT, true, "its id" },
};

static const struct contract_field mask_named[] = {
	{ "value", CONTRACT_TEXT, true, "the secret" },
	{ "name", CONTRACT_TEXT, false, "gives it to jobs that have this name in params" },
};

static const struct contract_method methods[] = {
	{ "job/cancel", "ends a job's attempt", ROWS(job_named), NONE, "not-found", true,
	    false },
	{ "mask/add", "masks a value in the logs from now on; a named one is a param too",
	    ROWS(mask_named), NONE, "refused,limit", true, false },
};

const struct contract_service contract_job = {
	.name = "job",
	METHODS(methods),
};
