#include "entity.h"

#include <stdlib.h>
#include <string.h>

#include "entities.h"
#include "kernel.h"
#include "memory.h"
#include "spec.h"
#include "timestamp.h"

/* The bytes of a text, and the entries of an object or array: what is entered is read by people. */
#define TEXT_LIMIT 65536
#define ENTRIES_LIMIT 64

#define MEMBER_BY_NOT MEMBER_NOT
#define MEMBER_BY_ORG MEMBER_NOT
#define MEMBER_BY_KEY MEMBER_KEY
#define MEMBER_BY_PART MEMBER_PART
#define MEMBER(set, index, member, column, type, help)                                             \
	{ MEMBER_##set, MEMBER_BY_##index, member, #column, MEMBER_##type },
#define MEMBERS(noun, list, table) static const struct member noun##_members[] = { list(MEMBER) };
ENTITIES(MEMBERS)

#define ENTITY(noun, list, table)                                                                  \
	{ #noun, #table, noun##_members, sizeof(noun##_members) / sizeof(struct member) },
const struct entity entities[] = { ENTITIES(ENTITY) };
const size_t nentities = sizeof(entities) / sizeof(entities[0]);

#define NENTITIES (sizeof(entities) / sizeof(entities[0]))

const struct entity *
entity_of(const char *method)
{
	size_t n = strcspn(method, "/");

	for (size_t i = 0; i < nentities; i++) {
		if (strlen(entities[i].noun) == n && memcmp(entities[i].noun, method, n) == 0)
			return &entities[i];
	}
	return NULL;
}

bool
entity_of_org(const struct entity *x)
{
	return x->members[0].set == MEMBER_ORG;
}

/* ---- SQL */

/* A statement while it is put together; the parameters are numbered as they come. */
struct making {
	struct bytes sql, params;
	int n;
};

static void
param(struct making *m, char type)
{
	bytes_char(&m->params, type);
	bytes_format(&m->sql, "$%d", ++m->n);
}

static char
letter(const struct member *member)
{
	return member->type == MEMBER_INTEGER || member->type == MEMBER_BOOL ||
		member->type == MEMBER_TIME ?
	    'i' :
	    't';
}

static bool
has_column(const struct member *member)
{
	return member->set != MEMBER_ORG && member->set != MEMBER_HIDE;
}

/* Whether a new row gets it from entity_bind, and whether it can be changed later. */
static bool
inserted(const struct member *member)
{
	return has_column(member) && member->set != MEMBER_STORE;
}

static bool
updated(const struct member *member)
{
	return member->set == MEMBER_ANY || member->set == MEMBER_SEAL;
}

static void
make_select(struct making *m, const struct entity *x)
{
	bytes_text(&m->sql, "SELECT t.id");
	for (size_t i = 0; i < x->n; i++) {
		if (x->members[i].set == MEMBER_ORG)
			bytes_text(&m->sql, ", o.name");
		else if (has_column(&x->members[i]))
			bytes_format(&m->sql, ", t.%s", x->members[i].column);
	}
	bytes_format(&m->sql, " FROM %s t", x->table);
	if (entity_of_org(x))
		bytes_text(&m->sql, " JOIN org o ON o.id = t.org");
	bytes_text(&m->sql, " WHERE ");
}

static void
make_get(struct making *m, const struct entity *x)
{
	make_select(m, x);
	if (entity_of_org(x)) {
		bytes_text(&m->sql, "o.name = ");
		param(m, 't');
		bytes_text(&m->sql, " AND ");
	}
	bytes_text(&m->sql, "t.name = ");
	param(m, 't');
}

/* " AND ($3 IS NULL OR column = $3)" */
static void
make_filter(struct making *m, const char *column, char type)
{
	bytes_text(&m->sql, " AND (");
	param(m, type);
	bytes_format(&m->sql, " IS NULL OR %s = $%d)", column, m->n);
}

/* The same for a text that stands in the column or in the name, of which each database knows how to take all
 * out. */
static void
make_part(struct making *m, const char *column)
{
	AUTO_FREE char *whole = xformat("lower(coalesce(%s, '') || ' ' || t.name)", column);

	bytes_text(&m->sql, " AND (");
	param(m, 't');
	bytes_format(&m->sql, " IS NULL OR $%d = '' OR replace(%s, lower($%d), '') <> %s)", m->n, whole,
	    m->n, whole);
}

/* What lists are filtered by, and their end. */
static void
make_filters(struct making *m, const struct entity *x, const char *order)
{
	for (size_t i = 0; i < x->n; i++) {
		AUTO_FREE char *column = xformat("t.%s", x->members[i].column);

		if (x->members[i].by == MEMBER_KEY)
			make_filter(m, column, letter(&x->members[i]));
		else if (x->members[i].by == MEMBER_PART)
			make_part(m, column);
	}
	bytes_format(&m->sql, " ORDER BY %s LIMIT ", order);
	param(m, 'i');
}

static void
make_list(struct making *m, const struct entity *x)
{
	bool of_org = entity_of_org(x);

	make_select(m, x);
	bytes_text(&m->sql, of_org ? "(o.name, t.name) > (" : "t.name > ");
	param(m, 't');
	if (of_org) {
		bytes_text(&m->sql, ", ");
		param(m, 't');
		bytes_char(&m->sql, ')');
	}
	make_filters(m, x, of_org ? "o.name, t.name" : "t.name");
}

/* Of one organisation: found by its index, where all would be looked through. */
static void
make_list_of(struct making *m, const struct entity *x)
{
	if (!entity_of_org(x)) {
		make_list(m, x);
		return;
	}
	make_select(m, x);
	bytes_text(&m->sql, "t.org = (SELECT id FROM org WHERE name = ");
	param(m, 't');
	bytes_text(&m->sql, ") AND t.name > ");
	param(m, 't');
	make_filters(m, x, "t.name");
}

static void
make_insert(struct making *m, const struct entity *x)
{
	bytes_format(
	    &m->sql, "INSERT INTO %s (id, created%s", x->table, entity_of_org(x) ? ", org" : "");
	for (size_t i = 0; i < x->n; i++) {
		if (inserted(&x->members[i]))
			bytes_format(&m->sql, ", %s", x->members[i].column);
	}
	bytes_format(&m->sql, ") VALUES ((SELECT coalesce(max(id), 0) + 1 FROM %s), ", x->table);
	param(m, 'i');
	if (entity_of_org(x)) {
		bytes_text(&m->sql, ", ");
		param(m, 'i');
	}
	for (size_t i = 0; i < x->n; i++) {
		if (inserted(&x->members[i])) {
			bytes_text(&m->sql, ", ");
			param(m, letter(&x->members[i]));
		}
	}
	bytes_text(&m->sql, ") RETURNING id");
}

static void
make_update(struct making *m, const struct entity *x)
{
	const char *between = " SET ";

	bytes_format(&m->sql, "UPDATE %s", x->table);
	for (size_t i = 0; i < x->n; i++) {
		if (!updated(&x->members[i]) || !has_column(&x->members[i]))
			continue;
		bytes_format(&m->sql, "%s%s = ", between, x->members[i].column);
		param(m, letter(&x->members[i]));
		between = ", ";
	}
	bytes_text(&m->sql, " WHERE id = ");
	param(m, 'i');
}

static void
make_delete(struct making *m, const struct entity *x)
{
	bytes_format(&m->sql, "DELETE FROM %s WHERE id = ", x->table);
	param(m, 'i');
}

static const struct operation {
	const char *name;
	void (*make)(struct making *m, const struct entity *x);
	enum statement_role role;
} operations[ENTITY_OPERATIONS] = {
	[ENTITY_GET] = { "get", make_get, STATEMENT_FOR_READER },
	[ENTITY_LIST] = { "list", make_list, STATEMENT_FOR_READER },
	[ENTITY_LIST_OF] = { "list_of", make_list_of, STATEMENT_FOR_READER },
	[ENTITY_INSERT] = { "insert", make_insert, STATEMENT_FOR_WRITER },
	[ENTITY_UPDATE] = { "update", make_update, STATEMENT_FOR_WRITER },
	[ENTITY_DELETE] = { "delete", make_delete, STATEMENT_FOR_WRITER },
};

const struct statement *
entity_statements(size_t *n)
{
	static struct statement made[NENTITIES * ENTITY_OPERATIONS];

	*n = sizeof(made) / sizeof(made[0]);
	for (size_t i = 0; i < *n && made[i].name == NULL; i++) {
		const struct entity *x = &entities[i / ENTITY_OPERATIONS];
		const struct operation *o = &operations[i % ENTITY_OPERATIONS];
		struct making m = { .n = 0 };

		o->make(&m, x);
		made[i] = (struct statement){ xformat("%s_%s", x->noun, o->name),
			bytes_give(&m.params), o->role, bytes_give(&m.sql) };
	}
	return made;
}

int
entity_statement(const struct entity *x, enum entity_operation o)
{
	return NSTATEMENTS + (int)(x - entities) * ENTITY_OPERATIONS + (int)o;
}

/* ---- rows as JSON */

static json_t *
value_of(const struct member *member, struct query *q, int column)
{
	const char *text;
	AUTO_BYTES time = { 0 };

	switch (member->type) {
	case MEMBER_INTEGER:
		return json_integer(query_column_integer(q, column));
	case MEMBER_BOOL:
		return json_boolean(query_column_integer(q, column));
	case MEMBER_TIME:
		timestamp_write(&time, query_column_integer(q, column));
		return json_stringn(time.data, time.len);
	case MEMBER_OBJECT:
	case MEMBER_ARRAY:
	case MEMBER_TEXTS:
		text = query_column_text(q, column);
		return jsontree_read((struct span){ text, strlen(text) }, NULL);
	case MEMBER_TEXT:
		break;
	}
	return json_string(query_column_text(q, column));
}

json_t *
entity_row(const struct entity *x, struct query *q, int64_t *number)
{
	json_t *row = json_object();
	int column = 0;

	*number = query_column_integer(q, column++);
	for (size_t i = 0; i < x->n; i++) {
		const struct member *member = &x->members[i];

		if (member->set == MEMBER_HIDE)
			continue;
		if (!query_column_null(q, column))
			json_object_set_new(row, member->name, value_of(member, q, column));
		column++;
	}
	return row;
}

int
entity_find(struct database *db, const struct entity *x, const char *org, const char *id,
    int64_t *number, json_t **row, struct error *e)
{
	json_t *found;
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, entity_statement(x, ENTITY_GET));
	if (entity_of_org(x))
		query_text(&q, org);
	query_text(&q, id);
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	found = entity_row(x, &q, number);
	if (row != NULL)
		*row = found;
	else
		json_decref(found);
	return 1;
}

void
entity_write_value(struct bytes *into, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

	bytes_text(into, text);
	free(text);
}

/* The member's value as the next parameter. What is empty is not there. */
static void
bind_member(struct query *q, const struct member *member, const json_t *value, struct bytes *room)
{
	switch (member->type) {
	case MEMBER_INTEGER:
	case MEMBER_TIME:
		if (json_integer_value(value) != 0)
			query_integer(q, json_integer_value(value));
		else
			query_null(q);
		return;
	case MEMBER_BOOL:
		query_integer(q, json_is_true(value));
		return;
	case MEMBER_OBJECT:
	case MEMBER_ARRAY:
	case MEMBER_TEXTS:
		if (json_object_size(value) + json_array_size(value) == 0) {
			query_null(q);
			return;
		}
		entity_write_value(room, value);
		query_text(q, bytes_string(room));
		return;
	case MEMBER_TEXT:
		break;
	}
	if (json_string_length(value) > 0 || (member->set == MEMBER_SEAL && value != NULL))
		query_text(q, json_string_value(value));
	else
		query_null(q);
}

/* One buffer a member: what is bound stays until the end. */
static int
write_row(struct query *q, const struct entity *x, bool (*has)(const struct member *member),
    const json_t *row, int64_t number, int64_t *got, struct error *e)
{
	struct bytes rooms[32] = { 0 };
	int result;

	for (size_t i = 0; i < x->n; i++) {
		if (has(&x->members[i]))
			bind_member(
			    q, &x->members[i], json_object_get(row, x->members[i].name), &rooms[i]);
	}
	if (number > 0)
		query_integer(q, number);
	result = query_next(q, e);
	if (result > 0 && got != NULL)
		*got = query_column_integer(q, 0);
	query_end(q);
	for (size_t i = 0; i < x->n; i++)
		bytes_free(&rooms[i]);
	return result < 0 ? -1 : 0;
}

int
entity_insert(struct database *db, const struct entity *x, int64_t org, const json_t *row,
    int64_t *number, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, entity_statement(x, ENTITY_INSERT));
	query_integer(&q, kernel.wall());
	if (entity_of_org(x))
		query_integer(&q, org);
	return write_row(&q, x, inserted, row, 0, number, e);
}

int
entity_update(
    struct database *db, const struct entity *x, int64_t number, const json_t *row, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, entity_statement(x, ENTITY_UPDATE));
	return write_row(&q, x, updated, row, number, NULL, e);
}

int
entity_delete(struct database *db, const struct entity *x, int64_t number, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, entity_statement(x, ENTITY_DELETE));
	query_integer(&q, number);
	return query_run(&q, e);
}

/* ---- what is given */

static int
expected(const char *member, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, "%s: expected %s", member, what);
}

/* Texts by name. */
static int
check_object(const char *member, const json_t *object, struct error *e)
{
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return expected(member, "an object of texts", e);
	if (json_object_size(object) > ENTRIES_LIMIT)
		return error_set(e, ERROR_INPUT, "%s: at most %d entries", member, ENTRIES_LIMIT);
	json_object_foreach((json_t *)object, name, value) {
		if (!json_is_string(value) || name[0] == '\0')
			return expected(member, "an object of texts", e);
		if (json_string_length(value) > TEXT_LIMIT / ENTRIES_LIMIT ||
		    strlen(name) > TEXT_LIMIT / ENTRIES_LIMIT)
			return error_set(e, ERROR_INPUT,
			    "%s: a name and its text have at most %d bytes", member,
			    TEXT_LIMIT / ENTRIES_LIMIT);
	}
	return 0;
}

static int
check_array(const char *member, const json_t *array, struct error *e)
{
	size_t i;
	json_t *one;

	if (!json_is_array(array))
		return expected(member, "an array of objects", e);
	if (json_array_size(array) > ENTRIES_LIMIT)
		return error_set(e, ERROR_INPUT, "%s: at most %d entries", member, ENTRIES_LIMIT);
	json_array_foreach((json_t *)array, i, one) {
		if (check_object(member, one, e) < 0)
			return -1;
	}
	return 0;
}

static int
check_texts(const char *member, const json_t *array, struct error *e)
{
	size_t i;
	json_t *one;

	if (!json_is_array(array))
		return expected(member, "an array of texts", e);
	if (json_array_size(array) > ENTRIES_LIMIT)
		return error_set(e, ERROR_INPUT, "%s: at most %d entries", member, ENTRIES_LIMIT);
	json_array_foreach((json_t *)array, i, one) {
		if (!json_is_string(one) || json_string_length(one) > TEXT_LIMIT / ENTRIES_LIMIT)
			return expected(member, "an array of short texts", e);
	}
	return 0;
}

static int
check_text(const struct member *member, const json_t *text, struct error *e)
{
	if (!json_is_string(text))
		return expected(member->name, "a text", e);
	if (json_string_length(text) > TEXT_LIMIT)
		return error_set(e, ERROR_INPUT, "%s: at most %d bytes", member->name, TEXT_LIMIT);
	/* they stand in lists, names of builds and errors */
	if (member->set != MEMBER_SEAL && member->set != MEMBER_HIDE &&
	    strcmp(member->name, "known-hosts") != 0 &&
	    strcspn(json_string_value(text), "\n\r\t") < json_string_length(text))
		return expected(member->name, "one line without tabs", e);
	return 0;
}

static int
check_value(const struct member *member, const json_t *value, struct error *e)
{
	int64_t at;

	switch (member->type) {
	case MEMBER_TIME:
		return json_is_string(value) &&
			timestamp_parse(json_string_value(value), json_string_length(value), &at, e) == 0 ?
		    0 :
		    expected(member->name, "a time as 2026-11-23T18:00:00Z", e);
	case MEMBER_INTEGER:
		return json_is_integer(value) && json_integer_value(value) >= 0 ?
		    0 :
		    expected(member->name, "a number from 0", e);
	case MEMBER_BOOL:
		return json_is_boolean(value) ? 0 : expected(member->name, "true or false", e);
	case MEMBER_OBJECT:
		return check_object(member->name, value, e);
	case MEMBER_ARRAY:
		return check_array(member->name, value, e);
	case MEMBER_TEXTS:
		return check_texts(member->name, value, e);
	case MEMBER_TEXT:
		break;
	}
	return check_text(member, value, e);
}

static int
check_member(const struct entity *x, const char *name, const json_t *value, struct error *e)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct member *member = &x->members[i];

		if (strcmp(member->name, name) != 0)
			continue;
		if (member->set == MEMBER_STORE)
			return error_set(e, ERROR_INPUT, "%s: it is the store that sets it", name);
		return check_value(member, value, e);
	}
	return error_set(e, ERROR_INPUT, "%s: there is no such member of a %s", name, x->noun);
}

int
entity_check(const struct entity *x, const json_t *given, struct error *e)
{
	const char *id = json_string_value(json_object_get(given, "id")), *name;
	json_t *value;

	if (!json_is_object(given))
		return error_set(e, ERROR_INPUT, "expected an object");
	json_object_foreach((json_t *)given, name, value) {
		if (check_member(x, name, value, e) < 0)
			return -1;
	}
	if (id != NULL && !spec_id_ok(id, strlen(id)))
		return error_set(e, ERROR_INPUT,
		    "id: expected 1 to 128 of A-Za-z0-9._+,-, first a letter or digit, "
		    "found '%.128s'",
		    id);
	return 0;
}
