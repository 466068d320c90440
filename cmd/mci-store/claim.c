#include "claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "decide.h"
#include "emit.h"
#include "jsontree.h"
#include "kernel.h"
#include "lease.h"
#include "memory.h"
#include "order.h"
#include "query.h"
#include "tokens.h"

/* How many builds of a repository agents have now, and whether they may have one more. */
struct share {
	int64_t repo, org, builds;
	bool judged, eligible;
};

struct choice {
	const json_t *labels; /* of the agent */
	bool isolates;
	struct token token; /* that the agent shows */
	struct share *shares;
	size_t nshares;
	int64_t *over; /* builds that wait for nobody: their end came late */
	size_t nover;
	int64_t build; /* 0: none is eligible */
};

static void
choice_free(struct choice *c)
{
	token_free(&c->token);
	free(c->shares);
	free(c->over);
}

static struct share *
share_of(struct choice *c, int64_t repo)
{
	for (size_t i = 0; i < c->nshares; i++) {
		if (c->shares[i].repo == repo)
			return &c->shares[i];
	}
	c->shares = xrealloc(c->shares, c->nshares + 1, sizeof(*c->shares));
	c->shares[c->nshares] = (struct share){ .repo = repo };
	return &c->shares[c->nshares++];
}

static int
read_shares(struct choice *c, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILDS_CLAIMED);
	while ((got = query_next(&q, e)) > 0) {
		struct share *s = share_of(c, query_column_integer(&q, 0));

		s->org = query_column_integer(&q, 1);
		s->builds = query_column_integer(&q, 2);
	}
	return got;
}

static int64_t
builds_of_org(const struct choice *c, int64_t org)
{
	int64_t n = 0;

	for (size_t i = 0; i < c->nshares; i++)
		n += c->shares[i].org == org ? c->shares[i].builds : 0;
	return n;
}

/* Whether the agent has all labels that are wanted (JSON, or NULL). */
static bool
labels_fit(const char *wanted, const json_t *labels)
{
	json_t *all =
	    wanted == NULL ? NULL : jsontree_read((struct span){ wanted, strlen(wanted) }, NULL);
	const char *name;
	json_t *value;
	bool fit = true;

	json_object_foreach(all, name, value) fit =
	    fit && json_equal(value, json_object_get(labels, name));
	json_decref(all);
	return fit;
}

/* Whether it is for this repository. */
static bool
token_fits(const struct token *t, const char *org, const char *repo)
{
	return (t->org == NULL || strcmp(t->org, org) == 0) &&
	    (t->repo == NULL || strcmp(t->repo, repo) == 0);
}

static int
judge(struct choice *c, struct share *s, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_REPO_RULES);
	query_integer(&q, s->repo);
	if (query_next(&q, e) <= 0)
		return -1;
	s->judged = true;
	s->org = query_column_integer(&q, 0);
	s->eligible = token_fits(&c->token, query_column_text(&q, 4), query_column_text(&q, 5)) &&
	    labels_fit(query_column_text(&q, 1), c->labels) &&
	    (query_column_null(&q, 2) || s->builds < query_column_integer(&q, 2)) &&
	    (query_column_null(&q, 3) || builds_of_org(c, s->org) < query_column_integer(&q, 3));
	return 0;
}

static void
note_over(struct choice *c, int64_t build)
{
	c->over = xrealloc(c->over, c->nover + 1, sizeof(*c->over));
	c->over[c->nover++] = build;
}

/* The columns of builds_waiting. */
enum { ID, REPO, TRUST, RUN, ENDED_RUN };

static int
choose(struct choice *c, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILDS_WAITING);
	while (c->build == 0 && (got = query_next(&q, e)) > 0) {
		int64_t id = query_column_integer(&q, ID);
		struct share *s;

		if (!query_column_null(&q, ENDED_RUN) &&
		    query_column_integer(&q, ENDED_RUN) == query_column_integer(&q, RUN)) {
			note_over(c, id);
			continue;
		}
		if (!c->isolates && strcmp(query_column_text(&q, TRUST), "trusted") != 0)
			continue;
		s = share_of(c, query_column_integer(&q, REPO));
		if (!s->judged && judge(c, s, db, e) < 0)
			return -1;
		if (s->eligible)
			c->build = id;
	}
	return c->build != 0 ? 0 : got;
}

/* ---- what was chosen is the agent's */

static void
make_lease(char text[33])
{
	unsigned char bytes[16];

	kernel.random(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static int
take(struct transaction *t, int64_t build, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	char lease[33];

	make_lease(lease);
	query_begin(&q, db, STATEMENT_BUILD_TAKE);
	query_text(&q, transaction_text(t, "id"));
	query_text(&q, lease);
	query_text(&q, t->agent);
	query_integer(&q, build);
	return query_run(&q, e);
}

static int
answer(struct transaction *t, int64_t build, struct database *db, struct error *e)
{
	struct order_held held = { .name = &t->name };

	if (order_write(&t->result, db, t->secrets, build, LEASE_SECONDS, &held, e) < 0)
		return -1;
	t->build = build;
	t->run = held.run;
	memcpy(t->lease, held.lease, sizeof(t->lease));
	memcpy(t->agent, held.agent, sizeof(t->agent));
	return 0;
}

static int
tell(struct transaction *t, struct database *db, struct error *e)
{
	AUTO_BYTES event = { 0 };

	change_begin(&event, "build/pending", bytes_string(&t->name), t->run);
	emit_text(&event, "agent", t->agent);
	return change_add(&event, db, e);
}

/* 1 when the claim of this id was answered before, 0, -1. */
static int
known(struct transaction *t, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILD_OF_CLAIM);
	query_text(&q, transaction_text(t, "id"));
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	if (strcmp(query_column_text(&q, 1), "claimed") != 0)
		return error_set(
		    e, ERROR_REFUSED, "id: the build of this claim is not this agent's any more");
	/* its answer holds secrets */
	if (query_column_null(&q, 2) || strcmp(query_column_text(&q, 2), t->agent) != 0)
		return error_set(e, ERROR_REFUSED, "id: another agent has claimed with it");
	return answer(t, query_column_integer(&q, 0), db, e) < 0 ? -1 : 1;
}

static int
claim_next(struct transaction *t, struct choice *c, struct database *db, struct error *e)
{
	if (read_shares(c, db, e) < 0 || choose(c, db, e) < 0)
		return -1;
	for (size_t i = 0; i < c->nover; i++) {
		if (decide_over(db, &(struct decide){ .id = c->over[i] }, e) < 0)
			return -1;
	}
	if (c->build == 0)
		return 0;
	if (take(t, c->build, db, e) < 0 || answer(t, c->build, db, e) < 0)
		return -1;
	return tell(t, db, e);
}

/* Whose token it is; its agent goes by another name where it says one. */
static int
admit(struct transaction *t, struct choice *c, struct database *db, struct error *e)
{
	const char *name = transaction_text(t, "name");
	AUTO_BYTES labels = { 0 };
	const char *agent;

	if (token_find(db, transaction_text(t, "token"), &c->token, e) < 0)
		return -1;
	agent = c->token.agent;
	if (agent == NULL)
		return error_set(e, ERROR_REFUSED,
		    "that token is no agent's: 'mci token create --agent NAME' makes one");
	snprintf(t->agent, sizeof(t->agent), "%s", name != NULL ? name : agent);
	if (c->labels != NULL)
		jsontree_write(&labels, c->labels);
	return token_agent_seen(db, agent, c->labels != NULL ? bytes_string(&labels) : NULL, c->isolates, e);
}

int
claim_work(struct transaction *t, struct database *db, struct error *e)
{
	struct choice c = { .labels = json_object_get(t->params, "labels"),
		.isolates = json_is_true(json_object_get(t->params, "isolates")) };
	const char *id = transaction_text(t, "id");
	int got;

	if (*id == '\0' || strlen(id) > 128)
		return error_set(e, ERROR_INPUT, "id: expected 1 to 128 bytes");
	got = admit(t, &c, db, e);
	if (got == 0)
		got = known(t, db, e);
	if (got == 0)
		got = claim_next(t, &c, db, e);
	choice_free(&c);
	return got < 0 ? -1 : 0;
}
