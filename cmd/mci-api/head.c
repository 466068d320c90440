#include "head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "params.h"

/* The verbs that rows of this path have, with what comes with them. */
static void
allow(struct ask *a)
{
	AUTO_BYTES text = { 0 };
	const char *values[TARGET_SEGMENTS];
	unsigned verbs = 1U << HTTP_OPTIONS;

	for (size_t i = 0; i < a->gateway->nroutes; i++) {
		if (target_is(&a->target, a->gateway->routes[i].path, values))
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

		if (!target_is(&a->target, r->path, a->values))
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

int
head_check(struct ask *a)
{
	struct error e;
	bool any;

	if (check_framing(a) < 0)
		return -1;
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
	return check_body(a) < 0 ? -1 : check_query(a);
}
