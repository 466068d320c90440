#include "database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* How long somebody else's lock is waited for: a backup's, or that of a person with sqlite3(1). The
 * loop's connection waits for nobody: in a write-ahead log readers are not locked out. */
#define PATIENCE_MS 5000
/* Pages of either connection that stay in memory, in KiB (negative: that is the unit). */
#define CACHE "-1024"

/* The tables and columns that only statements of keys and secrets may name. */
static const struct guarded {
	const char *table, *column; /* column NULL: all of it */
} guarded[] = {
	{ "secret", NULL },
	{ "org_secret", NULL },
	{ "token", "hash" },
};

/* While a statement of the other roles is prepared. */
static int
guard(
    void *arg, int action, const char *one, const char *two, const char *place, const char *trigger)
{
	(void)arg;
	(void)place;
	(void)trigger;
	if (action != SQLITE_READ || one == NULL)
		return SQLITE_OK;
	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		if (strcmp(one, guarded[i].table) == 0 &&
		    (guarded[i].column == NULL ||
			(two != NULL && strcmp(two, guarded[i].column) == 0)))
			return SQLITE_DENY;
	}
	return SQLITE_OK;
}

int
database_error(struct database *db, struct error *e, const char *what)
{
	int code = sqlite3_extended_errcode(db->sqlite), sys = sqlite3_system_errno(db->sqlite);
	const char *text = sqlite3_errmsg(db->sqlite);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(
		    e, ERROR_BUSY, "%s: %s: another program has locked it", db->path, what);
	case SQLITE_CONSTRAINT:
		return error_set(e, ERROR_REFUSED, "%s: %s", what, text);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(e, ERROR_SYSTEM,
		    "%s: %s: the file is damaged (%s): 'mci-store check' says how far, "
		    "'mci-store restore FILE' puts a backup in its place",
		    db->path, what, text);
	case SQLITE_FULL:
		errno = ENOSPC;
		return error_sys(e, "%s: %s", db->path, what);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
		errno = sys != 0 ? sys : EIO;
		return error_sys(e, "%s: %s: %s", db->path, what, text);
	default:
		return error_set(e, ERROR_INTERNAL, "%s: %s: %s", db->path, what, text);
	}
}

int
database_execute(struct database *db, const char *sql, struct error *e)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ?
	    0 :
	    database_error(db, e, sql);
}

int
database_sync_commits(struct database *db, bool sync, struct error *e)
{
	return database_execute(db, sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL", e);
}

int
database_pragma(
    struct database *db, const char *sql, int64_t otherwise, int64_t *value, struct error *e)
{
	sqlite3_stmt *stmt = NULL;
	int code;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL) != SQLITE_OK)
		return database_error(db, e, sql);
	code = sqlite3_step(stmt);
	*value = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : otherwise;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		database_error(db, e, sql);
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : -1;
}

/* What a damaged or hostile file says is not believed (sqlite.org/security.html). */
static int
configure(struct database *db, struct error *e)
{
	static const char both[] = "PRAGMA cache_size=" CACHE ";PRAGMA cell_size_check=ON";
	static const char writing[] = "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
				      "PRAGMA foreign_keys=ON";

	sqlite3_busy_timeout(db->sqlite, db->writes ? PATIENCE_MS : 0);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (sqlite3_exec(db->sqlite, both, NULL, NULL, NULL) != SQLITE_OK ||
	    (db->writes && sqlite3_exec(db->sqlite, writing, NULL, NULL, NULL) != SQLITE_OK))
		return database_error(db, e, "open");
	return 0;
}

struct database *
database_open(const char *path, bool writes, struct error *e)
{
	/* each connection is one thread's at a time, and a link in its place is somebody else's
	 * file */
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	    (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	struct database *db = xmalloc(sizeof(*db));
	int opened;

	*db = (struct database){ .path = xstrdup(path), .writes = writes };
	opened = sqlite3_open_v2(path, &db->sqlite, flags, NULL) == SQLITE_OK ?
	    configure(db, e) :
	    database_error(db, e, "open");
	if (opened == 0)
		return db;
	database_close(db);
	return NULL;
}

static int
prepare(
    struct database *db, const char *name, const char *sql, sqlite3_stmt **into, struct error *e)
{
	if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, into, NULL) ==
	    SQLITE_OK)
		return 0;
	database_error(db, e, name);
	return error_before(e, "prepare ");
}

/* Its parameters are $1 to $n, met in this order: so their numbers are SQLite's too. */
static int
check_params(const struct statement *row, sqlite3_stmt *stmt, struct error *e)
{
	int n = (int)strlen(row->params);

	if (sqlite3_bind_parameter_count(stmt) != n)
		return error_set(e, ERROR_INTERNAL,
		    "statement %s has %d parameters, and types of %d", row->name,
		    sqlite3_bind_parameter_count(stmt), n);
	for (int i = 1; i <= n; i++) {
		AUTO_FREE char *name = xformat("$%d", i);

		if (sqlite3_bind_parameter_index(stmt, name) != i)
			return error_set(e, ERROR_INTERNAL,
			    "statement %s: parameter %s does not come as number %d", row->name,
			    name, i);
	}
	return 0;
}

static bool
may_use(const struct database *db, const struct statement *row)
{
	return row->role == STATEMENT_FOR_READER || db->writes;
}

/* Prepares it to see that it is right. What is never used is not held: all of them take a megabyte.
 */
static int
check_row(struct database *db, int id, struct error *e)
{
	const struct statement *row = database_statement(db, id);
	sqlite3_stmt *stmt = NULL;
	int result;

	if (!may_use(db, row))
		return 0;
	sqlite3_set_authorizer(db->sqlite, row->role == STATEMENT_FOR_SECRET ? NULL : guard, NULL);
	result = prepare(db, row->name, row->sql, &stmt, e);
	if (result == 0)
		result = check_params(row, stmt, e);
	if (result == 0 && row->role == STATEMENT_FOR_READER && !sqlite3_stmt_readonly(stmt))
		result = error_set(
		    e, ERROR_INTERNAL, "statement %s writes, and is a reader's", row->name);
	sqlite3_finalize(stmt);
	return result;
}

sqlite3_stmt *
database_use(struct database *db, int id)
{
	const struct statement *row = database_statement(db, id);

	if (db->prepared[id] == NULL && may_use(db, row))
		prepare(db, row->name, row->sql, &db->prepared[id], NULL);
	return db->prepared[id];
}

const struct statement *
database_statement(const struct database *db, int id)
{
	return id < NSTATEMENTS ? &statements[id] : &db->more[id - NSTATEMENTS];
}

int
database_prepare(struct database *db, const struct statement *more, size_t n, struct error *e)
{
	const struct own {
		const char *sql;
		sqlite3_stmt **into;
	} own[] = {
		{ "BEGIN IMMEDIATE", &db->begin },
		{ "COMMIT", &db->commit },
		{ "ROLLBACK", &db->rollback },
		{ "SAVEPOINT part", &db->savepoint },
		{ "RELEASE part", &db->release },
		{ "ROLLBACK TO part", &db->undo },
	};
	int result = 0;

	db->more = more;
	db->nstatements = NSTATEMENTS + (int)n;
	db->prepared = xmalloc((size_t)db->nstatements * sizeof(sqlite3_stmt *));
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && db->writes && result == 0; i++)
		result = prepare(db, own[i].sql, own[i].sql, own[i].into, e);
	for (int i = 0; i < db->nstatements && result == 0; i++)
		result = check_row(db, i, e);
	/* SQLite prepares again by itself when the schema changes, and would ask for any of them */
	sqlite3_set_authorizer(db->sqlite, NULL, NULL);
	/* pages that the schema was read from: an idle store has no use for them */
	sqlite3_db_release_memory(db->sqlite);
	return result;
}

void
database_close(struct database *db)
{
	if (db == NULL)
		return;
	for (int i = 0; i < db->nstatements; i++)
		sqlite3_finalize(db->prepared[i]);
	free(db->prepared);
	sqlite3_finalize(db->begin);
	sqlite3_finalize(db->commit);
	sqlite3_finalize(db->rollback);
	sqlite3_finalize(db->savepoint);
	sqlite3_finalize(db->release);
	sqlite3_finalize(db->undo);
	sqlite3_close_v2(db->sqlite);
	free(db->path);
	free(db);
}

/* ---- transactions */

static int
step(struct database *db, sqlite3_stmt *stmt, const char *what, struct error *e)
{
	int code = sqlite3_step(stmt);
	int result = code == SQLITE_DONE ? 0 : database_error(db, e, what);

	sqlite3_reset(stmt);
	return result;
}

int
database_begin(struct database *db, struct error *e)
{
	return step(db, db->begin, "begin to write", e);
}

int
database_commit(struct database *db, struct error *e)
{
	return step(db, db->commit, "commit", e);
}

bool
database_in_transaction(const struct database *db)
{
	return !sqlite3_get_autocommit(db->sqlite);
}

void
database_rollback(struct database *db)
{
	if (database_in_transaction(db))
		step(db, db->rollback, "undo", NULL);
}

int
database_part_begin(struct database *db, struct error *e)
{
	return step(db, db->savepoint, "begin to write", e);
}

int
database_part_end(struct database *db, struct error *e)
{
	return step(db, db->release, "write", e);
}

void
database_part_undo(struct database *db)
{
	if (!database_in_transaction(db))
		return;
	step(db, db->undo, "undo", NULL);
	step(db, db->release, "undo", NULL);
}
