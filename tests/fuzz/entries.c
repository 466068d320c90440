/* Any object as what somebody enters: refused, or it becomes a row that is read back, and that
 * putting it again leaves as it is. The first byte says of which kind. */
#include "cmd/mci-store/entry.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/mci-store/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct database *db;
static struct secrets secrets;

static void
need(int result, const struct error *e)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	abort();
}

static void
begin(void)
{
	size_t nmade;
	const struct statement *made = entity_statements(&nmade);
	struct entry_place orgs = { .entity = entity_of("org/") };
	json_auto_t *org = json_pack("{s:s}", "id", "o");
	struct error e;
	bool created;
	char *id;

	db = database_open(":memory:", true, &e);
	need(db == NULL ? -1 : 0, &e);
	need(schema_bring(db, &e), &e);
	need(database_prepare(db, made, nmade, &e), &e);
	orgs.db = db;
	need(entry_put(&orgs, org, &id, &created, &e), &e);
	free(id);
}

static json_t *
row_of(const struct entry_place *p, const char *id)
{
	json_t *row = NULL;
	int64_t number;
	struct error e;

	need(entity_find(db, p->entity, p->org_name, id, &number, &row, &e), &e);
	if (row == NULL)
		abort();
	return row;
}

static void
put(const struct entry_place *p, const json_t *given)
{
	json_auto_t *row = NULL;
	json_auto_t *same = NULL;
	json_auto_t *again = json_deep_copy(given);
	struct error e;
	char *id, *other;
	bool created;

	if (entity_check(p->entity, given, &e) < 0 || entry_put(p, given, &id, &created, &e) < 0) {
		if (e.text[0] == '\0' || e.code == ERROR_INTERNAL)
			abort();
		return;
	}
	row = row_of(p, id);
	json_object_set_new(again, "id", json_string(id));
	need(entry_put(p, again, &other, &created, &e), &e);
	same = row_of(p, id);
	if (created || strcmp(id, other) != 0 || !json_equal(row, same))
		abort();
	need(entry_fits(p, &e), &e);
	need(entry_remove(p, id, &e), &e);
	free(id);
	free(other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct entry_place p = { .secrets = &secrets };
	struct error e;
	json_t *given;

	if (db == NULL)
		begin();
	if (n == 0)
		return 0;
	p.db = db;
	p.entity = &entities[data[0] % nentities];
	/* tokens are not put */
	if (strcmp(p.entity->noun, "token") == 0)
		return 0;
	given = jsontree_read((struct span){ (const char *)data + 1, n - 1 }, &e);
	if (given == NULL)
		return 0;
	json_object_del(given, "org");
	if (entity_of_org(p.entity)) {
		p.org_name = "o";
		json_object_set_new(given, "org", json_string("o"));
	}
	need(database_begin(db, &e), &e);
	if (entry_place(&p, &e) == 0 && json_is_object(given))
		put(&p, given);
	database_rollback(db);
	json_decref(given);
	return 0;
}
