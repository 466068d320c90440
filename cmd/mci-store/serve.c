#include "serve.h"

#include "methods.h"
#include "queue.h"
#include "store.h"
#include "verbs.h"

struct options {
	struct serve_options serve;
	const char *events;
	struct store_keys keys;
	struct store store;
	struct queue *queue;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, serve),
	{ .name = "events", .value = "ADDRESS", .help = "the hub", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, events) },
	{ .name = "master-key", .value = "SOURCE",
	  .help = "FILE, fd:N or exec:COMMAND (DIR/master.key)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, keys.master) },
	{ .name = "old-master-key", .value = "SOURCE",
	  .help = "the same of the one that it takes the place of",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, keys.old) },
};

static int
open_store(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;

	if (store_open(&o->store, serve_loop(s), serve_folder(s), &o->keys, e) < 0 ||
	    serve_add(s, &store_service, &o->store, e) < 0)
		return -1;
	o->queue = queue_open(serve_loop(s), o->store.writer, o->store.reader, &o->store.secrets,
	    serve_folder(s), o->events, e);
	o->store.rebuild = queue_rebuild;
	o->store.rebuild_arg = o->queue;
	return o->queue == NULL ? -1 : serve_add(s, &queue_service, o->queue, e);
}

static void
close_store(void *arg)
{
	struct options *o = arg;

	queue_stop(o->queue);
	store_close(&o->store);
	queue_free(o->queue);
}

static const struct serve_peer peers[] = {
	{ .service = "events", .offset = offsetof(struct options, events) },
};

const struct serve_program store_program = {
	.name = PROGRAM,
	.service = "store",
	.variable = "MCI_STORE",
	.socket = "store.sock",
	.folder = "store",
	.open = open_store,
	.close = close_store,
	.peers = peers,
	.npeers = 1,
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
