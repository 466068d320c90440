#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "counts.h"
#include "cookie.h"
#include "duration.h"
#include "emit.h"
#include "head.h"
#include "identity.h"
#include "kernel.h"
#include "memory.h"
#include "params.h"
#include "rates.h"
#include "message.h"
#include "scan.h"
#include "standing.h"
#include "visibility.h"

/* Exchanges that may wait for an answer at once; one more is told to come again. */
#define WAITING 2048
/* A service that does not answer for so long is at fault. */
#define LIMIT (30 * SECOND)

/* ---- what is called */

/* Whoever changes these may have changed what tokens are good for. */
static bool
touches_identities(const char *method)
{
	return (strncmp(method, "token/", 6) == 0 && strcmp(method, "token/check") != 0) ||
	    strncmp(method, "session/", 8) == 0 || strcmp(method, "agent/remove") == 0 ||
	    strcmp(method, "org/remove") == 0 ||
	    strcmp(method, "repo/remove") == 0 || strcmp(method, "repo/put") == 0;
}

static void
called(void *arg, struct span result, const struct error *e)
{
	struct ask *a = arg;
	ask_done *done = a->done;

	a->call = 0;
	a->done = NULL;
	if (touches_identities(a->method->name))
		standings_look(a->gateway->standings);
	done(a, result, e);
}

static void
go(struct ask *a, struct span data)
{
	const struct client_wish wish = { .limit = LIMIT, .outage = GATEWAY_OUTAGE, .data = data };

	if (touches_identities(a->method->name))
		identities_forget(a->gateway->identities);
	a->caller = a->client;
	a->call = client_call(a->client, a->method->name,
	    (struct span){ a->params.data, a->params.len }, &wish, called, a);
}

static void
refuse(struct ask *a, enum rights_answer answer, const struct error *e)
{
	a->done = NULL;
	if (answer == RIGHTS_UNKNOWN)
		answer_text(a, 401, NULL, e->text);
	else if (answer == RIGHTS_FORBIDDEN && e->code == ERROR_REFUSED)
		answer_text(a, 403, NULL, e->text);
	else
		answer_error(a, e);
}

static void
allowed(struct ask *a)
{
	const struct error none = { .code = ERROR_NONE };
	ask_done *done = a->done;

	if (!a->asks_only) {
		go(a, a->data);
		return;
	}
	a->done = NULL;
	done(a, (struct span){ NULL, 0 }, &none);
}

/* What is nobody's business but theirs, and everybody's where the repository is public. */
static void
looked_up(void *arg, struct span result, const struct error *e)
{
	struct ask *a = arg;
	int public = visibility_told(result, e);
	struct error why;

	a->call = 0;
	if (public > 0) {
		allowed(a);
		return;
	}
	free(a->public_repo);
	a->public_repo = NULL;
	if (public < 0) {
		a->done = NULL;
		answer_error(a, e);
		return;
	}
	error_set(&why, a->who.id == NULL ? ERROR_REFUSED : ERROR_NOT_FOUND, RIGHTS_TOKEN_NEEDED);
	refuse(a, a->who.id == NULL ? RIGHTS_UNKNOWN : RIGHTS_MISSING, &why);
}

static void
look_up(struct ask *a, const char *repo)
{
	const struct client_wish wish = { .limit = LIMIT, .outage = GATEWAY_OUTAGE };

	free(a->public_repo);
	a->public_repo = xstrdup(repo);
	a->call = visibility_ask(a->gateway, repo, &wish, looked_up, a, &a->caller);
}

static void
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
	if (answer == RIGHTS_YES)
		allowed(a);
	else if (answer == RIGHTS_IF_PUBLIC)
		look_up(a, bytes_string(&repo));
	else
		refuse(a, answer, &e);
}

void
ask_call(struct ask *a, const char *method, struct span params, struct span data, ask_done *done)
{
	a->data = data;
	a->asks_only = false;
	check(a, method, params, done);
}

void
ask_check(struct ask *a, const char *method, struct span params, ask_done *done)
{
	a->asks_only = true;
	check(a, method, params, done);
}

/* ---- a row without a function */

/* The last row of the page, and how many there were; false: it is the last page. */
static bool
last_row(struct span result, struct scan_value *last, int64_t *n)
{
	struct scan s, rows;
	struct scan_member m;
	struct span array = { NULL, 0 };
	bool more = false;

	*n = 0;
	if (scan_open(&s, result.p, result.n, NULL) < 0)
		return false;
	while (scan_next(&s, &m, NULL) > 0) {
		if (m.value.type == SCAN_ARRAY)
			array = m.value.raw;
		else if (span_is(m.key, "more"))
			more = span_is(m.value.raw, "true");
	}
	if (!more || array.n == 0 || scan_open(&rows, array.p, array.n, NULL) < 0)
		return false;
	for (; scan_next(&rows, &m, NULL) > 0; ++*n)
		*last = m.value;
	return *n > 0;
}

/* The value that goes on behind the row. */
static int
next_value(
    struct ask *a, const char *member, const struct scan_value *row, int64_t n, struct bytes *into)
{
	const char *from = params_query(a, "from");
	struct scan_value value;

	if (member[0] == '#') {
		bytes_number(into, n + (from == NULL ? 0 : strtoll(from, NULL, 10)));
		return 0;
	}
	if (strcmp(member, "org/id") == 0) {
		if (next_value(a, "org", row, n, into) < 0)
			return -1;
		bytes_char(into, '/');
		member = "id";
	}
	return message_member(row->raw.p, row->raw.n, member, &value, NULL) <= 0 ||
		value.type != SCAN_STRING ?
	    -1 :
	    scan_text(&value, into, NULL);
}

/* Link (RFC 8288) to the page behind this one: by key, so that nothing comes twice or is left out.
 */
void
ask_link_next(struct ask *a, struct span result)
{
	const char *next = a->route->next, *equals = next == NULL ? NULL : strchr(next, '=');
	AUTO_FREE char *param = equals == NULL ? NULL : xmemdup(next, (size_t)(equals - next));
	AUTO_BYTES link = { 0 };
	AUTO_BYTES value = { 0 };
	struct scan_value row;
	int64_t n;

	if (equals == NULL || !last_row(result, &row, &n) ||
	    next_value(a, equals + 1, &row, n, &value) < 0)
		return;
	bytes_format(&link, "<%s?%s=", exchange_path(a->x), param);
	target_escape(&link, bytes_string(&value));
	for (size_t i = 0; i < a->target.npairs; i++) {
		if (strcmp(a->target.pairs[i].name, param) == 0)
			continue;
		bytes_format(&link, "&%s=", a->target.pairs[i].name);
		target_escape(&link, a->target.pairs[i].value);
	}
	bytes_text(&link, ">; rel=\"next\"");
	exchange_add(a->x, "Link", bytes_string(&link));
}

/* What was made is told with where it is (RFC 9110 sections 9.3.4 and 15.3.2); 0: the row says. */
static int
status_of(struct ask *a, struct span result)
{
	struct scan_value created, id;
	AUTO_BYTES where = { 0 }, name = { 0 };
	enum http_verb verb = exchange_verb(a->x);
	int status = a->route->status;

	if (verb != HTTP_POST && verb != HTTP_PUT)
		return status;
	if (message_member(result.p, result.n, "created", &created, NULL) > 0)
		status = span_is(created.raw, "true") ? 201 : 200;
	if (status != 201 || verb != HTTP_POST ||
	    message_member(result.p, result.n, "id", &id, NULL) <= 0 || scan_text(&id, &name, NULL) < 0)
		return status;
	bytes_text(&where, exchange_path(a->x));
	if (where.data[where.len - 1] != '/')
		bytes_char(&where, '/');
	target_escape(&where, bytes_string(&name));
	exchange_add(a->x, "Location", bytes_string(&where));
	return status;
}

static void
forwarded(struct ask *a, struct span result, const struct error *e)
{
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	ask_link_next(a, result);
	answer_json(a, status_of(a, result), result);
}

static void
ask_forward(struct ask *a)
{
	AUTO_BYTES params = { 0 };

	if (params_read(a, route_takes(a->route), &params) == 0)
		ask_call(a, a->route->call, (struct span){ params.data, params.len },
		    (struct span){ NULL, 0 }, forwarded);
}

/* ---- a request */

/* Whether it has not asked too much of late: whoever has a token by that, others by their address. What
 * builds are run with is never held up. 0, or -1 and it is answered. */
static int
admit(struct ask *a)
{
	AUTO_BYTES client = { 0 };
	int64_t wait;

	if (a->gateway->rates == NULL || who_has(&a->who, RIGHTS_AGENT))
		return 0;
	bytes_format(&client, "%s:%s", a->who.id == NULL ? "address" : "token",
	    a->who.id == NULL ? a->from : a->who.id);
	wait = rates_take(a->gateway->rates, (struct span){ client.data, client.len }, kernel.now());
	if (wait == 0)
		return 0;
	answer_later(a, wait);
	answer_problem(a, 429, NULL, "more than %lld requests a second came from %s",
	    (long long)a->gateway->options.rate, a->who.id == NULL ? "there" : "this token");
	return -1;
}

static void
run(struct ask *a)
{
	if (admit(a) < 0)
		return;
	if (a->route->handle != NULL)
		a->route->handle(a);
	else
		ask_forward(a);
}

/* A wrong token; who shows many is told to wait. Right ones from the same address are none the
 * worse for it. */
static void
nobody(struct ask *a)
{
	int64_t wait = identity_failed(a->gateway->identities, a->from);

	if (wait == 0) {
		answer_text(a, 401, NULL, "that token is nobody's");
		return;
	}
	answer_later(a, wait);
	answer_text(a, 429, NULL, "too many wrong tokens came from there");
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
		nobody(a);
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
	a->identity = identity_ask(a->gateway->identities, token, identified, a);
}

void
ask_pour(struct ask *a, size_t (*pour)(struct ask *a, struct span piece))
{
	a->pour = pour;
	exchange_patient(a->x);
	standing_watch(a);
	if (a->poured)
		pour(a, (struct span){ NULL, 0 });
	else
		exchange_wake(a->x);
}

/* Who sends it is asked for first; what comes of a body that is refused already goes nowhere. */
static size_t
poured(struct exchange *x, struct span piece)
{
	struct ask *a = exchange_kept(x);

	if (!a->known)
		identify(a);
	if (a->answered)
		return piece.n;
	return a->pour == NULL ? 0 : a->pour(a, piece);
}

static void
asked(void *arg, struct exchange *x)
{
	struct ask *a = exchange_kept(x);

	(void)arg;
	a->poured = true;
	if (a->known) {
		if (a->pour != NULL && !a->answered)
			a->pour(a, (struct span){ NULL, 0 });
		return;
	}
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
	else if (head_check(a) < 0)
		return;
	else if (a->route->pours)
		exchange_pour(x, poured);
	else
		exchange_take(x, a->route->body);
}

static void
ended(void *arg, struct exchange *x)
{
	struct gateway *g = arg;
	struct ask *a = exchange_kept(x);

	g->open--;
	counts_add(g->counts, a->route, exchange_status(x), kernel.now() - exchange_began(x));
	standing_over(a);
	identity_cancel(g->identities, a->identity);
	if (a->call != 0)
		client_cancel(a->caller, a->call);
	if (a->drop != NULL)
		a->drop(a->state);
	if (a->cookie != NULL)
		explicit_bzero(a->cookie, strlen(a->cookie));
	free(a->cookie);
	target_free(&a->target);
	who_free(&a->who);
	bytes_free(&a->params);
	free(a->public_repo);
	free(a);
}

const struct http_events ask_events = { .begun = begun, .asked = asked, .ended = ended };
