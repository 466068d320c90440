/*
 * entity: the kinds of row that people enter, each as one const table of its members, made from the
 * lists of lib's entities.h, and the SQL that is made of them: so a member or a kind more is a row
 * there, and in a migration.
 */
#ifndef MCI_STORE_ENTITY_H
#define MCI_STORE_ENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "database.h"
#include "error.h"
#include "jsontree.h"
#include "query.h"

enum member_set {
	MEMBER_ORG,
	MEMBER_ID,
	MEMBER_NEW,
	MEMBER_ANY,
	MEMBER_STORE,
	MEMBER_SEAL,
	MEMBER_HIDE,
};

enum member_type {
	MEMBER_TEXT,
	MEMBER_INTEGER,
	MEMBER_BOOL,
	MEMBER_OBJECT,
	MEMBER_ARRAY,
	MEMBER_TEXTS,
	MEMBER_TIME,
};

/* What the words mean stands in entities.h. */
struct member {
	enum member_set set;
	enum {
		MEMBER_NOT,
		MEMBER_KEY,  /* lists are filtered by it */
		MEMBER_PART, /* by a part of it or of the id */
	} by;
	const char *name;
	const char *column;
	enum member_type type;
};

struct entity {
	const char *noun, *table;
	const struct member *members;
	size_t n;
};

extern const struct entity entities[];
extern const size_t nentities;

/* The kind of a method's noun: "repo" of repo/put; NULL when it is none. */
const struct entity *entity_of(const char *method);
/* Whether its rows belong to organisations: org is the first of its members then. */
bool entity_of_org(const struct entity *x);

/* ---- its statements, which are prepared with the others */
enum entity_operation {
	ENTITY_GET,    /* (org, id), or (id): as entity_row reads it */
	ENTITY_LIST, /* ([org and] id of the one before, then each that it is listed by, or NULL; limit) */
	ENTITY_LIST_OF, /* (org, id of the one before, and the same): where it has an organisation */
	ENTITY_INSERT, /* entity_bind's values; gives the row's number */
	ENTITY_UPDATE, /* entity_bind's values and the row's number */
	ENTITY_DELETE, /* the row's number */
	ENTITY_OPERATIONS,
};

/* Makes their SQL, once; the table of them, for database_prepare. */
const struct statement *entity_statements(size_t *n);
int entity_statement(const struct entity *x, enum entity_operation o);

/* A value of type object or array as its column has it: the same for all that say the same. */
void entity_write_value(struct bytes *into, const json_t *value);

/* The row of a get or a list as JSON, without what is NULL; number gets the row's. The caller's. */
json_t *entity_row(const struct entity *x, struct query *q, int64_t *number);
/* Its row: 1, or 0 when it is not there, -1. org is NULL where it has none; row may be NULL. */
int entity_find(struct database *db, const struct entity *x, const char *org, const char *id,
    int64_t *number, json_t **row, struct error *e);
/* Makes a row, or changes the one of that number: from members that entity_check has passed, id and
 * what a new row needs included. org is the number of its organisation, 0 where it has none. */
int entity_insert(struct database *db, const struct entity *x, int64_t org, const json_t *row,
    int64_t *number, struct error *e);
int entity_update(struct database *db, const struct entity *x, int64_t number, const json_t *row,
    struct error *e);
/* ERROR_REFUSED when others stand on it. */
int entity_delete(struct database *db, const struct entity *x, int64_t number, struct error *e);

/* Holds what somebody gave against the members: those that may be given, types, lengths, and that
 * objects hold texts. An error names the member. */
int entity_check(const struct entity *x, const json_t *given, struct error *e);

#endif
