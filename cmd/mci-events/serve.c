#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buildname.h"
#include "duration.h"
#include "memory.h"
#include "methods.h"
#include "serve.h"
#include "verbs.h"

#define SEGMENT_SIZE (64 * 1024 * 1024)
#define SEGMENT_LEAST 4096

struct options {
	struct serve_options serve;
	struct option_list read_only, build_only;
	int64_t segment_size, keep_size, keep_age;
	struct hub *hub;
	struct hub_door **doors;
	size_t ndoors;
};

static const struct option options[] = {
	SERVE_OPTIONS(struct options, serve),
	{ .name = "read-only", .value = "ADDRESS", .help = "listen there for those who only subscribe",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, read_only) },
	{ .name = "build-only", .value = "PREFIX=ADDRESS",
	  .help = "the same, to publish builds whose names begin so", .kind = OPTION_LIST,
	  .offset = offsetof(struct options, build_only) },
	{ .name = "segment-size", .value = "SIZE", .help = "begin a new file when one is so large (64M)",
	  .kind = OPTION_SIZE, .offset = offsetof(struct options, segment_size), .min = SEGMENT_LEAST },
	{ .name = "keep-size", .value = "SIZE", .help = "remove the oldest files of a larger log (0: never)",
	  .kind = OPTION_SIZE, .offset = offsetof(struct options, keep_size) },
	{ .name = "keep-age", .value = "DURATION", .help = "remove files whose newest event is older",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, keep_age) },
};

static void
tell(const char *text)
{
	struct error e;

	error_set(&e, ERROR_INPUT, "%s", text);
	option_complain("mci-events", &e);
}

static struct hub_door *
door_new(struct options *o, const char *prefix, bool read_only)
{
	struct hub_door *door = xmalloc(sizeof(*door));

	*door = (struct hub_door){ o->hub, prefix, read_only };
	o->doors = xrealloc(o->doors, o->ndoors + 1, sizeof(struct hub_door *));
	o->doors[o->ndoors++] = door;
	return door;
}

static int
listen_read_only(struct serve *s, struct options *o, struct error *e)
{
	struct server_door *door = serve_door(s, &hub_service, door_new(o, NULL, true));

	for (size_t i = 0; i < o->read_only.n; i++) {
		if (serve_listen(s, door, o->read_only.items[i], e) < 0)
			return -1;
	}
	return 0;
}

static int
listen_build_only(struct serve *s, struct options *o, struct error *e)
{
	for (size_t i = 0; i < o->build_only.n; i++) {
		struct server_door *door;
		const char *address;
		char *prefix; /* kept to the end, with the door */

		if (option_pair(o->build_only.items[i], &prefix, &address, e) < 0)
			return error_before(e, "--build-only: ");
		if (!buildname_begins((struct span){ prefix, strlen(prefix) })) {
			error_set(e, ERROR_USAGE, "--build-only: no name of a build begins with '%.80s'",
			    prefix);
			free(prefix);
			return -1;
		}
		door = serve_door(s, &hub_service, door_new(o, prefix, false));
		if (serve_listen(s, door, address, e) < 0)
			return -1;
	}
	return 0;
}

static int
read_settings(const struct options *o, struct hub_settings *s, struct error *e)
{
	s->keep_age = o->keep_age;
	s->segment_size = o->segment_size > 0 ? o->segment_size : SEGMENT_SIZE;
	s->keep_size = o->keep_size;
	if (s->keep_size > 0 && s->keep_size < SEGMENT_LEAST)
		return error_set(e, ERROR_USAGE, "--keep-size: at least %d bytes, or 0", SEGMENT_LEAST);
	return 0;
}

static int
open_hub(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;
	struct hub_settings settings = { .folder = serve_folder(s), .tell = tell };

	if (read_settings(o, &settings, e) < 0)
		return -1;
	o->hub = hub_open(serve_loop(s), &settings, e);
	if (o->hub == NULL || serve_add(s, &hub_service, door_new(o, NULL, false), e) < 0)
		return -1;
	return listen_read_only(s, o, e) < 0 || listen_build_only(s, o, e) < 0 ? -1 : 0;
}

static void
close_hub(void *arg)
{
	struct options *o = arg;

	hub_close(o->hub);
	for (size_t i = 0; i < o->ndoors; i++) {
		free((char *)(uintptr_t)o->doors[i]->prefix);
		free(o->doors[i]);
	}
	free(o->doors);
}

const struct serve_program hub_program = {
	.name = "mci-events", .service = "events", .variable = "MCI_EVENTS", .socket = "events.sock",
	.folder = "events", .open = open_hub, .close = close_hub,
};

static int
run(void *arg, int argc, char **argv)
{
	struct options *o = arg;

	(void)argc;
	(void)argv;
	return serve_run(&hub_program, &o->serve, o);
}

const struct command events_serve_command = {
	.program = "mci-events", .verb = "serve",
	.summary = "run the hub", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .run = run, .size = sizeof(struct options),
};
