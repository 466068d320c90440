/*
 * query: one use of a prepared statement: its parameters, then its rows. The statement is free
 * again at query_end; one that is in use is not begun a second time.
 *
 *	AUTO_QUERY q = { 0 };
 *	query_begin(&q, db, STATEMENT_REPO_GET);
 *	query_text(&q, "org");
 *	query_text(&q, "name");
 *	while ((got = query_next(&q, e)) > 0)
 *		... query_column_text(&q, 0) ...
 *
 * What is wrong with the parameters (too many, too few, of another type) or with the role of the
 * database is a mistake in the program: query_next says so, ERROR_INTERNAL with the statement's
 * name.
 */
#ifndef MCI_STORE_QUERY_H
#define MCI_STORE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "database.h"
#include "error.h"

struct query {
	struct database *db;
	sqlite3_stmt *stmt; /* NULL: the statement could not be begun */
	const char *name, *params;
	int bound;
	const char *wrong; /* NULL: nothing so far */
};

/* id: of enum statement_id, or of one that was prepared behind them. */
void query_begin(struct query *q, struct database *db, int id);
void query_end(struct query *q);
#define AUTO_QUERY __attribute__((cleanup(query_end))) struct query

/* The next parameter. What is pointed to stays until query_end; NULL is SQL's NULL. */
void query_text(struct query *q, const char *text);
void query_span(struct query *q, struct span text);
void query_integer(struct query *q, int64_t value);
/* SQL's NULL, for any type. */
void query_null(struct query *q);

/* The next row: 1, behind the last one 0, -1. */
int query_next(struct query *q, struct error *e);
/* To the end, and query_end: for what gives no rows. */
int query_run(struct query *q, struct error *e);

/* Of the row, columns from 0; borrowed until the next row or the end. NULL, or 0, for SQL's NULL.
 */
const char *query_column_text(struct query *q, int column);
int64_t query_column_integer(struct query *q, int column);
struct span query_column_span(struct query *q, int column);
bool query_column_null(struct query *q, int column);

#endif
