#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demands.h"
#include "explain.h"
#include "keeper.h"
#include "number.h"
#include "option.h"
#include "runners.h"
#include "settings.h"
#include "spec.h"
#include "standard.h"
#include "worker.h"

#define JOBS_LIMIT 1024

struct options {
	int64_t jobs;
	const char *log_dir, *log;
	const char *runner, *network, *podman, *ports;
	struct option_list visible;
	bool sandbox, script;
	int64_t timeout;
	const char *progress;
	bool explain;
	int64_t interactive;
	struct option_list env, limits, most;
};

static const struct option options[] = {
	{ .letter = 'j', .name = "jobs", .value = "N", .help = "run at most N jobs at once",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, jobs), .min = 1, .max = JOBS_LIMIT,
	  .project = true },
	{ .name = "log-dir", .value = "DIR", .help = "keep what each job prints in DIR",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, log_dir) },
	{ .name = "log", .value = "ADDRESS", .help = "let this log server keep what each job prints",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, log) },
	{ .name = "runner", .value = "RUNNER", .help = "run all jobs there (host, sandbox, podman, ssh:HOST)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, runner) },
	{ .name = "sandbox", .help = "the same as --runner sandbox", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, sandbox) },
	{ .name = "network", .value = "KIND", .help = "of isolated jobs that name none",
	  .kind = OPTION_CHOICE, .offset = offsetof(struct options, network), .choices = "host|none" },
	{ .name = "visible", .value = "PATH", .help = "let isolated jobs read PATH, too", .kind = OPTION_LIST,
	  .offset = offsetof(struct options, visible) },
	{ .name = "script", .help = "COMMAND is a build's script: no job, and reads what is built",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, script) },
	{ .name = "expose-ports", .value = "FIRST-LAST",
	  .help = "reach what containers expose by these ports (20000-21000)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, ports) },
	{ .name = "podman", .value = "COMMAND", .help = "what runs containers (podman)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, podman) },
	{ .name = "timeout", .value = "TIME", .help = "end jobs that name no timeout after TIME, as 90s",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, timeout), .project = true },
	{ .name = "limit", .value = "NAME=VALUE",
	  .help = "let jobs that do not say it themselves use so much, as memory=2G",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, limits), .project = true },
	{ .name = "limit-most", .value = "NAME=VALUE", .help = "let no job use more than this",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, most) },
	{ .name = "progress", .value = "FORM", .help = "what to print",
	  .kind = OPTION_CHOICE, .offset = offsetof(struct options, progress),
	  .choices = "json|plain|none", .project = true },
	/* not shown: for mci shell */
	{ .name = "interactive", .kind = OPTION_NUMBER, .offset = offsetof(struct options, interactive),
	  .min = 3, .max = 1023 },
	{ .name = "explain", .help = "print what would be executed and run nothing",
	  .kind = OPTION_FLAG, .offset = offsetof(struct options, explain) },
	{ .letter = 'e', .name = "env", .value = "NAME[=VALUE]",
	  .help = "give jobs a variable, without VALUE our own",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, env) },
};

static const struct command command = {
	.program = "mci-job",
	.operands = "[-- COMMAND [ARG...]]",
	.summary = "run jobs: specs on standard input, events on standard output",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.max_operands = SIZE_MAX,
	.stop_at_operand = true,
	.size = sizeof(struct options),
};

static int64_t
processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > JOBS_LIMIT ? JOBS_LIMIT : n;
}

static const char *
progress_default(void)
{
	if (option_common.quiet)
		return "none";
	return isatty(STDOUT_FILENO) == 1 ? "plain" : "json";
}

/* Whose logs a server is to keep: the first run, where nobody says which it is. On a server a job has not
 * ended before its log is kept. */
static int
log_of(struct settings *s, struct error *e)
{
	const char *text = getenv("MCI_RUN"), *source = getenv("MCI_SOURCE");
	int64_t run = 1;

	s->insist = source != NULL && strcmp(source, "server") == 0;
	if (s->log == NULL)
		return 0;
	if (s->build == NULL)
		return error_set(e, ERROR_USAGE, "--log: MCI_BUILD_ID does not say which build this is");
	if (text != NULL && number_parse(text, strlen(text), 1, INT32_MAX, &run, e) < 0)
		return error_before(e, "--log: MCI_RUN: ");
	s->run = (int)run;
	return 0;
}

static int
limits_take(struct limits *into, const struct option_list *given, const char *option, struct error *e)
{
	for (size_t i = 0; i < given->n; i++) {
		if (limits_set(into, given->items[i], e) < 0)
			return error_before(e, "%s: ", option);
	}
	return 0;
}

static int
ports_take(struct settings *s, const char *text, struct error *e)
{
	const char *dash = strchr(text, '-');
	int64_t first, last;

	if (dash == NULL || number_parse(text, (size_t)(dash - text), 1, 65535, &first, NULL) < 0 ||
	    number_parse(dash + 1, strlen(dash + 1), first, 65535, &last, NULL) < 0)
		return error_set(e, ERROR_USAGE,
		    "--expose-ports '%.64s': expected FIRST-LAST, as 20000-21000", text);
	s->first_port = (int)first;
	s->last_port = (int)last;
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .jobs = processors(), .interactive = -1, .podman = "podman",
		.ports = "20000-21000" };
	struct settings settings = { 0 };
	struct error e;

	standard_begin();
	option_parse(&command, &argc, argv, &o);
	argv[argc] = NULL;
	if (o.sandbox)
		o.runner = "sandbox";
	if (value_grants_check(o.env.items, o.env.n, &e) < 0 ||
	    (o.runner != NULL && runners_find(o.runner, &e) == NULL)) {
		option_complain("mci-job", &e);
		return EXIT_USAGE;
	}
	settings = (struct settings){ .jobs = o.jobs, .log_dir = o.log_dir, .log = o.log,
		.build = getenv("MCI_BUILD_ID"), .runner = o.runner, .podman = o.podman,
		.network = o.network, .visible = o.visible.items, .nvisible = o.visible.n,
		.script = o.script, .interactive = o.interactive,
		.progress = o.progress != NULL ? o.progress : progress_default(),
		.env = o.env.items, .nenv = o.env.n, .argv = argc > 0 ? argv : NULL };
	if (limits_take(&settings.limits, &o.limits, "--limit", &e) < 0 ||
	    limits_take(&settings.most, &o.most, "--limit-most", &e) < 0 ||
	    ports_take(&settings, o.ports, &e) < 0 || log_of(&settings, &e) < 0) {
		option_complain("mci-job", &e);
		return EXIT_USAGE;
	}
	if (o.timeout > 0)
		settings.limits.of[LIMIT_TIMEOUT] = o.timeout;
	if (o.explain)
		return option_finish("mci-job", explain_run(&settings));
	return keeper_run(worker_run, &settings);
}
