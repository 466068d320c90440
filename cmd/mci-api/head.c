#include "head.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "params.h"
#include "specid.h"

/* What begins with api or - is never an organisation's. */
static bool
meant(struct ask *a, const char *path, const char **values)
{
	const char *first = a->target.nsegments > 0 ? a->target.segments[0] : "";

	if (strncmp(path, "/{", 2) == 0 && (strcmp(first, "api") == 0 || strcmp(first, "-") == 0))
		return false;
	return target_is(&a->target, path, values);
}

/* The verbs that rows of this path have, with what comes with them. */
static void
allow(struct ask *a)
{
	AUTO_BYTES text = { 0 };
	const char *values[TARGET_SEGMENTS];
	unsigned verbs = 1U << HTTP_OPTIONS;

	for (size_t i = 0; i < a->gateway->nroutes; i++) {
		if (meant(a, a->gateway->routes[i].path, values))
			verbs |= 1U << a->gateway->routes[i].verb;
	}
	if (verbs & 1U << HTTP_GET)
		verbs |= 1U << HTTP_HEAD_VERB;
	for (int v = 0; v < HTTP_OTHER; v++) {
		if (verbs & 1U << v)
			bytes_format(&text, "%s%s", text.len > 0 ? ", " : "",
			    http_verb_name((enum http_verb)v));
	}
	exchange_add(a->x, "Allow", bytes_string(&text));
}

/* The row of path and verb. any says whether there is one of the path. */
static const struct route *
find(struct ask *a, bool *any)
{
	enum http_verb verb = exchange_verb(a->x);

	*any = false;
	for (size_t i = 0; i < a->gateway->nroutes; i++) {
		const struct route *r = &a->gateway->routes[i];

		if (!meant(a, r->path, a->values))
			continue;
		*any = true;
		if (r->verb == verb || (r->verb == HTTP_GET && verb == HTTP_HEAD_VERB))
			return r;
	}
	return NULL;
}

static bool
is_json(const char *type)
{
	return type != NULL && strncasecmp(type, "application/json", 16) == 0 &&
	    strchr(" ;", type[16]) != NULL;
}

/* What libmicrohttpd lets pass, and nobody means (RFC 9112 sections 3.2, 6.1 and 6.3). */
static int
check_framing(struct ask *a)
{
	const char *encoding = exchange_header(a->x, "Transfer-Encoding");
	const char *length = exchange_header(a->x, "Content-Length");

	if (exchange_header_again(a->x, "Content-Length") ||
	    exchange_header_again(a->x, "Transfer-Encoding") ||
	    (encoding != NULL && length != NULL) ||
	    (encoding != NULL && strcasecmp(encoding, "chunked") != 0) ||
	    (length != NULL &&
		(length[0] == '\0' || length[strspn(length, "0123456789")] != '\0'))) {
		answer_problem(
		    a, 400, NULL, "Content-Length, Transfer-Encoding: one of them, once");
		return -1;
	}
	if (exchange_header_again(a->x, "Host") || exchange_header_again(a->x, "Authorization")) {
		answer_problem(a, 400, NULL, "Host, Authorization: once");
		return -1;
	}
	if (exchange_header(a->x, "Host") == NULL && exchange_is_11(a->x)) {
		answer_problem(a, 400, NULL, "Host: it is missing");
		return -1;
	}
	if (exchange_fields(a->x) > HTTP_FIELDS) {
		answer_problem(a, 400, NULL, "at most %d header fields", HTTP_FIELDS);
		return -1;
	}
	return 0;
}

static int
check_body(struct ask *a)
{
	const char *length = exchange_header(a->x, "Content-Length");
	const char *type = exchange_header(a->x, "Content-Type");
	bool has = exchange_header(a->x, "Transfer-Encoding") != NULL ||
	    (length != NULL && strspn(length, "0") != strlen(length));

	if (!has)
		return 0;
	if (length != NULL &&
	    (strlen(length) > 12 || strtoull(length, NULL, 10) > a->route->body)) {
		if (a->route->body == 0)
			answer_problem(a, 413, NULL, "this takes no body");
		else
			answer_problem(a, 413, NULL, "the body may have %zu bytes", a->route->body);
		return -1;
	}
	if (a->route->body > 0 && !a->route->body_raw && !is_json(type)) {
		answer_problem(a, 415, NULL, "Content-Type: expected application/json");
		return -1;
	}
	return 0;
}

/* What may stand in the query of the row. 0, or -1 and it is answered. */
static int
check_query(struct ask *a)
{
	for (size_t i = 0; i < a->target.npairs; i++) {
		const char *name = a->target.pairs[i].name;

		for (size_t k = 0; k < i; k++) {
			if (strcmp(a->target.pairs[k].name, name) == 0) {
				answer_problem(
				    a, 400, name, "%.64s: it is in the query twice", name);
				return -1;
			}
		}
		if (!params_among(a->route->query, name)) {
			answer_problem(a, 400, name, "%.64s: there is no such parameter", name);
			return -1;
		}
	}
	return 0;
}

/* Whether what stands in the path for {names} can be one. 0, or -1 and it is answered. */
static int
check_values(struct ask *a)
{
	const char *p = a->route->path;

	for (size_t i = 0; (p = strchr(p, '{')) != NULL; i++, p++) {
		const char *value = a->values[i];
		bool fits = p[strcspn(p, "}") - 1] == '*' ? value[0] != '\0' :
		    strncmp(p, "{number}", 8) == 0 ? value[0] != '\0' && value[0] != '0' &&
			strlen(value) < 10 && value[strspn(value, "0123456789")] == '\0' :
							     spec_id_ok(value, strlen(value));

		if (!fits) {
			answer_problem(
			    a, 404, NULL, "there is nothing at this path; / is the way in");
			return -1;
		}
	}
	return 0;
}

static bool
is_listed(const struct option_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcasecmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

/* Whether a name of Host is one that this machine, or the configuration, knows: a page from
 * elsewhere whose name was made to lead here (DNS rebinding) has another. */
static bool
knows_host(const struct ask *a, const char *host)
{
	static const char *const own[] = { "localhost", "127.0.0.1", "[::1]", "::1" };
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (n == strlen(own[i]) && strncasecmp(host, own[i], n) == 0)
			return true;
	}
	for (size_t i = 0; i < a->gateway->options.hosts.n; i++) {
		const char *name = a->gateway->options.hosts.items[i];

		if (n == strlen(name) && strncasecmp(host, name, n) == 0)
			return true;
	}
	return false;
}

static int
check_host(struct ask *a)
{
	const char *host = exchange_header(a->x, "Host");

	if (host == NULL || !exchange_local(a->x) || strcmp(exchange_from(a->x), "unix") == 0 ||
	    is_listed(&a->gateway->options.proxies, exchange_from(a->x)) || knows_host(a, host))
		return 0;
	answer_problem(
	    a, 421, NULL, "Host: that is not a name of this server; --host says more of them");
	return -1;
}

/* Whether one of the ranges of Accept takes the type, "application/json" (RFC 9110 section 12.5.1).
 */
static bool
accepts(const char *accept, const char *type)
{
	size_t kind = strcspn(type, "/") + 1;

	while (*accept != '\0') {
		size_t n = strcspn(accept, ",");
		size_t range;

		accept += strspn(accept, " \t");
		n = strcspn(accept, ",");
		range = strcspn(accept, ",; \t");
		if (((range == 3 && strncmp(accept, "*/*", 3) == 0) ||
			(range == kind + 1 && strncasecmp(accept, type, kind) == 0 &&
			    accept[kind] == '*') ||
			(range == strlen(type) && strncasecmp(accept, type, range) == 0)) &&
		    memmem(accept, n, "q=0,", 4) == NULL &&
		    (n < 3 || strncmp(accept + n - 3, "q=0", 3) != 0))
			return true;
		accept += n + (accept[n] == ',');
	}
	return false;
}

static int
check_accept(struct ask *a)
{
	const char *accept = exchange_header(a->x, "Accept");

	bool lines = a->route->media == ROUTE_LINES;

	if (accept == NULL || (a->route->media != ROUTE_JSON && !lines) ||
	    accepts(accept, "application/json") || (lines && accepts(accept, "application/x-ndjson")))
		return 0;
	answer_problem(a, 406, NULL, "Accept: what is here is application/json%s",
	    lines ? ", or application/x-ndjson" : "");
	return -1;
}

/* What a browser has to be told so that a page of another origin may read the answer. */
static void
share(struct ask *a)
{
	const char *origin = exchange_header(a->x, "Origin");

	if (origin == NULL || !is_listed(&a->gateway->options.origins, origin))
		return;
	exchange_add(a->x, "Access-Control-Allow-Origin", origin);
	exchange_add(a->x, "Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After");
	if (exchange_verb(a->x) != HTTP_OPTIONS)
		return;
	exchange_add(a->x, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE");
	exchange_add(a->x, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, If-None-Match, Last-Event-ID");
	exchange_add(a->x, "Access-Control-Max-Age", "600");
}

/* Who asks: where a proxy that is known says for whom it does, the last address in front of such
 * ones. */
static void
find_from(struct ask *a)
{
	const struct option_list *known = &a->gateway->options.proxies;
	const char *list = exchange_header(a->x, "X-Forwarded-For");
	size_t end = list == NULL ? 0 : strlen(list);
	struct in6_addr six;

	snprintf(a->from, sizeof(a->from), "%s", exchange_from(a->x));
	while (end > 0 && is_listed(known, a->from)) {
		size_t begin = end;

		while (begin > 0 && list[begin - 1] != ',')
			begin--;
		while (end > begin && (list[end - 1] == ' ' || list[end - 1] == '\t'))
			end--;
		snprintf(a->from, sizeof(a->from), "%.*s",
		    (int)(end - begin - strspn(list + begin, " \t")),
		    list + begin + strspn(list + begin, " \t"));
		end = begin == 0 ? 0 : begin - 1;
	}
	/* who has one address of IPv6 has all that begin so (RFC 4291) */
	if (inet_pton(AF_INET6, a->from, &six) == 1 && !IN6_IS_ADDR_V4MAPPED(&six)) {
		memset(six.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &six, a->from, sizeof(a->from));
	}
}

int
head_check(struct ask *a)
{
	struct error e;
	bool any;

	if (check_framing(a) < 0)
		return -1;
	find_from(a);
	share(a);
	if (strcmp(exchange_path(a->x), "*") == 0 && exchange_verb(a->x) == HTTP_OPTIONS) {
		exchange_add(a->x, "Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
		exchange_answer(a->x, 204, NULL, (struct span){ "", 0 });
		return -1;
	}
	if (target_read(&a->target, exchange_path(a->x), exchange_query(a->x), &e) < 0) {
		answer_problem(a, 400, NULL, "%s", e.text);
		return -1;
	}
	a->route = find(a, &any);
	if (a->route == NULL && !any) {
		answer_problem(a, 404, NULL, "there is nothing at this path; / is the way in");
		return -1;
	}
	if (a->route == NULL) {
		allow(a);
		if (exchange_verb(a->x) == HTTP_OPTIONS)
			exchange_answer(a->x, 204, NULL, (struct span){ "", 0 });
		else
			answer_problem(a, 405, NULL, "%s: not here; Allow says what is",
			    exchange_verb(a->x) == HTTP_OTHER ? "the method" :
								exchange_verb_text(a->x));
		return -1;
	}
	if (check_host(a) < 0 || check_values(a) < 0 || check_accept(a) < 0)
		return -1;
	return check_body(a) < 0 ? -1 : check_query(a);
}
