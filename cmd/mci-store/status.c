#include "servestatus.h"
#include "verbs.h"

static const struct option options[] = { SERVESTATUS_OPTIONS };

static int
run(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return servestatus_run(&store_program, arg);
}

const struct command store_status_command = {
	.program = PROGRAM,
	.verb = "status",
	.summary = "what a store does now",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct servestatus_options),
};
