#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "buildname.h"
#include "duration.h"
#include "memory.h"
#include "methods.h"
#include "number.h"
#include "place.h"
#include "serving.h"
#include "verbs.h"

#define SEGMENT_SIZE "64M"
#define SEGMENT_LEAST 4096

struct options {
	struct option_list listen, read_only, build_only;
	const char *folder, *mode, *segment_size, *keep_size, *memory;
	int64_t keep_age, ready;
};

static const struct option options[] = {
	{ .letter = 'l', .name = "listen", .value = "ADDRESS",
	  .help = "where clients find the hub (may be given again)", .kind = OPTION_LIST,
	  .offset = offsetof(struct options, listen) },
	{ .name = "read-only", .value = "ADDRESS", .help = "the same, for those who only subscribe",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, read_only) },
	{ .name = "build-only", .value = "PREFIX=ADDRESS",
	  .help = "the same, to publish builds whose names begin so", .kind = OPTION_LIST,
	  .offset = offsetof(struct options, build_only) },
	{ .name = "mode", .value = "MODE", .help = "of its sockets, in octal (0600)", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, mode) },
	{ .name = "dir", .value = "DIR", .help = "where the log is kept", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, folder) },
	{ .name = "segment-size", .value = "SIZE", .help = "begin a new file when one is so large (64M)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, segment_size) },
	{ .name = "keep-size", .value = "SIZE", .help = "remove the oldest files of a larger log (0: never)",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, keep_size) },
	{ .name = "keep-age", .value = "DURATION", .help = "remove files whose newest event is older",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, keep_age) },
	{ .name = "memory", .value = "SIZE",
	  .help = "for half lines and unread replies of all clients (64M)", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, memory) },
	{ .name = "ready-fd", .value = "N", .help = "write a newline to this descriptor when it serves",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, ready), .min = 1, .max = INT32_MAX },
};

/* The servers, one for each kind of way in. */
struct house {
	struct loop *loop;
	struct hub *hub;
	struct server **servers;
	struct hub_door **doors;
	size_t n;
	mode_t mode;
};

static void
tell(const char *text)
{
	struct error e;

	error_set(&e, ERROR_INPUT, "%s", text);
	option_complain("mci-events", &e);
}

static void
unanswered(void *arg, const char *text)
{
	(void)arg;
	tell(text);
}

static struct server *
open_door(struct house *h, const char *prefix, bool read_only)
{
	struct hub_door *door = xmalloc(sizeof(*door));

	*door = (struct hub_door){ h->hub, prefix, read_only };
	h->doors = xrealloc(h->doors, h->n + 1, sizeof(struct hub_door *));
	h->servers = xrealloc(h->servers, h->n + 1, sizeof(struct server *));
	h->doors[h->n] = door;
	h->servers[h->n] = server_new(h->loop, &hub_service, door);
	server_on_unanswered(h->servers[h->n], unanswered, NULL);
	return h->servers[h->n++];
}

static int
listen_at(struct house *h, struct server *s, const char *address, struct error *e)
{
	if (strcmp(address, "-") == 0)
		serving_stop_when_alone(s, h->loop);
	return server_listen(s, address, h->mode, e);
}

static int
listen_all(struct house *h, struct server *s, const struct option_list *addresses, struct error *e)
{
	for (size_t i = 0; i < addresses->n; i++) {
		if (listen_at(h, s, addresses->items[i], e) < 0)
			return -1;
	}
	return 0;
}

static int
listen_bound(struct house *h, const struct option_list *bound, struct error *e)
{
	for (size_t i = 0; i < bound->n; i++) {
		const char *address;
		char *prefix; /* kept to the end, with the door */

		if (option_pair(bound->items[i], &prefix, &address, e) < 0)
			return error_before(e, "--build-only: ");
		if (!buildname_begins((struct span){ prefix, strlen(prefix) })) {
			error_set(e, ERROR_USAGE, "--build-only: no name of a build begins with '%.80s'",
			    prefix);
			free(prefix);
			return -1;
		}
		if (listen_at(h, open_door(h, prefix, false), address, e) < 0)
			return -1;
	}
	return 0;
}

static int
listen_everywhere(struct house *h, const struct options *o, struct error *e)
{
	struct server *all = open_door(h, NULL, false);
	int handed = serving_handed(all, e);
	AUTO_FREE char *usual = NULL;

	if (handed < 0 || listen_all(h, all, &o->listen, e) < 0 ||
	    listen_bound(h, &o->build_only, e) < 0)
		return -1;
	if (o->read_only.n > 0 && listen_all(h, open_door(h, NULL, true), &o->read_only, e) < 0)
		return -1;
	if (handed > 0 || o->listen.n + o->build_only.n + o->read_only.n > 0)
		return 0;
	usual = place_address(NULL, e);
	return usual == NULL ? -1 : listen_at(h, all, usual, e);
}

static int
read_size(const char *option, const char *text, int64_t least, int64_t *out, struct error *e)
{
	if (number_size(text, strlen(text), out, e) < 0)
		return error_before(e, "%s: ", option);
	if (*out != 0 && *out < least)
		return error_set(e, ERROR_USAGE, "%s: at least %d bytes", option, (int)least);
	return 0;
}

static int
read_settings(const struct options *o, struct hub_settings *s, mode_t *mode, struct error *e)
{
	char *end;
	unsigned long bits = strtoul(o->mode != NULL ? o->mode : "0600", &end, 8);

	if (*end != '\0' || bits > 0777 || bits == 0)
		return error_set(e, ERROR_USAGE, "--mode: expected an octal mode such as 0660, found '%s'",
		    o->mode);
	*mode = (mode_t)bits;
	s->keep_age = o->keep_age;
	if (read_size("--segment-size", o->segment_size != NULL ? o->segment_size : SEGMENT_SIZE,
	    SEGMENT_LEAST, &s->segment_size, e) < 0)
		return -1;
	return o->keep_size == NULL ? 0 :
	    read_size("--keep-size", o->keep_size, SEGMENT_LEAST, &s->keep_size, e);
}

static int
serve(struct house *h, const struct options *o, struct error *e)
{
	AUTO_FREE char *folder = place_folder(o->folder, e);
	struct hub_settings settings = { .folder = folder, .tell = tell };
	int status = -1;

	if (folder == NULL || read_settings(o, &settings, &h->mode, e) < 0 ||
	    serving_memory(o->memory, e) < 0)
		return -1;
	h->hub = hub_open(h->loop, &settings, e);
	if (h->hub == NULL)
		return -1;
	if (listen_everywhere(h, o, e) == 0 && serving_stop_on_signals(h->loop, e) == 0 &&
	    serving_ready(o->ready > 0 ? (int)o->ready : -1, e) == 0) {
		status = loop_run(h->loop, e);
		hub_finish(h->hub);
	}
	for (size_t i = 0; i < h->n; i++) {
		server_free(h->servers[i]);
		free(h->doors[i]);
	}
	hub_close(h->hub);
	return status;
}

static int
run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct house h = { 0 };
	struct error e;
	int status = -1;

	(void)argc;
	(void)argv;
	serving_begin();
	h.loop = loop_new(&e);
	if (h.loop != NULL)
		status = serve(&h, o, &e);
	loop_free(h.loop);
	free(h.servers);
	free(h.doors);
	return status < 0 ? place_complain(&e) : status;
}

const struct command events_serve_command = {
	.program = "mci-events", .verb = "serve",
	.summary = "run the hub", .options = options,
	.noptions = sizeof(options) / sizeof(options[0]), .run = run, .size = sizeof(struct options),
};
