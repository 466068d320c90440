#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "blobworker.h"
#include "contract.h"
#include "counts.h"
#include "forward.h"
#include "gateway.h"
#include "http.h"
#include "identity.h"
#include "oneshot.h"
#include "openapi.h"
#include "option.h"
#include "rates.h"
#include "routes.h"
#include "serveentry.h"
#include "session.h"
#include "standing.h"
#include "standard.h"
#include "tap.h"

#define PROGRAM "mci-api"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define NPLACES 6
/* Requests a second of one client: some pages of a browser at once, and no more than a tenth of what
 * this program can. */
#define RATE 200

struct options {
	struct serve_options serve;
	const char *events, *log, *blob, *store, *supervise;
	struct option_list http;
	bool one;
	int64_t patience;
	struct gateway gateway;
	struct gateway_place places[NPLACES];
	struct forward *forwards[NPLACES];
};

static const struct serve_peer peers[] = {
	{ .service = "events", .offset = offsetof(struct options, events) },
	{ .service = "log", .offset = offsetof(struct options, log) },
	{ .service = "blob", .offset = offsetof(struct options, blob) },
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
	{ &contract_blob, offsetof(struct options, blob) },
	{ &contract_store, offsetof(struct options, store) },
	{ &contract_queue, offsetof(struct options, store) },
	{ &contract_supervise, offsetof(struct options, supervise) },
};

#define SERVICE(member, text)                                                                      \
	{                                                                                          \
		.name = #member, .value = "ADDRESS", .help = text, .kind = OPTION_TEXT,            \
		.offset = offsetof(struct options, member)                                         \
	}

static const struct option options[] = {
	SERVE_OPTIONS_BARE(struct options, serve),
	SERVICE(events, "where the hub is (default: $MCI_EVENTS)"),
	SERVICE(log, "where the log server is (default: $MCI_LOG)"),
	SERVICE(blob, "where the store of files is (default: $MCI_BLOB)"),
	SERVICE(store, "where the store is (default: $MCI_STORE)"),
	SERVICE(supervise, "where the supervisor is (default: $MCI_SUPERVISE)"),
	{ .name = "http",
	    .value = "ADDRESS",
	    .help = "where HTTP is served: HOST:PORT or unix:PATH (again: more)",
	    .kind = OPTION_LIST,
	    .offset = offsetof(struct options, http) },
	{ .name = "check-answers",
	    .help = "hold each answer against its shape: for tests",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, gateway.options.check) },
	{ .name = "host",
	    .value = "NAME",
	    .help = "a name by which it may be asked at a local address (again: more)",
	    .kind = OPTION_LIST,
	    .offset = offsetof(struct options, gateway.options.hosts) },
	{ .name = "origin",
	    .value = "ORIGIN",
	    .help = "pages from there may ask, as https://ci.example.org (again: more)",
	    .kind = OPTION_LIST,
	    .offset = offsetof(struct options, gateway.options.origins) },
	{ .name = "patience", .value = "DURATION",
	  .help = "how long a head, and a body, may take to come (30s)",
	  .kind = OPTION_DURATION, .offset = offsetof(struct options, patience) },
	{ .name = "proxy",
	    .value = "IP",
	    .help = "X-Forwarded-For is believed from there (again: more)",
	    .kind = OPTION_LIST,
	    .offset = offsetof(struct options, gateway.options.proxies) },
	{ .name = "rate", .value = "N",
	  .help = "requests a second of one token, or of one address without (200); 0: any number",
	  .kind = OPTION_NUMBER, .offset = offsetof(struct options, gateway.options.rate),
	  .min = 0, .max = 1000000 },
	{ .name = "stdin",
	    .help = "answer one HTTP request from standard input, and end",
	    .kind = OPTION_FLAG,
	    .offset = offsetof(struct options, one) },
};

static const struct command command = {
	.program = PROGRAM,
	.operands = "[routes|openapi]",
	.max_operands = 1,
	.summary = "the one door of a server: passes each request to the service that it is for",
	.options = options,
	.noptions = COUNT(options),
	.size = sizeof(struct options),
};

static const char *
address_of(struct options *o, size_t place)
{
	return *(const char **)((char *)o + places[place].option);
}

/* What answers HTTP; nobody is listened to yet. */
static int
open_gateway(struct options *o, struct loop *loop, struct error *e)
{
	struct gateway *g = &o->gateway;

	g->loop = loop;
	g->routes = routes;
	g->nroutes = nroutes;
	g->places = o->places;
	g->nplaces = NPLACES;
	for (size_t i = 0; i < NPLACES; i++)
		o->places[i] = (struct gateway_place){ places[i].contract, address_of(o, i), NULL };
	g->counts = counts_new(routes, nroutes);
	g->identities = identities_new(g);
	g->standings = standings_new(g);
	g->rates = g->options.rate > 0 ? rates_new(g->options.rate) : NULL;
	g->tap = tap_new(loop, o->events);
	g->workers = blobworkers_new(loop);
	g->http = http_new(loop, &ask_events, g, e);
	if (g->http == NULL)
		return -1;
	if (o->patience > 0)
		http_patience(g->http, o->patience);
	return gateway_open(g, e);
}

static void
close_gateway(struct options *o)
{
	struct gateway *g = &o->gateway;

	http_free(g->http);
	sessions_free(g->sessions);
	tap_free(g->tap);
	blobworkers_free(g->workers);
	gateway_close(g);
	identities_free(g->identities);
	standings_free(g->standings);
	rates_free(g->rates);
	bytes_free(&g->document);
	counts_free(g->counts);
}

/* What comes by POST goes through the same door as what comes by the socket. */
static int
connect_door(void *arg, int in, int out, struct error *e)
{
	return serve_connect(arg, in, out, e);
}

static int
open_api(struct serve *s, void *arg, struct error *e)
{
	struct options *o = arg;
	const char *handed;

	for (size_t i = 0; i < NPLACES; i++) {
		o->forwards[i] =
		    forward_new(serve_loop(s), places[i].contract, address_of(o, i), e);
		if (o->forwards[i] == NULL ||
		    serve_add(s, forward_service(o->forwards[i]), o->forwards[i], e) < 0)
			return -1;
	}
	if (open_gateway(o, serve_loop(s), e) < 0)
		return -1;
	o->gateway.sessions = sessions_new(serve_loop(s), connect_door, s);
	for (size_t i = 0; (handed = serve_also(s, i)) != NULL; i++) {
		if (http_listen(o->gateway.http, handed, 0, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < o->http.n; i++) {
		if (http_listen(o->gateway.http, o->http.items[i], 0, e) < 0)
			return -1;
	}
	return 0;
}

static void
close_api(void *arg)
{
	struct options *o = arg;

	close_gateway(o);
	for (size_t i = 0; i < NPLACES; i++)
		forward_free(o->forwards[i]);
}

static const struct serve_program program = {
	.name = PROGRAM,
	.service = "api",
	.variable = "MCI_API",
	.socket = "mci.sock",
	.also = "http",
	.open = open_api,
	.close = close_api,
	.peers = peers,
	.npeers = COUNT(peers),
};

static const struct command *const commands[] = { &command };

const struct serve_entry api_entry = { &program, &command, commands, COUNT(commands) };

/* The table of routes, in one of its forms. */
static int
show_routes(const char *form)
{
	AUTO_BYTES text = { 0 };
	struct error e;

	if (strcmp(form, "routes") == 0)
		openapi_lines(&text, routes, nroutes);
	else if (strcmp(form, "openapi") == 0)
		openapi_write(&text, routes, nroutes);
	else
		return error_set(
			   &e, ERROR_USAGE, "'%.40s': expected routes, openapi, or nothing", form),
		       option_fail(PROGRAM, &e);
	fwrite(text.data, 1, text.len, stdout);
	return 0;
}

/* A request on standard input. */
static int
answer_one(struct options *o)
{
	struct serve *s;
	struct loop *loop = NULL;
	struct error e;
	int result = -1;

	serve_begin();
	s = serve_new(&program, &o->serve, o, NULL, &e);
	if (s != NULL)
		loop = loop_new(&e);
	if (loop != NULL) {
		result = open_gateway(o, loop, &e);
		if (result == 0)
			result = oneshot_run(loop, o->gateway.http, &e);
		close_gateway(o);
		loop_free(loop);
	}
	serve_free(s);
	return result < 0 ? option_fail(PROGRAM, &e) : 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .gateway.options.rate = RATE };

	standard_begin();
	option_parse(&command, &argc, argv, &o);
	if (argc > 0)
		return option_finish(PROGRAM, show_routes(argv[0]));
	return option_finish(PROGRAM, o.one ? answer_one(&o) : serve_run(&program, &o.serve, &o));
}
