#include "servestatus.h"
#include "verbs.h"

static const struct option options[] = { SERVESTATUS_OPTIONS };

static int
run(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return servestatus_run(&log_program, arg);
}

const struct command log_status_command = {
	.program = "mci-log", .verb = "status", .summary = "what a log server does now",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct servestatus_options),
};
