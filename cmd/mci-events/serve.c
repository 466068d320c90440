#include "verbs.h"

const struct command serve_command = {
	.program = "mci-events", .verb = "serve", .summary = "run the hub",
};
