#include "query.h"

#include <string.h>

void
query_begin(struct query *q, struct database *db, int id)
{
	const struct statement *row = database_statement(db, id);

	*q = (struct query){
		.db = db, .stmt = database_use(db, id), .name = row->name, .params = row->params
	};
	if (q->stmt == NULL)
		q->wrong = "this connection may not use it";
	else if (sqlite3_stmt_busy(q->stmt))
		q->wrong = "it is in use";
	if (q->wrong != NULL)
		q->stmt = NULL;
}

void
query_end(struct query *q)
{
	if (q->stmt == NULL)
		return;
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	q->stmt = NULL;
}

/* The number of the next parameter, which has to be of this type, or of any: 0. */
static int
next(struct query *q, char type)
{
	char expected = q->params[q->bound];

	if (q->wrong != NULL)
		return 0;
	if (expected == '\0' || (type != 0 && expected != type)) {
		q->wrong =
		    expected == '\0' ? "it has fewer parameters" : "a parameter is of another type";
		return 0;
	}
	return ++q->bound;
}

static void
bind(struct query *q, int code)
{
	if (code != SQLITE_OK && q->wrong == NULL)
		q->wrong = sqlite3_errstr(code);
}

void
query_span(struct query *q, struct span text)
{
	int at = next(q, 't');

	if (at > 0)
		bind(q,
		    sqlite3_bind_text64(q->stmt, at, text.p == NULL ? "" : text.p, text.n,
			SQLITE_STATIC, SQLITE_UTF8));
}

void
query_text(struct query *q, const char *text)
{
	if (text == NULL)
		query_null(q);
	else
		query_span(q, (struct span){ text, strlen(text) });
}

void
query_integer(struct query *q, int64_t value)
{
	int at = next(q, 'i');

	if (at > 0)
		bind(q, sqlite3_bind_int64(q->stmt, at, value));
}

void
query_null(struct query *q)
{
	int at = next(q, 0);

	if (at > 0)
		bind(q, sqlite3_bind_null(q->stmt, at));
}

int
query_next(struct query *q, struct error *e)
{
	int code;

	if (q->wrong == NULL && q->params[q->bound] != '\0')
		q->wrong = "a parameter is missing";
	if (q->wrong != NULL)
		return error_set(e, ERROR_INTERNAL, "statement %s: %s", q->name, q->wrong);
	code = sqlite3_step(q->stmt);
	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : database_error(q->db, e, q->name);
}

int
query_run(struct query *q, struct error *e)
{
	int got;

	while ((got = query_next(q, e)) > 0)
		;
	query_end(q);
	return got;
}

const char *
query_column_text(struct query *q, int column)
{
	return (const char *)sqlite3_column_text(q->stmt, column);
}

int64_t
query_column_integer(struct query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

struct span
query_column_span(struct query *q, int column)
{
	const char *text = query_column_text(q, column);

	return (struct span){ text, (size_t)sqlite3_column_bytes(q->stmt, column) };
}

bool
query_column_null(struct query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}
