#include "order.h"

#include <stdio.h>
#include <string.h>

#include "grant.h"
#include "jsontree.h"
#include "line.h"
#include "query.h"

/* The columns of build_order. */
enum {
	NAME,
	RUN,
	LEASE,
	TRUST,
	EVENT,
	REF,
	BRANCH,
	TAG,
	TARGET,
	REV,
	BASE,
	ACTOR,
	MESSAGE,
	PARAMS,
	RERUN_OF,
	RERUN_FAILED,
	RERUN_FROM,
	SPECS,
	REPO,
	ORG_NAME,
	REPO_NAME,
	URL,
	MAIN,
	AGENT,
	RERUN_NO_CACHE
};

/* Texts that go as they are, those that are there. */
static const struct {
	int column;
	const char *member;
} texts[] = {
	{ NAME, "build" },
	{ TRUST, "trust" },
	{ URL, "url" },
	{ EVENT, "event" },
	{ REF, "ref" },
	{ REV, "rev" },
	{ BASE, "base" },
	{ BRANCH, "branch" },
	{ TAG, "tag" },
	{ TARGET, "target" },
	{ ACTOR, "actor" },
	{ MESSAGE, "message" },
	{ SPECS, "specs" },
};

static void
put_text(json_t *into, const char *member, const char *text)
{
	if (text != NULL && *text != '\0')
		json_object_set_new(into, member, json_string(text));
}

static void
put_rerun(json_t *order, struct query *q)
{
	json_t *rerun;

	if (query_column_null(q, RERUN_OF))
		return;
	rerun = json_object();
	put_text(rerun, "of", query_column_text(q, RERUN_OF));
	if (query_column_integer(q, RERUN_FAILED) != 0)
		json_object_set_new(rerun, "failed", json_true());
	if (query_column_integer(q, RERUN_NO_CACHE) != 0)
		json_object_set_new(rerun, "no-cache", json_true());
	put_text(rerun, "from", query_column_text(q, RERUN_FROM));
	json_object_set_new(order, "rerun", rerun);
}

/* What it may know: nothing of the organisation's, where it is a stranger's. */
static int
put_params(json_t *order, struct query *q, struct database *db, struct secrets *secrets, struct error *e)
{
	json_t *params = json_object(), *values = json_object(), *keys = json_array(), *own;

	json_object_set_new(order, "params", params);
	json_object_set_new(order, "secrets", values);
	json_object_set_new(order, "keys", keys);
	if (strcmp(query_column_text(q, TRUST), "trusted") == 0 &&
	    grant_to_repo(secrets, db, query_column_integer(q, REPO), params, values, keys, e) < 0)
		return -1;
	if (query_column_null(q, PARAMS))
		return 0;
	own = jsontree_read(query_column_span(q, PARAMS), e);
	if (own == NULL)
		return -1;
	json_object_update(params, own);
	json_decref(own);
	return 0;
}

static json_t *
make(struct query *q, struct database *db, struct secrets *secrets, struct error *e)
{
	json_t *order = json_object();
	const char *main = query_column_text(q, MAIN);

	json_object_set_new(order, "version", json_integer(1));
	json_object_set_new(order, "run", json_integer(query_column_integer(q, RUN)));
	json_object_set_new(order, "source", json_string("server"));
	json_object_set_new(order, "repo",
	    json_sprintf("%s/%s", query_column_text(q, ORG_NAME), query_column_text(q, REPO_NAME)));
	put_text(order, "main", main != NULL ? main : "main");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_text(order, texts[i].member, query_column_text(q, texts[i].column));
	put_rerun(order, q);
	if (put_params(order, q, db, secrets, e) == 0)
		return order;
	json_decref(order);
	return NULL;
}

int
order_write(struct bytes *into, struct database *db, struct secrets *secrets, int64_t build,
    int seconds, struct order_held *held, struct error *e)
{
	AUTO_QUERY q = { 0 };
	json_t *claim, *order;
	size_t from = into->len;

	query_begin(&q, db, STATEMENT_BUILD_ORDER);
	query_integer(&q, build);
	if (query_next(&q, e) <= 0)
		return -1;
	order = make(&q, db, secrets, e);
	if (order == NULL)
		return -1;
	held->run = query_column_integer(&q, RUN);
	bytes_text(held->name, query_column_text(&q, NAME));
	snprintf(held->lease, sizeof(held->lease), "%s", query_column_text(&q, LEASE));
	snprintf(held->agent, sizeof(held->agent), "%s", query_column_text(&q, AGENT));
	claim = json_object();
	put_text(claim, "build", query_column_text(&q, NAME));
	json_object_set_new(claim, "run", json_integer(held->run));
	put_text(claim, "lease", held->lease);
	json_object_set_new(claim, "seconds", json_integer(seconds));
	json_object_set_new(claim, "order", order);
	jsontree_write(into, claim);
	json_decref(claim);
	if (into->len - from < LINE_LIMIT - 1024)
		return 0;
	return error_set(e, ERROR_LIMIT, "the order of %s has %zu bytes, a line may have %d",
	    bytes_string(held->name), into->len - from, LINE_LIMIT);
}
