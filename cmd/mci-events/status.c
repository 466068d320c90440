#include "servestatus.h"
#include "verbs.h"

static const struct option options[] = { SERVESTATUS_OPTIONS };

static int
run(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return servestatus_run(&hub_program, arg);
}

const struct command events_status_command = {
	.program = "mci-events", .verb = "status",
	.summary = "show the hub's log, its rates and its subscribers",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct servestatus_options),
};
