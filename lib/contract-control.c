/* How a running build is controlled: the service "control". */
#include "contractrows.h"

static const struct contract_field build_cancel[] = {
	{ "job", CONTRACT_TEXT, false, "only this one; the whole build without it" },
};

static const struct contract_field job_named[] = {
	{ "job", CONTRACT_TEXT, true, "its id" },
};

static const struct contract_method methods[] = {
	{ "build/cancel", "cancels the build or one job", ROWS(build_cancel), NONE,
	    "not-found,refused", true, false },
	{ "job/unblock", "lets a blocked job go on", ROWS(job_named), NONE,
	    "not-found,refused", true, false },
};

const struct contract_service contract_control = {
	.name = "control",
	METHODS(methods),
};
