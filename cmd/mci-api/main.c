#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "folder.h"
#include "memory.h"
#include "option.h"
#include "route.h"
#include "serve.h"
#include "standard.h"

#define PROGRAM "mci-api"

#define NPLACES 5

struct options {
	struct serve_options serve;
	const char *events, *log, *store, *supervise;
	struct route *routes[NPLACES];
	char *addresses[NPLACES];
};

/* The services behind this door: each with its option, its variable and its socket among this user's. */
static const struct place {
	const struct contract_service *contract;
	size_t option; /* its member of the options */
	const char *variable, *socket;
} places[NPLACES] = {
	{ &contract_events, offsetof(struct options, events), "MCI_EVENTS", "events.sock" },
	{ &contract_log, offsetof(struct options, log), "MCI_LOG", "log.sock" },
	{ &contract_store, offsetof(struct options, store), "MCI_STORE", "store.sock" },
	{ &contract_queue, offsetof(struct options, store), "MCI_STORE", "store.sock" },
	{ &contract_supervise, offsetof(struct options, supervise), "MCI_SUPERVISE", "supervise.sock" },
};

#define SERVICE(member, text) \
	{ .name = #member, .value = "ADDRESS", .help = text, .kind = OPTION_TEXT, \
	  .offset = offsetof(struct options, member) }

static const struct option options[] = {
	SERVE_OPTIONS_BARE(struct options, serve),
	SERVICE(events, "where the hub is (default: $MCI_EVENTS)"),
	SERVICE(log, "where the log server is (default: $MCI_LOG)"),
	SERVICE(store, "where the store is (default: $MCI_STORE)"),
	SERVICE(supervise, "where the supervisor is (default: $MCI_SUPERVISE)"),
};

static const struct command command = {
	.program = PROGRAM,
	.summary = "the one door of a server: passes each request to the service that it is for",
	.options = options,
	.noptions = sizeof(options) / sizeof(options[0]),
	.size = sizeof(struct options),
};

static const char *
given(const struct options *o, const struct place *p)
{
	const char *option;

	memcpy(&option, (const char *)o + p->option, sizeof(option));
	return option != NULL ? option : getenv(p->variable);
}

static char *
address_of(const struct options *o, const struct place *p, struct error *e)
{
	const char *text = given(o, p);
	AUTO_FREE char *sockets = NULL;

	if (text != NULL && *text != '\0')
		return xstrdup(text);
	sockets = folder_sockets(e);
	return sockets == NULL ? NULL : xformat("unix:%s/%s", sockets, p->socket);
}

static int
open_routes(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;

	for (size_t i = 0; i < NPLACES; i++) {
		o->addresses[i] = address_of(o, &places[i], e);
		if (o->addresses[i] == NULL)
			return -1;
		o->routes[i] = route_new(serve_loop(s), places[i].contract, o->addresses[i], e);
		if (o->routes[i] == NULL ||
		    serve_add(s, route_service(o->routes[i]), o->routes[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
close_routes(void *arg)
{
	struct options *o = arg;

	for (size_t i = 0; i < NPLACES; i++) {
		route_free(o->routes[i]);
		free(o->addresses[i]);
	}
}

int
main(int argc, char **argv)
{
	static const struct serve_program program = {
		.name = PROGRAM, .variable = "MCI_API", .socket = "mci.sock",
		.open = open_routes, .close = close_routes,
	};
	struct options o = { 0 };

	standard_begin();
	option_parse(&command, &argc, argv, &o);
	return option_finish(PROGRAM, serve_run(&program, &o.serve, &o));
}
