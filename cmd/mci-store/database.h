/*
 * database: one connection to the store's file, and the statements that its role may use.
 * A store has two: the writing one, which belongs to one thread at a time (writer.h), and a
 * read-only one for the loop.
 *
 * SQLite with a write-ahead log and synchronous=FULL: a commit that was told is there after a power
 * cut.
 */
#ifndef MCI_STORE_DATABASE_H
#define MCI_STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "sql.h"

/* "mciS": of the file's header, where file(1) shows it */
#define DATABASE_ID 0x6d636953

struct database {
	sqlite3 *sqlite;
	char *path;
	bool writes;
	const struct statement *more; /* behind those of sql.h, with the numbers behind theirs */
	int nstatements;
	sqlite3_stmt **prepared; /* those that were used so far */
	/* the connection's own: they are prepared with the others, and are no statements of the
	 * store */
	sqlite3_stmt *begin, *commit, *rollback, *savepoint, *release, *undo;
};

/*
 * A connection with nothing prepared, for whoever makes or copies the file. writes: makes the file
 * if it is missing. NULL with an error that names the file: ERROR_BUSY where another program holds
 * it.
 */
struct database *database_open(const char *path, bool writes, struct error *e);
/*
 * Prepares, to see that they are right, all that its role may use: those of sql.h, and behind them
 * n that others have made (they stay theirs). -1 with the statement's name: a mistake in it, or a
 * schema that has changed.
 */
int database_prepare(struct database *db, const struct statement *more, size_t n, struct error *e);
/* A statement, which stays prepared; NULL where the role may not use it. */
sqlite3_stmt *database_use(struct database *db, int id);
/* Its row. */
const struct statement *database_statement(const struct database *db, int id);
/* NULL is allowed. */
void database_close(struct database *db);

/* Runs SQL of migrations and pragmas, which gives no rows. */
int database_execute(struct database *db, const char *sql, struct error *e);
/* Whether each commit is on the disk before it has happened; what one that is not has written
 * is there when a later one is. */
int database_sync_commits(struct database *db, bool sync, struct error *e);
/* The first column of the first row of a pragma, or otherwise where it gives none. */
int database_pragma(
    struct database *db, const char *sql, int64_t otherwise, int64_t *value, struct error *e);

/* What SQLite said last, with what was done: ERROR_BUSY locked, ERROR_REFUSED against a constraint,
 * ERROR_SYSTEM the disk is full, cannot be read or the file is damaged, and what can be done. -1.
 */
int database_error(struct database *db, struct error *e, const char *what);

/* ---- what is written: all of it or nothing */
int database_begin(struct database *db, struct error *e);
int database_commit(struct database *db, struct error *e);
void database_rollback(struct database *db);
/* Whether a transaction is open: some faults undo it as a whole. */
bool database_in_transaction(const struct database *db);
/* A part of one, that can be undone alone. */
int database_part_begin(struct database *db, struct error *e);
int database_part_end(struct database *db, struct error *e);
void database_part_undo(struct database *db);

#endif
