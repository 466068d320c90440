#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "backup.h"
#include "digest.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "timestamp.h"

/* What the table of migrations is asked, of whatever version the others are. */
#define HISTORY "SELECT version, name, sum, program, backup FROM migration ORDER BY version"
#define RECORD                                                                                     \
	"INSERT INTO migration (version, name, sum, program, time, backup) VALUES ($1, $2, $3, "   \
	"$4, $5, $6)"

int
schema_version(struct database *db, int64_t *version, struct error *e)
{
	int64_t id, tables;

	if (database_pragma(db, "PRAGMA application_id", 0, &id, e) < 0 ||
	    database_pragma(db, "PRAGMA user_version", 0, version, e) < 0 ||
	    database_pragma(db, "SELECT count(*) FROM sqlite_master", 0, &tables, e) < 0)
		return -1;
	if (id == DATABASE_ID || (id == 0 && tables == 0))
		return 0;
	return error_set(e, ERROR_REFUSED, "%s is another program's database", db->path);
}

static void
sum_of(size_t version, char sum[static DIGEST_TEXT])
{
	const char *sql = migrations[version - 1].sql;

	digest_text((struct span){ sql, strlen(sql) }, sum);
}

static const char *
text(sqlite3_stmt *row, int column)
{
	const unsigned char *p = sqlite3_column_text(row, column);

	return p == NULL ? "" : (const char *)p;
}

/* The first migration that this program does not know. */
static int
newer(struct database *db, sqlite3_stmt *row, int64_t version, struct error *e)
{
	return error_set(e, ERROR_REFUSED,
	    "%s has version %lld of the store's tables, made by mci %s, and this is "
	    "mci-store " MCI_VERSION
	    ", which knows version %zu: use the newer one, or go back with 'mci-store "
	    "restore %s' to what was there before",
	    db->path, (long long)version, text(row, 3), nmigrations, text(row, 4));
}

/* Holds one row of the history against this program's migrations. */
static int
check_row(
    struct database *db, sqlite3_stmt *row, int64_t expected, int64_t version, struct error *e)
{
	char sum[DIGEST_TEXT];

	if (sqlite3_column_int64(row, 0) != expected)
		return error_set(e, ERROR_SYSTEM, "%s: its migration %lld is not recorded",
		    db->path, (long long)expected);
	if (expected > (int64_t)nmigrations)
		return newer(db, row, version, e);
	sum_of((size_t)expected, sum);
	if (strcmp(sum, text(row, 2)) != 0)
		return error_set(e, ERROR_REFUSED,
		    "%s: its migration %lld (%s) is not this program's (%s)", db->path,
		    (long long)expected, text(row, 1), migrations[expected - 1].name);
	return 0;
}

static int
check_history(struct database *db, int64_t version, struct error *e)
{
	sqlite3_stmt *row = NULL;
	int64_t at = 0;
	int code, result = 0;

	if (sqlite3_prepare_v2(db->sqlite, HISTORY, -1, &row, NULL) != SQLITE_OK)
		return database_error(db, e, "read its history");
	while (result == 0 && (code = sqlite3_step(row)) != SQLITE_DONE) {
		if (code != SQLITE_ROW)
			result = database_error(db, e, "read its history");
		else
			result = check_row(db, row, ++at, version, e);
	}
	sqlite3_finalize(row);
	if (result == 0 && at != version)
		return error_set(e, ERROR_SYSTEM,
		    "%s: it has version %lld, and a history of %lld migrations", db->path,
		    (long long)version, (long long)at);
	return result;
}

/* DIR/backups/store-vN-TIME.db; caller frees. */
static char *
backup_name(struct database *db, int64_t version)
{
	const char *slash = strrchr(db->path, '/');
	AUTO_BYTES time = { 0 };

	timestamp_write(&time, kernel.wall());
	return xformat("%.*s/backups/store-v%lld-%s.db", (int)(slash - db->path), db->path,
	    (long long)version, bytes_string(&time));
}

static char *
save(struct database *db, int64_t version, struct error *e)
{
	char *name = backup_name(db, version);
	AUTO_FREE char *folder = xmemdup(name, (size_t)(strrchr(name, '/') - name));

	if (folder_make_kept(folder, e) == 0 && backup_copy(db, name, e) == 0)
		return name;
	free(name);
	error_before(e, "the copy before a migration: ");
	return NULL;
}

static int
record(struct database *db, size_t version, const char *backup, struct error *e)
{
	sqlite3_stmt *stmt = NULL;
	char sum[DIGEST_TEXT];
	int code;

	if (sqlite3_prepare_v2(db->sqlite, RECORD, -1, &stmt, NULL) != SQLITE_OK)
		return database_error(db, e, "record the migration");
	sum_of(version, sum);
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)version);
	sqlite3_bind_text(stmt, 2, migrations[version - 1].name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, sum, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, MCI_VERSION, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, kernel.wall());
	sqlite3_bind_text(stmt, 6, backup, -1, SQLITE_STATIC);
	code = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return code == SQLITE_DONE ? 0 : database_error(db, e, "record the migration");
}

/* All or nothing of it: SQLite undoes changes of the schema and of its numbers as well. */
static int
migrate(struct database *db, size_t version, const char *backup, struct error *e)
{
	AUTO_FREE char *number = xformat("PRAGMA user_version=%zu", version);
	AUTO_FREE char *id = xformat("PRAGMA application_id=%d", DATABASE_ID);

	if (database_execute(db, "BEGIN IMMEDIATE", e) == 0 &&
	    database_execute(db, migrations[version - 1].sql, e) == 0 &&
	    record(db, version, backup, e) == 0 && database_execute(db, id, e) == 0 &&
	    database_execute(db, number, e) == 0 && database_execute(db, "COMMIT", e) == 0)
		return 0;
	if (database_in_transaction(db))
		database_execute(db, "ROLLBACK", NULL);
	return error_before(e, "migration %zu (%s): ", version, migrations[version - 1].name);
}

int
schema_bring(struct database *db, struct error *e)
{
	AUTO_FREE char *backup = NULL;
	int64_t version;

	if (schema_version(db, &version, e) < 0 ||
	    (version > 0 && check_history(db, version, e) < 0))
		return -1;
	if (version > 0 && version < (int64_t)nmigrations &&
	    (backup = save(db, version, e)) == NULL)
		return -1;
	for (size_t next = (size_t)version + 1; next <= nmigrations; next++) {
		if (migrate(db, next, backup, e) < 0)
			return -1;
	}
	return 0;
}

int
schema_known(struct database *db, struct error *e)
{
	int64_t version;

	if (schema_version(db, &version, e) < 0)
		return -1;
	return version == 0 ? error_set(e, ERROR_REFUSED, "%s is an empty database", db->path) :
			      check_history(db, version, e);
}

int
schema_check(struct database *db, struct error *e)
{
	int64_t version;

	if (schema_known(db, e) < 0 || schema_version(db, &version, e) < 0)
		return -1;
	if (version < (int64_t)nmigrations)
		return error_set(e, ERROR_REFUSED,
		    "%s has version %lld of the store's tables, this mci-store has "
		    "%zu: 'mci-store serve' brings it forward",
		    db->path, (long long)version, nmigrations);
	return 0;
}
