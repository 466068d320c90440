#include <signal.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "children.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "methods.h"
#include "option.h"
#include "process.h"
#include "serve.h"
#include "servestatus.h"
#include "verbs.h"

/* Below jobs, that looking after files never slows them. */
#define NICE 5
#define GC_EVERY (1 * 3600 * SECOND)

struct options {
	struct serve_options serve;
	const char *blob, *events;
	int64_t age, quota, every;
	struct blob_server server;
	struct loop *loop;
	struct loop_timer *timer;
	struct child *gc; /* NULL: none runs */
	char *address;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, serve),
	{ .name = "events", .value = "ADDRESS", .help = "the hub that events are posted to",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, events) },
	{ .name = "blob", .value = "ADDRESS", .help = "the store; file:DIR of --dir", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, blob) },
	{ .name = "gc-every", .value = "DURATION", .help = "remove what no name stands on so often; 1h",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, every) },
	{ .name = "age", .value = "DURATION", .help = "and names that were not found for so long",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, age) },
	{ .name = "quota", .value = "SIZE",
	  .help = "keep so many bytes of files a repository and scope: what was used last",
	  .kind = OPTION_SIZE, .offset = offsetof(struct options, quota) },
};

static void gc_due(void *arg);

static void
gc_over(void *arg, int status, const struct rusage *usage)
{
	struct options *o = arg;

	(void)status;
	(void)usage;
	child_free(o->gc);
	o->gc = NULL;
	o->timer = loop_after(o->loop, o->every, gc_due, o);
}

/* The work is a program's of its own: the loop waits for no disk. */
static void
gc_due(void *arg)
{
	struct options *o = arg;
	AUTO_FREE char *program = process_kit("mci-blob"), *age = NULL, *quota = NULL;
	AUTO_BYTES duration = { 0 };
	char *argv[12] = { "mci-blob", "gc", "--blob", o->address };
	size_t n = 4;
	struct process_spec p = { .path = program, .name = "mci-blob", .argv = argv, .in = -1,
	    .out = -1, .err = 2,
		.group = true };
	struct error e;

	o->timer = NULL;
	if (o->events != NULL) {
		argv[n++] = "--events";
		argv[n++] = (char *)(uintptr_t)o->events;
	}
	if (o->age > 0) {
		duration_write(&duration, o->age);
		argv[n++] = "--age";
		argv[n++] = age = bytes_give(&duration);
	}
	if (o->quota > 0) {
		argv[n++] = "--quota";
		argv[n++] = quota = xformat("%" PRId64, o->quota);
	}
	o->gc = child_start(o->loop, &p, gc_over, o, &e);
	if (o->gc == NULL) {
		option_complain(PROGRAM, &e);
		o->timer = loop_after(o->loop, o->every, gc_due, o);
	}
}

static int
open_blob(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;
	setpriority(PRIO_PROCESS, 0, NICE);
	o->loop = serve_loop(s);
	o->every = o->every > 0 ? o->every : GC_EVERY;
	o->address = o->blob != NULL ? xstrdup(o->blob) : xformat("file:%s/store", serve_folder(s));
	if (o->events != NULL && (o->server.news = news_new(o->loop, PROGRAM, o->events, e)) == NULL)
		return -1;
	o->server.sessions = sessions_new(o->loop, o->address, blob_told, &o->server, e);
	if (o->server.sessions == NULL)
		return -1;
	o->timer = loop_after(o->loop, o->every, gc_due, o);
	return serve_add(s, &blob_service, &o->server, e);
}

static void
close_blob(void *arg)
{
	struct options *o = arg;

	if (o->timer != NULL)
		loop_cancel(o->loop, o->timer);
	/* it may be killed at any time */
	if (o->gc != NULL)
		child_signal_group(o->gc, SIGKILL);
	child_free(o->gc);
	sessions_free(o->server.sessions);
	news_free(o->server.news);
	free(o->address);
}

static const struct serve_peer peers[] = {
	{ .service = "events", .offset = offsetof(struct options, events), .may_lack = true },
};

const struct serve_program blob_program = {
	.name = PROGRAM, .service = "blob", .variable = "MCI_BLOB", .socket = "blob.sock", .folder = "blobs",
	.open = open_blob, .close = close_blob, .peers = peers, .npeers = 1,
};

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;

	(void)argc;
	(void)argv;
	return serve_run(&blob_program, &o->serve, o);
}

const struct command blob_serve_command = {
	.program = PROGRAM, .verb = "serve", .summary = "keep the files of a server", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .run = run, .size = sizeof(struct options),
};

static const struct option status_options[] = { SERVESTATUS_OPTIONS };

static int
run_status(void *arg, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return servestatus_run(&blob_program, arg);
}

const struct command blob_status_command = {
	.program = PROGRAM, .verb = "status", .summary = "what a server of files does now",
	.options = status_options, .noptions = sizeof(status_options) / sizeof(status_options[0]),
	.run = run_status, .size = sizeof(struct servestatus_options),
};
