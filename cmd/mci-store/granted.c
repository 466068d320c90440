#include "granted.h"

#include <string.h>

#include "entity.h"
#include "grant.h"
#include "memory.h"
#include "query.h"
#include "store.h"

/* A row that holds for the repository. Of parameters of one name the one whose filter asks for most stays,
 * of those the newest. */
static void
add(json_t *rows, json_t *row, int labels, int64_t number, bool one_a_name)
{
	const json_t *name = json_object_get(row, "name");
	json_t *other;
	size_t i;

	json_object_set_new(row, " labels", json_integer(labels));
	json_object_set_new(row, " number", json_integer(number));
	json_array_foreach(rows, i, other) {
		json_int_t was = json_integer_value(json_object_get(other, " labels"));

		if (!one_a_name || !json_equal(name, json_object_get(other, "name")))
			continue;
		if (labels > was ||
		    (labels == was && number > json_integer_value(json_object_get(other, " number"))))
			json_array_set(rows, i, row);
		return;
	}
	json_array_append(rows, row);
}

static int
gather(struct store *s, const struct entity *x, const char *org, const json_t *labels, json_t *rows,
    struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, s->reader, entity_statement(x, ENTITY_LIST_OF));
	query_text(&q, org);
	query_text(&q, "");
	for (size_t i = 0; i < x->n; i++) {
		if (x->members[i].by != MEMBER_NOT)
			query_text(&q, NULL);
	}
	query_integer(&q, INT64_MAX);
	while ((got = query_next(&q, e)) > 0) {
		int64_t number;
		json_auto_t *row = entity_row(x, &q, &number);
		int holds = grant_filter(json_object_get(row, "only"), labels);

		if (holds >= 0)
			add(rows, row, holds, number, strcmp(x->noun, "param") == 0);
	}
	return got;
}

static void
tell(struct store *s, struct request *r, const char *noun)
{
	const struct entity *x = entity_of(noun);
	const char *org = request_text(r, "org"), *id = request_text(r, "id");
	AUTO_FREE char *plural = xformat("%ss", x->noun);
	json_auto_t *result = json_object();
	json_auto_t *repo = NULL;
	json_t *rows = json_array(), *row;
	AUTO_BYTES text = { 0 };
	struct error e;
	int64_t number;
	size_t i;
	int got = entity_find(s->reader, entity_of("repo/"), org, id, &number, &repo, &e);

	json_object_set_new(result, plural, rows);
	if (got == 0)
		error_set(&e, ERROR_NOT_FOUND, "there is no repo %s/%s", org, id);
	if (got <= 0 || gather(s, x, org, json_object_get(repo, "labels"), rows, &e) < 0) {
		request_fail_with(r, &e);
		return;
	}
	json_array_foreach(rows, i, row) {
		json_object_del(row, " labels");
		json_object_del(row, " number");
	}
	jsontree_write(&text, result);
	request_reply(r, (struct span){ text.data, text.len });
}

void
granted_params(void *self, struct request *r)
{
	tell(self, r, "param/");
}

void
granted_keys(void *self, struct request *r)
{
	tell(self, r, "key/");
}
