/*
 * route: a row of the table of all that is answered (routes.h): method, path, who may, what it
 * takes, the call
 * that it makes, what its answer looks like. The router, the checks, the OpenAPI document, "mci api
 * routes" and
 * the tests come from these rows.
 */
#ifndef MCI_API_ROUTE_H
#define MCI_API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "contract.h"
#include "exchange.h"
#include "rights.h"

struct ask;

/* A body that is a JSON object has at most so many bytes where the row says nothing else. */
#define ROUTE_BODY ((size_t)1024 * 1024)

enum route_media {
	ROUTE_JSON,   /* application/json; errors as application/problem+json */
	ROUTE_LINES,  /* the same, or application/x-ndjson for who asks for that */
	ROUTE_TEXT,   /* text/plain, or plain HTML of the same for a browser */
	ROUTE_STREAM, /* what the row's function says */
	ROUTE_SVG,
	ROUTE_METRICS, /* OpenMetrics text */
};

struct route {
	enum http_verb verb;
	const char *path;    /* "/api/v1/orgs/{org}" */
	const char *summary; /* one line */
	const char *call;    /* the method that it calls; NULL: what its function does */
	/* What the method's parameters are made of: "repo={org}/{repo} build=..." from the path. */
	const char *with;
	/* Names of the query's parameters, those of the method's unless extra has them; NULL: none.
	 */
	const char *query;
	/* What it takes where that is not what the method does: a row of a contract of its own. */
	const struct contract_method *takes;
	/* How the page behind this one is asked for: "before=build", a parameter and the member of
	 * the last row that goes in it; "#" is how many rows there were. NULL: it has no pages. */
	const char *next;
	/* The largest body, which is a JSON object of the other parameters of the method; 0: it has
	 * none. */
	size_t body;
	bool pours;              /* its function takes the body as it comes: ask_pour */
	bool body_raw;           /* it is no JSON object: the row's function reads it */
	int status;              /* of success; 0: 200, or 204 where the method has no results */
	enum rights_scope scope; /* where call is NULL */
	/* The answer: rows of its JSON object; NULL: the results of call. */
	const struct contract_field *answer;
	size_t nanswer;
	const char *answer_of; /* or those of another method */
	enum route_media media;
	bool streams;
	/* NULL: calls, and answers what was answered. */
	void (*handle)(struct ask *a);
};

/* A method of the services behind this door; NULL. */
const struct contract_method *route_contract(const char *method);
/* The row's method of the contract; NULL: it has none. */
const struct contract_method *route_method(const struct route *r);
/* What its parameters are rows of; NULL: it takes none. */
const struct contract_method *route_takes(const struct route *r);
/* What a token has to have for it. */
enum rights_scope route_scope(const struct route *r);

#endif
