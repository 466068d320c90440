/* Anything on a connection of mci-api: it is answered with HTTP or closed, and nothing is kept of it. The store is a
 * stub that knows every token and answers every call with an empty object; the other services are away. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/mci-api/ask.h"
#include "cmd/mci-api/counts.h"
#include "cmd/mci-api/identity.h"
#include "cmd/mci-api/routes.h"
#include "cmd/mci-api/session.h"
#include "cmd/mci-api/standing.h"
#include "duration.h"
#include "kernel.h"
#include "serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char folder[] = "/tmp/mci-fuzz-http.XXXXXX";
static struct loop *loop;
static struct server *server;
static struct gateway gateway;
static struct gateway_place places[6];

static void
expect(int truth)
{
	if (!truth)
		abort();
}

static void
call(void *self, struct request *r)
{
	static const char who[] = "{\"id\":\"t\",\"scopes\":[\"admin\",\"agent\"]}", nothing[] = "{}";
	bool check = strcmp(request_row(r)->name, "token/check") == 0;
	const char *text = check ? who : nothing;

	(void)self;
	if (request_row(r)->stream)
		request_fail(r, "refused", "no streams here");
	else
		request_reply(r, (struct span){ text, strlen(text) });
}

static const struct service *
stub(const struct contract_service *contract)
{
	static struct service stubs[2];
	static struct service_method methods_of[2][64];
	static size_t n;
	struct service *s = &stubs[n];
	struct service_method *methods = methods_of[n++];

	expect(contract->nmethods <= COUNT(methods_of[0]));
	for (size_t i = 0; i < contract->nmethods; i++)
		methods[i] = (struct service_method){ contract->methods[i].name, call };
	*s = (struct service){ .contract = contract, .methods = methods, .nmethods = contract->nmethods };
	return s;
}

/* What comes by POST /api/v1/call goes to the stub. */
static int
connect_door(void *arg, int in, int out, struct error *e)
{
	return server_connect(arg, in, out, e);
}

static void
clean_up(void)
{
	server_free(server);
	rmdir(folder);
}

static void
begin(void)
{
	static char store[64], away[64];
	const struct contract_service *const contracts[] = { &contract_store, &contract_queue, &contract_events,
		&contract_log, &contract_blob, &contract_supervise };

	serve_begin();
	expect(mkdtemp(folder) != NULL);
	snprintf(store, sizeof(store), "unix:%s/store", folder);
	snprintf(away, sizeof(away), "unix:%s/away", folder);
	loop = loop_new(NULL);
	server = server_new(loop, stub(&contract_store), NULL);
	expect(server_add(server, stub(&contract_queue), NULL, NULL) == 0);
	expect(server_listen(server, store, 0, NULL) == 0);
	for (size_t i = 0; i < COUNT(places); i++)
		places[i] = (struct gateway_place){ contracts[i], i < 2 ? store : away, NULL };
	gateway = (struct gateway){ .loop = loop, .routes = routes, .nroutes = nroutes, .places = places,
		.nplaces = COUNT(places) };
	gateway.counts = counts_new(routes, nroutes);
	gateway.identities = identities_new(&gateway);
	gateway.standings = standings_new(&gateway);
	gateway.sessions = sessions_new(loop, connect_door, server);
	gateway.http = http_new(loop, &ask_events, &gateway, NULL);
	http_patience(gateway.http, SECOND);
	expect(gateway.http != NULL && gateway_open(&gateway, NULL) == 0);
	atexit(clean_up);
}

/* What is read before the end of the connection; its first bytes. */
static size_t
answer(int fd, char *first, size_t room)
{
	int64_t until = kernel.now() + 5 * SECOND;
	char piece[16384];
	size_t got = 0;
	ssize_t n = -1;

	while (n != 0 && kernel.now() < until) {
		loop_round(loop, kernel.now() + 20 * MILLISECOND, NULL);
		while ((n = read(fd, piece, sizeof(piece))) > 0) {
			for (ssize_t i = 0; i < n && got < room; i++)
				first[got++] = piece[i];
		}
	}
	expect(n == 0 || kernel.now() < until);
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char first[9];
	int ends[2];
	size_t got;

	if (loop == NULL)
		begin();
	expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	expect(http_connect(gateway.http, ends[1], NULL) == 0);
	(void)!write(ends[0], data, n);
	/* an end that came with the last bytes is seen by the daemon's patience alone */
	for (int i = 0; i < 4; i++)
		loop_round(loop, kernel.now(), NULL);
	shutdown(ends[0], SHUT_WR);
	got = answer(ends[0], first, sizeof(first));
	close(ends[0]);
	for (int i = 0; http_open(gateway.http) > 0 && i < 100; i++)
		loop_round(loop, kernel.now() + 10 * MILLISECOND, NULL);
	expect(got == 0 || (got == sizeof(first) && memcmp(first, "HTTP/1.", 7) == 0));
	expect(http_open(gateway.http) == 0 && gateway.open == 0);
	return 0;
}
