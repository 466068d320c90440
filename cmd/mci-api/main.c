#include "contract.h"
#include "option.h"
#include "route.h"
#include "serveentry.h"
#include "standard.h"

#define PROGRAM "mci-api"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define NPLACES 5

struct options {
	struct serve_options serve;
	const char *events, *log, *store, *supervise;
	struct route *routes[NPLACES];
};

static const struct serve_peer peers[] = {
	{ .service = "events", .offset = offsetof(struct options, events) },
	{ .service = "log", .offset = offsetof(struct options, log) },
	{ .service = "store", .offset = offsetof(struct options, store) },
	{ .service = "supervise", .offset = offsetof(struct options, supervise) },
};

/* The services behind this door: each with its member of the options. */
static const struct place {
	const struct contract_service *contract;
	size_t option;
} places[NPLACES] = {
	{ &contract_events, offsetof(struct options, events) },
	{ &contract_log, offsetof(struct options, log) },
	{ &contract_store, offsetof(struct options, store) },
	{ &contract_queue, offsetof(struct options, store) },
	{ &contract_supervise, offsetof(struct options, supervise) },
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
	.noptions = COUNT(options),
	.size = sizeof(struct options),
};

static int
open_routes(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;

	for (size_t i = 0; i < NPLACES; i++) {
		const char *address = *(const char **)((char *)arg + places[i].option);

		o->routes[i] = route_new(serve_loop(s), places[i].contract, address, e);
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

	for (size_t i = 0; i < NPLACES; i++)
		route_free(o->routes[i]);
}

static const struct serve_program program = {
	.name = PROGRAM, .service = "api", .variable = "MCI_API", .socket = "mci.sock",
	.open = open_routes, .close = close_routes, .peers = peers, .npeers = COUNT(peers),
};

static const struct command *const commands[] = { &command };

const struct serve_entry api_entry = { &program, &command, commands, COUNT(commands) };

int
main(int argc, char **argv)
{
	struct options o = { 0 };

	standard_begin();
	option_parse(&command, &argc, argv, &o);
	return option_finish(PROGRAM, serve_run(&program, &o.serve, &o));
}
