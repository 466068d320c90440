#include "grant.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "query.h"
#include "seal.h"

int
grant_filter(const json_t *list, const json_t *labels)
{
	int best = list == NULL ? 0 : -1;
	json_t *one, *value;
	const char *name;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		bool holds = true;

		json_object_foreach(one, name, value) {
			holds = holds && json_equal(value, json_object_get(labels, name));
		}
		if (holds && (int)json_object_size(one) > best)
			best = (int)json_object_size(one);
	}
	return best;
}

/* The same of a filter as its column has it. */
static int
filter_holds(const char *filters, const json_t *labels)
{
	json_auto_t *list =
	    filters == NULL ? NULL : jsontree_read((struct span){ filters, strlen(filters) }, NULL);

	return filters != NULL && list == NULL ? -1 : grant_filter(list, labels);
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
	g->labels =
	    query_column_null(&q, 2) ? json_object() : jsontree_read(query_column_span(&q, 2), e);
	return g->labels == NULL ? -1 : 0;
}

int
grant_to_repo(struct secrets *s, struct database *db, int64_t repo, json_t *params, json_t *values,
    json_t *keys, struct error *e)
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
