/*
 * sql: all SQL of the store, as const tables that make(1) fills from the files in migrations/ and
 * statements/ (embed says how those are written). Nothing else in the program holds SQL, but for
 * the tables of entities (entity.h), of which theirs is made at the start.
 */
#ifndef MCI_STORE_SQL_H
#define MCI_STORE_SQL_H

#include <stddef.h>

#include <sql/mci-store.h> /* enum statement_id */

enum statement_role {
	STATEMENT_FOR_READER, /* any connection */
	STATEMENT_FOR_WRITER, /* the writing one */
	STATEMENT_FOR_SECRET, /* the writing one; no other may name the tables and columns of keys
				 and secrets */
};

struct statement {
	const char *name;   /* as in its file */
	const char *params; /* a letter each: t text, i integer */
	enum statement_role role;
	const char *sql; /* its parameters are $1, $2, ... */
};

/* By enum statement_id. */
extern const struct statement statements[];

/* The n-th makes version n of the schema from the one before. */
struct migration {
	const char *name;
	const char *sql;
};
extern const struct migration migrations[];
extern const size_t nmigrations;

#endif
