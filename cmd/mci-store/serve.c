#include "serve.h"

#include <stdlib.h>

#include "store.h"
#include "verbs.h"

struct options {
	struct serve_options serve;
	const char *events;
	struct store store;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, serve),
	{ .name = "events",
	    .value = "ADDRESS",
	    .help = "the hub",
	    .kind = OPTION_TEXT,
	    .offset = offsetof(struct options, events) },
};

static int
open_store(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;

	if (store_open(&o->store, serve_loop(s), serve_folder(s), e) < 0)
		return -1;
	return serve_add(s, &store_service, &o->store, e);
}

static void
close_store(void *arg)
{
	struct options *o = arg;

	store_close(&o->store);
}

const struct serve_program store_program = {
	.name = PROGRAM,
	.variable = "MCI_STORE",
	.socket = "store.sock",
	.folder = "store",
	.open = open_store,
	.close = close_store,
};

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;

	(void)argc;
	(void)argv;
	return serve_run(&store_program, &o->serve, o);
}

const struct command store_serve_command = {
	.program = PROGRAM,
	.verb = "serve",
	.summary = "keep organisations, repositories and builds",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.run = run,
	.size = sizeof(struct options),
};
