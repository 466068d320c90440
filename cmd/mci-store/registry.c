#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include "entity.h"
#include "entry.h"
#include "kernel.h"
#include "memory.h"
#include "query.h"
#include "store.h"
#include "timestamp.h"
#include "tokens.h"
#include "transaction.h"

/* Rows of a list: at most, and where nothing is said. */
#define LIST_MOST 1000
#define LIST_USUAL 100

static void
give(struct store *s, struct request *r, transaction_work *work)
{
	transaction_do(r, &s->secrets, s->writer, work);
}

static struct entry_place
place_of(struct transaction *t, struct database *db)
{
	return (struct entry_place){ .secrets = t->secrets,
		.db = db,
		.entity = entity_of(t->method),
		.org_name = transaction_text(t, "org") };
}

/* The error says of which method it is. */
static int
of_method(const struct transaction *t, struct error *e)
{
	return e->code == ERROR_INPUT || e->code == ERROR_LIMIT ?
	    error_before(e, "%s: ", t->method) :
	    -1;
}

/* ---- one row */

static int
put(struct transaction *t, struct database *db, struct error *e)
{
	struct entry_place p = place_of(t, db);
	AUTO_FREE char *id = NULL;
	bool created;

	if (entity_check(p.entity, t->params, e) < 0 || entry_place(&p, e) < 0 ||
	    entry_put(&p, t->params, &id, &created, e) < 0 || entry_fits(&p, e) < 0)
		return of_method(t, e);
	return transaction_answer(t, json_pack("{s:s, s:b}", "id", id, "created", created));
}

void
registry_put(void *self, struct request *r)
{
	give(self, r, put);
}

/* Whether a row of what has no organisation is that one's, where one is asked for: a token's. */
static bool
is_of(const struct entity *x, const json_t *row, const char *org)
{
	const char *own = json_string_value(json_object_get(row, "org"));

	return entity_of_org(x) || org == NULL || (own != NULL && strcmp(own, org) == 0);
}

static int
remove_one(struct transaction *t, struct database *db, struct error *e)
{
	struct entry_place p = place_of(t, db);
	const char *id = transaction_text(t, "id");
	json_auto_t *row = NULL;
	int64_t number;

	if (!entity_of_org(p.entity) && p.org_name != NULL) {
		if (entity_find(db, p.entity, NULL, id, &number, &row, e) < 0)
			return -1;
		if (row == NULL || !is_of(p.entity, row, p.org_name))
			return error_set(e, ERROR_NOT_FOUND, "there is no %s %s", p.entity->noun, id);
		p.org_name = NULL;
	}
	return entry_remove(&p, id, e);
}

void
registry_remove(void *self, struct request *r)
{
	give(self, r, remove_one);
}

void
registry_get(void *self, struct request *r)
{
	struct store *s = self;
	const struct entity *x = entity_of(request_row(r)->name);
	const char *org = request_text(r, "org"), *id = request_text(r, "id");
	json_auto_t *row = NULL;
	int64_t number;
	struct error e;
	int got = entity_find(s->reader, x, org, id, &number, &row, &e);
	AUTO_BYTES result = { 0 };

	if (got > 0 && !is_of(x, row, org))
		got = 0;
	if (got < 0) {
		request_fail_with(r, &e);
	} else if (got == 0) {
		request_fail(r, "not-found", "there is no %s %s%s%s", x->noun,
		    org == NULL ? "" : org, org == NULL ? "" : "/", id);
	} else {
		jsontree_write(&result, row);
		request_reply(r, (struct span){ result.data, result.len });
	}
}

/* ---- all of them */

/* What a list is asked for. */
struct listing {
	const struct entity *entity;
	const char *org;
	char *after_org, *after;
	int64_t limit;
};

static void
begin_listing(struct query *q, struct database *db, const struct listing *l, struct request *r)
{
	bool of = entity_of_org(l->entity) && l->org != NULL;

	query_begin(q, db, entity_statement(l->entity, of ? ENTITY_LIST_OF : ENTITY_LIST));
	if (of)
		query_text(q, l->org);
	else if (entity_of_org(l->entity))
		query_text(q, l->after_org);
	query_text(q, l->after);
	for (size_t i = 0; i < l->entity->n; i++) {
		if (l->entity->members[i].by != MEMBER_NOT)
			query_text(q, r == NULL ? NULL : request_text(r, l->entity->members[i].name));
	}
	query_integer(q, l->limit);
}

/* One more than the limit is read, to know of it. */
static int
read_rows(struct store *s, struct request *r, struct listing *l, json_t *rows, bool *more,
    struct error *e)
{
	struct entry_place of = { .db = s->reader, .entity = l->entity, .org_name = l->org };
	int64_t limit = l->limit++, number;
	AUTO_QUERY q = { 0 };
	int got;

	*more = false;
	if (of.org_name != NULL && entry_place(&of, e) < 0)
		return -1;
	begin_listing(&q, s->reader, l, r);
	while ((got = query_next(&q, e)) > 0) {
		*more = (int64_t)json_array_size(rows) == limit;
		if (!*more)
			json_array_append_new(rows, entity_row(l->entity, &q, &number));
	}
	return got;
}

/* "ORG/ID", or "ID" of what has no organisation or that is asked for. */
static void
split_after(struct listing *l, const char *after)
{
	const char *slash = after == NULL ? NULL : strchr(after, '/');

	l->after = xstrdup(slash != NULL ? slash + 1 : after != NULL ? after : "");
	l->after_org = slash != NULL ? xmemdup(after, (size_t)(slash - after)) :
				       xstrdup(l->org != NULL && after != NULL ? l->org : "");
}

void
registry_list(void *self, struct request *r)
{
	struct listing l = { .entity = entity_of(request_row(r)->name),
		.org = entity_of_org(entity_of(request_row(r)->name)) ? request_text(r, "org") : NULL,
		.limit = request_integer(r, "limit", LIST_USUAL) };
	AUTO_FREE char *name = xformat("%ss", l.entity->noun);
	json_auto_t *result = json_object();
	json_t *rows = json_array();
	AUTO_BYTES text = { 0 };
	struct error e;
	bool more;

	json_object_set_new(result, name, rows);
	split_after(&l, request_text(r, "after"));
	if (l.limit < 1 || l.limit > LIST_MOST) {
		request_fail(
		    r, "invalid-params", "limit: expected a number from 1 to %d", LIST_MOST);
	} else if (read_rows(self, r, &l, rows, &more, &e) < 0) {
		request_fail_with(r, &e);
	} else {
		json_object_set_new(result, "more", json_boolean(more));
		jsontree_write(&text, result);
		request_reply(r, (struct span){ text.data, text.len });
	}
	free(l.after);
	free(l.after_org);
}

/* ---- a list put whole */

static bool
has_id(const json_t *ids, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)ids, i, one) {
		if (strcmp(json_string_value(one), id) == 0)
			return true;
	}
	return false;
}

static int
put_each(struct entry_place *p, json_t *list, json_t *ids, struct error *e)
{
	json_t *given;
	size_t i;

	json_array_foreach(list, i, given) {
		AUTO_FREE char *id = NULL;
		bool created;

		if (entity_check(p->entity, given, e) < 0 ||
		    entry_put(p, given, &id, &created, e) < 0)
			return error_before(e, "%ss: element %zu: ", p->entity->noun, i + 1);
		if (has_id(ids, id))
			return error_set(
			    e, ERROR_INPUT, "%ss: element %zu: %s is in the list before",
			    p->entity->noun, i + 1, id);
		json_array_append_new(ids, json_string(id));
	}
	return 0;
}

/* The ids of the organisation that are not among ids. */
static int
find_others(struct entry_place *p, const json_t *ids, json_t *others, struct error *e)
{
	struct listing l = { .entity = p->entity,
		.org = p->org_name,
		.after_org = "",
		.after = "",
		.limit = INT64_MAX };
	int64_t number;
	AUTO_QUERY q = { 0 };
	int got;

	begin_listing(&q, p->db, &l, NULL);
	while ((got = query_next(&q, e)) > 0) {
		json_auto_t *row = entity_row(p->entity, &q, &number);
		const char *id = json_string_value(json_object_get(row, "id"));

		if (!has_id(ids, id))
			json_array_append_new(others, json_string(id));
	}
	return got;
}

static int
replace(struct transaction *t, struct database *db, struct error *e)
{
	struct entry_place p = place_of(t, db);
	AUTO_FREE char *name = xformat("%ss", p.entity->noun);
	json_auto_t *others = json_array();
	json_auto_t *ids = json_array();
	json_t *one;
	size_t i;

	if (entry_place(&p, e) < 0 || put_each(&p, json_object_get(t->params, name), ids, e) < 0 ||
	    find_others(&p, ids, others, e) < 0)
		return of_method(t, e);
	json_array_foreach(others, i, one) {
		if (entry_remove(&p, json_string_value(one), e) < 0)
			return -1;
	}
	if (entry_fits(&p, e) < 0)
		return of_method(t, e);
	return transaction_answer(t,
	    json_pack("{s:O, s:I}", "ids", ids, "removed", (json_int_t)json_array_size(others)));
}

void
registry_replace(void *self, struct request *r)
{
	give(self, r, replace);
}

/* ---- tokens */

/* Names that enough is known by elsewhere: there are no more scopes. */
static const char *const scopes[] = { "read", "trigger", "write", "admin", "agent" };

static int
check_scopes(const json_t *list, bool agent, struct error *e)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list) == 0)
		return error_set(e, ERROR_INPUT,
		    "scopes: expected some of read, trigger, write, admin, agent, or an agent");
	json_array_foreach((json_t *)list, i, one) {
		const char *name = json_string_value(one);
		size_t k = 0;

		while (k < sizeof(scopes) / sizeof(scopes[0]) && strcmp(scopes[k], name) != 0)
			k++;
		if (k == sizeof(scopes) / sizeof(scopes[0]))
			return error_set(e, ERROR_INPUT,
			    "scopes: expected read, trigger, write, admin or agent, found '%.40s'", name);
		if (strcmp(name, "agent") == 0 && !agent)
			return error_set(e, ERROR_INPUT, "agent: which one is to show it?");
	}
	return 0;
}

/* What it is for has to be there. */
static int
check_place(struct database *db, const char *org, const char *repo, struct error *e)
{
	int64_t number;
	int got = 1;

	if (repo != NULL && org == NULL)
		return error_set(e, ERROR_INPUT, "org: of which organisation is the repository?");
	if (org != NULL)
		got = entity_find(db, entity_of("org/"), NULL, org, &number, NULL, e);
	if (got > 0 && repo != NULL)
		got = entity_find(db, entity_of("repo/"), org, repo, &number, NULL, e);
	return got == 0 ? error_set(e, ERROR_NOT_FOUND, "there is no %s%s%s", org, repo == NULL ? "" : "/",
			      repo == NULL ? "" : repo) :
			  got > 0 ? 0 : -1;
}

static int
read_expires(const char *text, int64_t *at, struct error *e)
{
	*at = 0;
	if (text == NULL)
		return 0;
	if (timestamp_parse(text, strlen(text), at, e) < 0)
		return error_before(e, "expires: ");
	return *at > kernel.wall() ? 0 : error_set(e, ERROR_INPUT, "expires: that is past");
}

/* The agent is made where there is none. */
static int
make_agent(struct database *db, const char *agent, struct error *e)
{
	struct entry_place agents = { .db = db, .entity = entity_of("agent/") };
	json_auto_t *row = json_pack("{s:s}", "id", agent);
	AUTO_FREE char *name = NULL;
	bool created;

	return entity_check(agents.entity, row, e) < 0 ||
		entry_put(&agents, row, &name, &created, e) < 0 ?
	    -1 :
	    0;
}

static int
token_create(struct transaction *t, struct database *db, struct error *e)
{
	struct entry_place tokens = { .db = db, .entity = entity_of("token/") };
	const char *agent = transaction_text(t, "agent"), *title = transaction_text(t, "name");
	const char *org = transaction_text(t, "org"), *repo = transaction_text(t, "repo");
	json_auto_t *agents = json_pack("[s]", "agent");
	const json_t *list = json_object_get(t->params, "scopes");
	AUTO_BYTES text = { 0 };
	AUTO_FREE char *id = NULL;
	struct token made;
	char token[TOKEN_SIZE];
	int64_t expires;

	if (list == NULL && agent != NULL)
		list = agents;
	if (check_scopes(list, agent != NULL, e) < 0 || check_place(db, org, repo, e) < 0 ||
	    read_expires(transaction_text(t, "expires"), &expires, e) < 0 ||
	    entity_check(tokens.entity, t->params, e) < 0 ||
	    (agent != NULL && make_agent(db, agent, e) < 0) ||
	    entry_id(&tokens, title != NULL ? title : agent != NULL ? agent : "token", &id, e) < 0)
		return of_method(t, e);
	entity_write_value(&text, list);
	made = (struct token){ .id = id, .title = (char *)(uintptr_t)title, .agent = (char *)(uintptr_t)agent,
		.scopes = (char *)(uintptr_t)bytes_string(&text), .org = (char *)(uintptr_t)org,
		.repo = (char *)(uintptr_t)repo, .expires = expires };
	if (token_add(db, &made, token, e) < 0)
		return of_method(t, e);
	return transaction_answer(t, json_pack("{s:s, s:s}", "id", id, "token", token));
}

void
registry_token_create(void *self, struct request *r)
{
	give(self, r, token_create);
}

static int
token_check(struct transaction *t, struct database *db, struct error *e)
{
	struct token known = { 0 };
	AUTO_BYTES expires = { 0 };

	if (token_find(db, transaction_text(t, "token"), &known, e) < 0) {
		token_free(&known);
		return -1;
	}
	if (known.expires > 0)
		timestamp_write(&expires, known.expires);
	transaction_answer(t,
	    json_pack("{s:s, s:o, s:s*, s:s*, s:s*, s:s*, s:b}", "id", known.id, "scopes",
		jsontree_read((struct span){ known.scopes, strlen(known.scopes) }, NULL), "agent",
		known.agent, "org", known.org, "repo", known.repo, "expires",
		known.expires > 0 ? bytes_string(&expires) : NULL, "once", known.once));
	token_free(&known);
	return 0;
}

/* By the writing thread: the loop's connection may not look at what stands for tokens. */
void
registry_token_check(void *self, struct request *r)
{
	give(self, r, token_check);
}
