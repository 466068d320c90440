#include <sys/resource.h>

#include "duration.h"
#include "methods.h"
#include "serve.h"
#include "servestatus.h"
#include "sweep.h"
#include "verbs.h"

/* Below jobs, that reading their logs never slows them; an idle processor serves at once all the same. */
#define NICE 10

struct options {
	struct serve_options serve;
	const char *events;
	int64_t lost_after;
	struct sweep_rules rules;
	struct log_server server;
	struct sweeper *sweeper;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, serve),
	{ .name = "events", .value = "ADDRESS", .help = "the hub that events are posted to",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, events) },
	{ .name = "lost-after", .value = "DURATION", .help = "how long a writer may be away; 30s",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, lost_after) },
	SWEEP_OPTIONS(struct options, rules),
};

static int
open_log(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;

	/* of this thread alone, and those that it starts */
	setpriority(PRIO_PROCESS, 0, NICE);
	if (log_server_open(&o->server, serve_loop(s), serve_folder(s), o->events,
	    o->lost_after > 0 ? o->lost_after : 30 * SECOND, e) < 0)
		return -1;
	if (logdir_archive(&o->server.logdir, o->rules.archive, e) < 0)
		return -1;
	o->sweeper = sweeper_new(serve_loop(s), o->server.logdir.path, &o->rules, o->server.news);
	return serve_add(s, &log_service, &o->server, e);
}

static void
close_log(void *arg)
{
	struct options *o = arg;

	sweeper_free(o->sweeper);
	log_server_close(&o->server);
}

static const struct serve_peer peers[] = {
	{ .service = "events", .offset = offsetof(struct options, events), .may_lack = true },
};

const struct serve_program log_program = {
	.name = PROGRAM, .service = "log", .variable = "MCI_LOG", .socket = "log.sock", .folder = "logs",
	.open = open_log, .close = close_log, .peers = peers, .npeers = 1,
};

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;

	(void)argc;
	(void)argv;
	return serve_run(&log_program, &o->serve, o);
}

const struct command log_serve_command = {
	.program = PROGRAM, .verb = "serve", .summary = "keep the logs of a server",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};

static const struct option status_options[] = { SERVESTATUS_OPTIONS };

static int
run_status(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return servestatus_run(&log_program, arg);
}

const struct command log_status_command = {
	.program = PROGRAM, .verb = "status", .summary = "what a log server does now",
	.options = status_options, .noptions = sizeof(status_options) / sizeof(status_options[0]),
	.run = run_status, .size = sizeof(struct servestatus_options),
};
