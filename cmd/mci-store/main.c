#include "option.h"
#include "standard.h"
#include "verbs.h"

static const struct command *const verbs[] = {
	&store_serve_command,
	&store_status_command,
};

int
main(int argc, char **argv)
{
	standard_begin();
	return option_finish(PROGRAM,
	    option_dispatch(PROGRAM,
		"The data store: organisations, repositories, parameters, keys, and the queue of "
		"builds.",
		verbs, sizeof(verbs) / sizeof(verbs[0]), argc, argv));
}
