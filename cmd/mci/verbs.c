#include "verbs.h"

const struct kit kit[] = {
	{ { .program = "mci", .verb = "run", .summary = "run a build: mci-build",
	    .also = "start exec" }, "mci-build", NULL, NULL },
	{ { .program = "mci", .verb = "build", .summary = "run a build: mci-build" }, "mci-build", NULL, NULL },
	{ { .program = "mci", .verb = "lint", .summary = "check a definition: mci-build --lint" },
	  "mci-build", "--lint", NULL },
	{ { .program = "mci", .verb = "job", .summary = "run jobs: mci-job" }, "mci-job", NULL, NULL },
	{ { .program = "mci", .verb = "log", .summary = "show what jobs printed: mci-log",
	    .also = "logs cat" },
	  "mci-log", NULL, NULL },
	{ { .program = "mci", .verb = "events", .summary = "publish and subscribe: mci-events" },
	  "mci-events", NULL, NULL },
	{ { .program = "mci", .verb = "store",
	    .summary = "keep and ask the store: mci-store" }, "mci-store", NULL, NULL },
	{ { .program = "mci", .verb = "relay",
	    .summary = "join standard input and output to a service: mci-relay" }, "mci-relay", NULL, NULL },
	{ { .program = "mci", .verb = "up", .summary = "start the server of this machine: mci-supervise",
	    .also = "serve server" }, "mci-supervise", "--welcome", NULL },
	{ { .program = "mci", .verb = "org", .summary = "organisations of the server: ls, get, put, rm" },
	  "mci-store", "org", NULL },
	{ { .program = "mci", .verb = "repo", .summary = "its repositories: ls, get, put, rm" }, "mci-store",
	  "repo", NULL },
	{ { .program = "mci", .verb = "key", .summary = "its ssh keys: ls, get, put, rm" }, "mci-store", "key",
	  NULL },
	{ { .program = "mci", .verb = "token", .summary = "tokens of its agents: create, ls, rm" },
	  "mci-store", "token", NULL },
	{ { .program = "mci", .verb = "params",
	    .summary = "list the params that a definition takes: mci-build --params" },
	  "mci-build", "--params", NULL },
	{ { .program = "mci", .verb = "why",
	    .summary = "say which jobs would run, and why: mci-build --why" }, "mci-build", "--why", NULL },
	/* in a job "param get" asks the build: param.c */
	{ { .program = "mci", .verb = "param" }, "mci-store", "param", "get" },
};
const size_t nkit = sizeof(kit) / sizeof(kit[0]);

const struct command *const verbs[] = {
	&kit[0].command, &kit[1].command, &kit[2].command, &kit[13].command, &kit[14].command, &kit[3].command,
	&kit[4].command,
	&kit[5].command, &kit[6].command, &kit[7].command, &kit[8].command, &kit[9].command,
	&kit[10].command, &kit[11].command, &kit[12].command, &down_command, &reload_command,
	&status_command, &doctor_command, &demo_command, &ls_command, &show_command, &path_command, &rm_command,
	&tree_command, &wait_command, &rerun_command, &trigger_command, &cancel_command,
	&unblock_command, &hook_command, &call_command, &post_command,
	&param_command,
	&output_command, &add_command, &spec_command, &jobs_command, &config_command,
};
const size_t nverbs = sizeof(verbs) / sizeof(verbs[0]);
