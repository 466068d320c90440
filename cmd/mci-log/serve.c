#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "archive.h"
#include "duration.h"
#include "folder.h"
#include "memory.h"
#include "server.h"
#include "serving.h"
#include "sweeper.h"
#include "verbs.h"

/* Below jobs, that reading their logs never slows them; an idle processor serves at once all the same. */
#define NICE 10

struct options {
	struct option_list listen;
	const char *dir, *events, *memory;
	int64_t ready_fd, lost_after;
	struct sweep_rules rules;
};

static const struct option options[] = {
	{ .letter = 'l', .name = "listen", .value = "ADDRESS",
	  .help = "where clients connect (may be given again)",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, listen) },
	{ .name = "dir", .value = "DIR", .help = "the folder of the logs",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, dir) },
	{ .name = "memory", .value = "SIZE",
	  .help = "for half lines and unread replies of all clients (64M)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, memory) },
	{ .name = "ready-fd", .value = "N", .help = "write a newline to this descriptor when serving",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, ready_fd), .min = 1, .max = INT32_MAX },
	{ .name = "events", .value = "ADDRESS", .help = "the hub that events are posted to",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, events) },
	{ .name = "lost-after", .value = "DURATION", .help = "how long a writer may be away; 30s",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, lost_after) },
	SWEEP_OPTIONS(struct options, rules),
};

/* Listens at what was asked for, what was handed to us, or this user's socket. */
static int
listen_all(struct log_server *s, struct loop *loop, const struct options *o, struct error *e)
{
	int handed = serving_handed(s->server, e);

	if (handed < 0)
		return -1;
	for (size_t i = 0; i < o->listen.n; i++) {
		if (server_listen(s->server, o->listen.items[i], 0, e) < 0)
			return -1;
		if (strcmp(o->listen.items[i], "-") == 0 && handed == 0 && o->listen.n == 1)
			serving_stop_when_alone(s->server, loop);
	}
	if (handed == 0 && o->listen.n == 0) {
		AUTO_FREE char *sockets = folder_sockets(e);
		AUTO_FREE char *address = sockets == NULL ? NULL : xformat("unix:%s/log.sock", sockets);

		return address == NULL ? -1 : server_listen(s->server, address, 0, e);
	}
	return 0;
}

/* The server is open: everything else that it needs, and then its work until it is stopped. */
static int
work(struct log_server *s, struct loop *loop, const struct options *o, struct error *e)
{
	const char *archive;
	struct sweeper *sweeper;
	int result = -1;

	if (archive_folder(o->rules.archive, &archive, e) < 0 ||
	    (archive != NULL && depot_archive(&s->depot, archive, e) < 0))
		return -1;
	sweeper = sweeper_new(loop, s->depot.path, &o->rules, s->news);
	if (serving_stop_on_signals(loop, e) == 0 && listen_all(s, loop, o, e) == 0 &&
	    serving_ready(o->ready_fd > 0 ? (int)o->ready_fd : -1, e) == 0)
		result = loop_run(loop, e);
	sweeper_free(sweeper);
	return result;
}

static int
serve(const struct options *o, struct error *e)
{
	AUTO_FREE char *state = NULL;
	AUTO_FREE char *dir = NULL;
	const char *events = o->events != NULL ? o->events : getenv("MCI_EVENTS");
	struct loop *loop = loop_new(e);
	struct log_server s;
	int result = -1;

	if (loop == NULL || serving_memory(o->memory, e) < 0)
		goto done;
	if (o->dir != NULL)
		dir = xstrdup(o->dir);
	else if ((state = folder_state(e)) != NULL)
		dir = xformat("%s/logs", state);
	if (dir != NULL) {
		if (log_server_open(&s, loop, dir, events, o->lost_after, e) == 0)
			result = work(&s, loop, o, e);
		log_server_close(&s);
	}
done:
	loop_free(loop);
	return result;
}

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;
	struct error e;

	(void)argc;
	(void)argv;
	if (o->lost_after == 0)
		o->lost_after = 30 * SECOND;
	serving_begin();
	umask(077);
	setpriority(PRIO_PROCESS, 0, NICE);
	if (serve(o, &e) == 0)
		return 0;
	option_complain(PROGRAM, &e);
	return error_status(&e);
}

const struct command log_serve_command = {
	.program = PROGRAM, .verb = "serve", .summary = "keep the logs of a server",
	.options = options, .noptions = sizeof(options) / sizeof(options[0]), .run = run,
	.size = sizeof(struct options),
};
