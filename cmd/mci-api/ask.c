#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "cookie.h"
#include "duration.h"
#include "head.h"
#include "identity.h"
#include "memory.h"
#include "params.h"

/* Exchanges that may wait for an answer at once; one more is told to come again. */
#define WAITING 2048
/* A service that does not answer for so long is at fault. */
#define LIMIT (30 * SECOND)

/* ---- what is called */

static void
called(void *arg, struct span result, const struct error *e)
{
	struct ask *a = arg;
	ask_done *done = a->done;

	a->call = 0;
	a->done = NULL;
	done(a, result, e);
}

/* Whoever changes these may have changed what tokens are good for. */
static bool
touches_identities(const char *method)
{
	return (strncmp(method, "token/", 6) == 0 && strcmp(method, "token/check") != 0) ||
	    strncmp(method, "session/", 8) == 0 || strcmp(method, "agent/remove") == 0 || strcmp(method, "org/remove") == 0 ||
	    strcmp(method, "repo/remove") == 0 || strcmp(method, "repo/put") == 0;
}

static void
go(struct ask *a, struct span data)
{
	const struct client_wish wish = { .limit = LIMIT, .data = data };

	if (touches_identities(a->method->name))
		identities_forget(a->gateway->identities);
	a->call = client_call(a->client, a->method->name,
	    (struct span){ a->params.data, a->params.len }, &wish, called, a);
}

static int
refuse(struct ask *a, enum rights_answer answer, const struct error *e)
{
	a->done = NULL;
	if (answer == RIGHTS_UNKNOWN)
		answer_text(a, 401, NULL, e->text);
	else if (answer == RIGHTS_FORBIDDEN && e->code == ERROR_REFUSED)
		answer_text(a, 403, NULL, e->text);
	else
		answer_error(a, e);
	return -1;
}

static int
check(struct ask *a, const char *method, struct span params, ask_done *done)
{
	struct span name = { method, strlen(method) };
	struct gateway_place *place = gateway_place(a->gateway, name);
	enum rights_answer answer;
	AUTO_BYTES repo = { 0 };
	struct error e;

	a->method = contract_method(place->contract, name);
	a->client = place->client;
	a->done = done;
	a->params.len = 0;
	bytes_add(&a->params, params.p, params.n);
	if (a->params.len == 0)
		bytes_text(&a->params, "{}");
	answer = rights_check(&a->who, a->method, &a->params, &repo, &e);
	if (answer == RIGHTS_IF_PUBLIC)
		answer = a->who.id == NULL ? RIGHTS_UNKNOWN : RIGHTS_MISSING;
	return answer == RIGHTS_YES ? 0 : refuse(a, answer, &e);
}

void
ask_call(struct ask *a, const char *method, struct span params, struct span data, ask_done *done)
{
	if (check(a, method, params, done) == 0)
		go(a, data);
}

void
ask_check(struct ask *a, const char *method, struct span params, ask_done *done)
{
	const struct error none = { .code = ERROR_NONE };

	if (check(a, method, params, done) < 0)
		return;
	a->done = NULL;
	done(a, (struct span){ NULL, 0 }, &none);
}

/* ---- a row without a function */

static void
forwarded(struct ask *a, struct span result, const struct error *e)
{
	if (e->code != ERROR_NONE)
		answer_error(a, e);
	else
		answer_json(a, 0, result);
}

void
ask_forward(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (params_read(a, route_method(a->route), &params) == 0)
		ask_call(a, a->route->call, (struct span){ params.data, params.len },
		    (struct span){ NULL, 0 }, forwarded);
}

/* ---- a request */

static void
run(struct ask *a)
{
	if (a->route->handle != NULL)
		a->route->handle(a);
	else
		ask_forward(a);
}

static void
identified(void *arg, const struct who *who, const struct error *e)
{
	struct ask *a = arg;

	a->identity = 0;
	if (who != NULL) {
		who_copy(&a->who, who);
		run(a);
	} else if (e->code == ERROR_REFUSED || e->code == ERROR_INPUT) {
		identity_failed(a->gateway->identities, exchange_from(a->x));
		answer_text(a, 401, NULL, "that token is nobody's");
	} else {
		answer_error(a, e);
	}
}

/* The token of Authorization (RFC 6750); NULL: there is none. -1: it is there, and no such thing.
 */
static int
token_of(struct ask *a, const char **token)
{
	const char *header = exchange_header(a->x, "Authorization");

	*token = NULL;
	if (header == NULL)
		return 0;
	if (strncasecmp(header, "Bearer ", 7) != 0 || header[7] == '\0' || strlen(header) > 256) {
		answer_text(a, 401, NULL, "Authorization: expected Bearer TOKEN");
		return -1;
	}
	*token = header + 7;
	return 0;
}

static void
identify(struct ask *a)
{
	const char *token;
	int seconds;

	a->known = true;
	if (token_of(a, &token) < 0)
		return;
	if (token == NULL)
		token = a->cookie = cookie_token(a);
	if (a->cookie != NULL && cookie_check(a, a->cookie) < 0)
		return;
	if (token == NULL) {
		run(a);
		return;
	}
	seconds = identity_wait(a->gateway->identities, exchange_from(a->x));
	if (seconds > 0) {
		char text[16];

		snprintf(text, sizeof(text), "%d", seconds);
		exchange_add(a->x, "Retry-After", text);
		answer_text(a, 429, NULL, "too many wrong tokens came from there");
		return;
	}
	a->identity = identity_ask(a->gateway->identities, token, identified, a);
}

static void
asked(void *arg, struct exchange *x)
{
	struct ask *a = exchange_kept(x);

	(void)arg;
	if (exchange_too_long(x))
		answer_problem(a, 413, NULL, "the body may have %zu bytes", a->route->body);
	else if (route_scope(a->route) == RIGHTS_ANYBODY)
		run(a);
	else
		identify(a);
}

static void
begun(void *arg, struct exchange *x)
{
	struct gateway *g = arg;
	struct ask *a = xmalloc(sizeof(*a));

	*a = (struct ask){ .x = x, .gateway = g };
	exchange_keep(x, a);
	if (g->open++ >= WAITING)
		answer_problem(a, 503, NULL, "too much is being asked at once");
	else if (head_check(a) == 0)
		exchange_take(x, a->route->body);
}

static void
ended(void *arg, struct exchange *x)
{
	struct gateway *g = arg;
	struct ask *a = exchange_kept(x);

	g->open--;
	identity_cancel(g->identities, a->identity);
	if (a->call != 0)
		client_cancel(a->client, a->call);
	if (a->drop != NULL)
		a->drop(a->state);
	if (a->cookie != NULL)
		explicit_bzero(a->cookie, strlen(a->cookie));
	free(a->cookie);
	target_free(&a->target);
	who_free(&a->who);
	bytes_free(&a->params);
	free(a);
}

const struct http_events ask_events = { .begun = begun, .asked = asked, .ended = ended };
