#include "secrets.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "query.h"

/* What is bound to a sealed value: the parts of its place, each with its NUL. */
static void
bind_place(struct bytes *bound, const char *what, const char *org, const char *name, int64_t row)
{
	bytes_add(bound, what, strlen(what) + 1);
	bytes_add(bound, org, strlen(org) + 1);
	bytes_add(bound, name, strlen(name) + 1);
	bytes_number(bound, row);
}

static struct span
span_of(const struct bytes *b)
{
	return (struct span){ b->data, b->len };
}

static struct span
text_of(struct query *q, int column)
{
	const char *text = query_column_text(q, column);

	return (struct span){ text, text == NULL ? 0 : strlen(text) };
}

int
secrets_open(
    struct secrets *s, struct database *db, const char *folder, const char *source, struct error *e)
{
	char sealed[SEAL_NAME] = "";
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_MASTER_NAME);
	got = query_next(&q, e);
	if (got < 0)
		return -1;
	if (got > 0) {
		struct span name = text_of(&q, 0);

		memcpy(sealed, name.p, name.n < SEAL_NAME ? name.n : SEAL_NAME - 1);
	}
	return master_open(&s->master, folder, source, sealed, e);
}

void
secrets_close(struct secrets *s)
{
	master_close(&s->master);
}

/* ---- keys */

static int
open_key(const struct seal_key *by, const struct bytes *bound, struct span sealed,
    struct seal_key *key, struct error *e)
{
	AUTO_CLEAR raw = { 0 };

	if (seal_open(by, span_of(bound), sealed, &raw, e) < 0)
		return -1;
	if (raw.len != sizeof(key->bytes))
		return error_set(e, ERROR_SYSTEM, "it is no key");
	memcpy(key->bytes, raw.data, raw.len);
	return 0;
}

static int
close_key(const struct seal_key *by, const struct bytes *bound, const struct seal_key *key,
    struct bytes *into, struct error *e)
{
	return seal_close(by, span_of(bound),
	    (struct span){ (const char *)key->bytes, sizeof(key->bytes) }, into, e);
}

static int
store_org_key(struct database *db, const struct seal_key *master, int64_t org, const char *name,
    const struct seal_key *key, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_BYTES sealed = { 0 };
	char by[SEAL_NAME];
	AUTO_QUERY q = { 0 };

	bind_place(&bound, "org key", name, "", org);
	if (close_key(master, &bound, key, &sealed, e) < 0)
		return -1;
	seal_key_name(master, by);
	query_begin(&q, db, STATEMENT_ORG_SECRET_PUT);
	query_integer(&q, org);
	query_text(&q, by);
	query_span(&q, span_of(&sealed));
	return query_run(&q, e);
}

/* The organisation's key; made where it has none. */
static int
org_key(struct secrets *s, struct database *db, int64_t org, const char *name, struct seal_key *key,
    struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_ORG_SECRET_GET);
	query_integer(&q, org);
	got = query_next(&q, e);
	if (got == 0) {
		seal_key_new(key);
		return store_org_key(db, &s->master.key, org, name, key, e);
	}
	bind_place(&bound, "org key", name, "", org);
	if (got > 0 && open_key(&s->master.key, &bound, text_of(&q, 0), key, e) == 0)
		return 0;
	return error_before(e, "the key of %s: ", name);
}

/* ---- values */

static int
put_with(struct database *db, const struct secret_place *p, const struct seal_key *by,
    struct span value, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_BYTES wrapped = { 0 };
	AUTO_BYTES sealed = { 0 };
	struct seal_key own;
	int result;
	AUTO_QUERY q = { 0 };

	bind_place(&bound, p->kind, p->org_name, p->name, p->owner);
	seal_key_new(&own);
	result = seal_close(&own, span_of(&bound), value, &sealed, e);
	if (result == 0)
		result = close_key(by, &bound, &own, &wrapped, e);
	seal_key_clear(&own);
	if (result < 0)
		return -1;
	query_begin(&q, db, STATEMENT_SECRET_PUT);
	query_text(&q, p->kind);
	query_integer(&q, p->owner);
	query_integer(&q, p->org);
	query_span(&q, span_of(&wrapped));
	query_span(&q, span_of(&sealed));
	return query_run(&q, e);
}

int
secrets_put(struct secrets *s, struct database *db, const struct secret_place *p, struct span value,
    struct error *e)
{
	struct seal_key by;
	int result = org_key(s, db, p->org, p->org_name, &by, e);

	if (result == 0)
		result = put_with(db, p, &by, value, e);
	seal_key_clear(&by);
	return result;
}

static int
get_with(struct database *db, const struct secret_place *p, const struct seal_key *by,
    struct bytes *into, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	struct seal_key own;
	AUTO_QUERY q = { 0 };
	int result;

	query_begin(&q, db, STATEMENT_SECRET_GET);
	query_text(&q, p->kind);
	query_integer(&q, p->owner);
	result = query_next(&q, e);
	if (result < 0)
		return -1;
	if (result == 0)
		return error_set(e, ERROR_NOT_FOUND, "%s %s/%s has no sealed value", p->kind,
		    p->org_name, p->name);
	bind_place(&bound, p->kind, p->org_name, p->name, p->owner);
	result = open_key(by, &bound, text_of(&q, 0), &own, e);
	if (result == 0)
		result = seal_open(&own, span_of(&bound), text_of(&q, 1), into, e);
	seal_key_clear(&own);
	return result == 0 ? 0 : error_before(e, "%s %s/%s: ", p->kind, p->org_name, p->name);
}

int
secrets_get(struct secrets *s, struct database *db, const struct secret_place *p,
    struct bytes *into, struct error *e)
{
	struct seal_key by;
	int result = org_key(s, db, p->org, p->org_name, &by, e);

	if (result == 0)
		result = get_with(db, p, &by, into, e);
	seal_key_clear(&by);
	return result;
}

int
secrets_remove(struct database *db, const char *kind, int64_t owner, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_SECRET_REMOVE);
	query_text(&q, kind);
	query_integer(&q, owner);
	return query_run(&q, e);
}

/* ---- who gets them */

/* How many labels the filter's best alternative asks for; -1: none holds. No filter holds for all.
 */
static int
filter_holds(const char *filters, const json_t *labels)
{
	json_auto_t *list =
	    filters == NULL ? NULL : jsontree_read((struct span){ filters, strlen(filters) }, NULL);
	int best = filters == NULL ? 0 : -1;
	json_t *one, *value;
	const char *name;
	size_t i;

	json_array_foreach(list, i, one)
	{
		bool holds = true;

		json_object_foreach(one, name, value) holds =
		    holds && json_equal(value, json_object_get(labels, name));
		if (holds && (int)json_object_size(one) > best)
			best = (int)json_object_size(one);
	}
	return best;
}

/* While the values for a repository are gathered. */
struct gathering {
	struct secrets *secrets;
	struct database *db;
	int64_t org;
	char *org_name;
	json_t *labels;
};

/* A name's parameter so far. */
struct chosen {
	int64_t row;
	int labels;
	bool plain;
	char *name, *value;
};

struct choice {
	struct chosen *all;
	size_t n;
};

static struct chosen *
chosen_of(struct choice *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->all[i].name, name) == 0)
			return &c->all[i];
	}
	c->all = xrealloc(c->all, c->n + 1, sizeof(*c->all));
	c->all[c->n] = (struct chosen){ .labels = -1, .name = xstrdup(name) };
	return &c->all[c->n++];
}

/* In the order of their rows: of those that say as much the newest stays. */
static int
choose(const struct gathering *g, struct choice *c, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, g->db, STATEMENT_PARAMS_OF_ORG);
	query_integer(&q, g->org);
	while ((got = query_next(&q, e)) > 0) {
		int labels = filter_holds(query_column_text(&q, 4), g->labels);
		struct chosen *x;

		if (labels < 0)
			continue;
		x = chosen_of(c, query_column_text(&q, 1));
		if (labels < x->labels)
			continue;
		free(x->value);
		x->row = query_column_integer(&q, 0);
		x->labels = labels;
		x->plain = query_column_integer(&q, 2) != 0;
		x->value = query_column_null(&q, 3) ? NULL : xstrdup(query_column_text(&q, 3));
	}
	return got;
}

static int
open_value(const struct gathering *g, const char *kind, const char *name, int64_t row,
    json_t **into, struct error *e)
{
	struct secret_place p = { kind, row, g->org, g->org_name, name };
	AUTO_CLEAR value = { 0 };

	if (secrets_get(g->secrets, g->db, &p, &value, e) < 0)
		return -1;
	*into = json_stringn(value.data == NULL ? "" : value.data, value.len);
	return 0;
}

static int
gather_params(const struct gathering *g, json_t *params, json_t *values, struct error *e)
{
	struct choice c = { 0 };
	int result = choose(g, &c, e);

	for (size_t i = 0; i < c.n; i++) {
		struct chosen *x = &c.all[i];
		json_t *value = NULL;

		if (result == 0 && x->plain)
			json_object_set_new(
			    params, x->name, json_string(x->value == NULL ? "" : x->value));
		else if (result == 0 &&
		    (result = open_value(g, "param", x->name, x->row, &value, e)) == 0)
			json_object_set_new(values, x->name, value);
		free(x->name);
		free(x->value);
	}
	free(c.all);
	return result;
}

static int
gather_keys(const struct gathering *g, json_t *keys, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, g->db, STATEMENT_KEYS_OF_ORG);
	query_integer(&q, g->org);
	while ((got = query_next(&q, e)) > 0) {
		const char *name = query_column_text(&q, 1);
		json_t *key, *value;

		if (filter_holds(query_column_text(&q, 4), g->labels) < 0)
			continue;
		if (open_value(g, "key", name, query_column_integer(&q, 0), &value, e) < 0)
			return -1;
		key = json_pack("{s:s, s:o}", "name", name, "private", value);
		if (!query_column_null(&q, 2))
			json_object_set_new(key, "host", json_string(query_column_text(&q, 2)));
		if (!query_column_null(&q, 3))
			json_object_set_new(
			    key, "known-hosts", json_string(query_column_text(&q, 3)));
		json_array_append_new(keys, key);
	}
	return got;
}

/* Its organisation and labels; the statement is free again behind it. */
static int
look_at_repo(struct gathering *g, int64_t repo, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, g->db, STATEMENT_REPO_LABELS);
	query_integer(&q, repo);
	got = query_next(&q, e);
	if (got == 0)
		return error_set(
		    e, ERROR_NOT_FOUND, "there is no repository of number %lld", (long long)repo);
	if (got < 0)
		return -1;
	g->org = query_column_integer(&q, 0);
	g->org_name = xstrdup(query_column_text(&q, 1));
	g->labels = query_column_null(&q, 2) ? json_object() : jsontree_read(text_of(&q, 2), e);
	return g->labels == NULL ? -1 : 0;
}

int
secrets_of_repo(struct secrets *s, struct database *db, int64_t repo, json_t *params,
    json_t *values, json_t *keys, struct error *e)
{
	struct gathering g = { .secrets = s, .db = db };
	int result = look_at_repo(&g, repo, e);

	if (result == 0)
		result = gather_params(&g, params, values, e);
	if (result == 0)
		result = gather_keys(&g, keys, e);
	json_decref(g.labels);
	free(g.org_name);
	return result;
}

/* ---- new keys */

/* Seals one with a new key of its own, which the organisation's new one seals. */
static int
rotate_secret(struct database *db, const struct secret_place *p, const struct seal_key *before,
    const struct seal_key *next, struct error *e)
{
	AUTO_CLEAR value = { 0 };

	if (get_with(db, p, before, &value, e) < 0)
		return -1;
	return put_with(db, p, next, (struct span){ value.data, value.len }, e);
}

/* All of one kind; statement gives their rows and what is bound to them. */
static int
rotate_kind(struct database *db, struct secret_place *p, int statement, const struct seal_key *keys,
    int64_t *count, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, statement);
	query_integer(&q, p->org);
	while ((got = query_next(&q, e)) > 0) {
		p->owner = query_column_integer(&q, 0);
		p->name = query_column_text(&q, 1);
		if (rotate_secret(db, p, &keys[0], &keys[1], e) < 0)
			return -1;
		++*count;
	}
	return got;
}

int
secrets_rotate_org(struct secrets *s, struct database *db, int64_t org, const char *name,
    int64_t *count, struct error *e)
{
	struct secret_place param = { .kind = "param", .org = org, .org_name = name };
	struct secret_place key = { .kind = "key", .org = org, .org_name = name };
	struct seal_key keys[2];
	int result = org_key(s, db, org, name, &keys[0], e);

	*count = 1;
	seal_key_new(&keys[1]);
	if (result == 0)
		result = rotate_kind(db, &param, STATEMENT_PARAMS_SEALED, keys, count, e);
	if (result == 0)
		result = rotate_kind(db, &key, STATEMENT_KEYS_SEALED, keys, count, e);
	if (result == 0)
		result = store_org_key(db, &s->master.key, org, name, &keys[1], e);
	seal_key_clear(&keys[0]);
	seal_key_clear(&keys[1]);
	return result;
}

/* The next organisation's key, sealed by the new master key: 1, 0 when there is none behind it. */
static int
rotate_next(struct secrets *s, struct database *db, const struct seal_key *next, int64_t *org,
    struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_FREE char *name = NULL;
	struct seal_key key;
	AUTO_QUERY q = { 0 };
	int got, result;

	query_begin(&q, db, STATEMENT_ORG_SECRET_NEXT);
	query_integer(&q, *org);
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	*org = query_column_integer(&q, 0);
	name = xstrdup(query_column_text(&q, 1));
	bind_place(&bound, "org key", name, "", *org);
	result = open_key(&s->master.key, &bound, text_of(&q, 2), &key, e);
	if (result == 0)
		result = store_org_key(db, next, *org, name, &key, e);
	seal_key_clear(&key);
	return result < 0 ? error_before(e, "the key of %s: ", name) : 1;
}

int
secrets_rotate_master(struct secrets *s, struct database *db, int64_t *count, struct error *e)
{
	struct seal_key next;
	int64_t org = 0;
	int got;

	if (s->rotating)
		return error_set(e, ERROR_BUSY, "the master key is being changed");
	seal_key_new(&next);
	/* beside the old one, on the disk, before anything is sealed with it: wherever this is cut
	 * off, the one that the database names is there */
	if (master_next(&s->master, &next, e) < 0)
		return -1;
	for (*count = 0; (got = rotate_next(s, db, &next, &org, e)) > 0;)
		++*count;
	if (got < 0)
		return -1;
	s->rotating = true;
	s->before = s->master.key;
	s->master.key = next;
	seal_key_clear(&next);
	return 0;
}

void
secrets_settle_master(struct secrets *s, bool kept)
{
	if (!s->rotating)
		return;
	/* where the file cannot be replaced, the next start does it */
	if (kept)
		master_replace(&s->master, NULL);
	else
		s->master.key = s->before;
	seal_key_clear(&s->before);
	s->rotating = false;
}
