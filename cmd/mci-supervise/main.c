#include <stdio.h>
#include <string.h>

#include "check.h"
#include "control.h"
#include "default.h"
#include "launch.h"
#include "option.h"
#include "standard.h"

#define PROGRAM "mci-supervise"

struct options {
	struct control_options control;
	bool check, print;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, control.serve),
	{ .name = "run",
	    .value = "DIR",
	    .help = "the folder of sockets",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, control.run) },
	{ .name = "single",
	    .help = "the servers of the kit are one process, mci-single",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, control.single) },
	{ .name = "check",
	    .help = "run nothing: say what is wrong, or what would change",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, check) },
	{ .name = "print-wiring",
	    .help = "print the default wiring",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, print) },
	{ .name = "demo",
	    .help = "with a repository and some builds to look at",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, control.demo) },
	{ .name = "welcome",
	    .help = "say where it is, and what to try, when it is ready",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, control.welcome) },
};

static const struct command command = {
	.program = PROGRAM,
	.operands = "[WIRING]",
	.summary = "start the programs of a server, wire them, and keep them running",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = 1,
	.complete = "files",
	.size = sizeof(struct options),
};

static int
check(const struct control_options *o)
{
	struct source s;
	struct error e;
	int status;

	if (control_source(o, &s, &e) < 0) {
		option_complain(PROGRAM, &e);
		status = error_status(&e);
	} else {
		status = check_run(&s);
	}
	source_close(&s);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct span wiring = default_wiring();

	standard_begin();
	if (argc > 1 && strcmp(argv[1], LAUNCH) == 0)
		return launch_run(argc, argv);
	option_parse(&command, &argc, argv, &o);
	o.control.file = argc > 0 ? argv[0] : NULL;
	if (o.print) {
		fwrite(wiring.p, 1, wiring.n, stdout);
		return option_finish(PROGRAM, 0);
	}
	if (o.check)
		return option_finish(PROGRAM, check(&o.control));
	return option_finish(PROGRAM, control_run(&o.control));
}
