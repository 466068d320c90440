/* The verbs backup, restore and check: they work on the store's file itself, whether it is served or not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asking.h"
#include "backup.h"
#include "folder.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "option.h"
#include "schema.h"
#include "store.h"
#include "timestamp.h"
#include "verbs.h"

struct options {
	const char *folder;
};

static const struct option options[] = {
	{ .name = "dir", .value = "DIR", .help = "the folder of the store", .kind = OPTION_TEXT,
	  .offset = offsetof(struct options, folder) },
};

static char *
folder_of(const struct options *o, struct error *e)
{
	AUTO_FREE char *state = o->folder != NULL ? NULL : folder_state(e);

	if (o->folder != NULL)
		return xstrdup(o->folder);
	return state == NULL ? NULL : xformat("%s/store", state);
}

static char *
file_of(const struct options *o, struct error *e)
{
	AUTO_FREE char *folder = folder_of(o, e);

	return folder == NULL ? NULL : xformat("%s/" STORE_FILE, folder);
}

/* What is read. A store that is not there is none that is empty. */
static struct database *
open_file(const char *path, struct error *e)
{
	struct database *db;

	if (access(path, F_OK) < 0) {
		error_set(e, ERROR_NOT_FOUND, "%s: there is no store", path);
		return NULL;
	}
	db = database_open(path, false, e);
	if (db != NULL)
		sqlite3_busy_timeout(db->sqlite, 5000);
	return db;
}

/* ---- check */

/* Every line that SQLite finds, as PATH: text; how many. */
static int
find_damage(struct database *db, const char *sql, const char *what, int *found, struct error *e)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(db->sqlite, sql, -1, &row, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		const char *text;

		code = sqlite3_step(row);
		if (code != SQLITE_ROW)
			break;
		text = (const char *)sqlite3_column_text(row, 0);
		if (text == NULL || strcmp(text, "ok") == 0)
			continue;
		printf("%s: %s%s\n", db->path, what, text);
		++*found;
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : database_error(db, e, "check");
}

/* 0: it is whole and this program's; -1 also where damage was printed. */
static int
check_file(struct database *db, struct error *e)
{
	int64_t version;
	int found = 0;

	if (schema_version(db, &version, e) < 0 ||
	    find_damage(db, "PRAGMA integrity_check", "", &found, e) < 0 ||
	    find_damage(db, "PRAGMA foreign_key_check", "a row refers to none, in the table ",
		&found, e) < 0)
		return -1;
	if (found > 0)
		return error_set(e, ERROR_SYSTEM,
		    "%s is damaged: 'mci-store restore FILE' puts a backup in its "
		    "place",
		    db->path);
	return schema_check(db, e);
}

static int
check_run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *path = argc > 0 ? xstrdup(argv[0]) : file_of(arg, &e);
	struct database *db = path == NULL ? NULL : open_file(path, &e);
	int result = db == NULL ? -1 : check_file(db, &e);

	database_close(db);
	return result < 0 ? asking_complain(&e) : 0;
}

/* ---- backup */

/* One transaction: what the copy holds is the store at one moment, and whoever writes meanwhile
 * goes on. */
static int
copy_moment(struct database *db, const char *to, struct error *e)
{
	int64_t version;

	if (database_execute(db, "BEGIN", e) < 0 || schema_version(db, &version, e) < 0)
		return -1;
	return backup_copy(db, to, e);
}

static int
backup_run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *path = file_of(arg, &e);
	struct database *db = path == NULL ? NULL : open_file(path, &e);
	int result = db == NULL ? -1 : copy_moment(db, argv[0], &e);

	(void)argc;
	database_close(db);
	return result < 0 ? asking_complain(&e) : 0;
}

/* ---- restore */

/* FOLDER/backups/WHAT-TIME.db; the folder is made. The caller frees. */
static char *
aside(const char *folder, const char *what, struct error *e)
{
	AUTO_FREE char *backups = xformat("%s/backups", folder);
	AUTO_BYTES time = { 0 };

	if (folder_make_kept(backups, e) < 0)
		return NULL;
	timestamp_write(&time, kernel.wall());
	return xformat("%s/%s-%s.db", backups, what, bytes_string(&time));
}

/* A file that cannot be read as a store any more is kept as it is, with its write-ahead log. */
static int
move_aside(const char *folder, const char *to, struct error *e)
{
	AUTO_FREE char *name = xformat("backups/%s", strrchr(to, '/') + 1);
	AUTO_FREE char *log = xformat("%s-wal", name);
	AUTO_CLOSE int dir = kernel_open_file(AT_FDCWD, folder);

	if (dir < 0)
		return error_sys(e, "%s", folder);
	if (names_replace(dir, STORE_FILE, name, e) < 0)
		return -1;
	return faccessat(dir, STORE_FILE "-wal", F_OK, 0) < 0 ?
	    0 :
	    names_replace(dir, STORE_FILE "-wal", log, e);
}

/* What is in the folder now: into a copy, and out of its write-ahead log. 1 with the name it has
 * now. */
static int
put_aside(const char *folder, char **name, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/" STORE_FILE, folder);
	struct database *db;
	int result = -1;

	if (access(path, F_OK) < 0)
		return 0;
	*name = aside(folder, "replaced", e);
	if (*name == NULL)
		return -1;
	db = database_open(path, true, NULL);
	if (db != NULL && backup_copy(db, *name, NULL) == 0)
		result = database_execute(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
	database_close(db);
	if (result < 0)
		result = move_aside(folder, *name, e);
	return result < 0 ? -1 : 1;
}

static int
restore(const char *folder, const char *from, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/" STORE_FILE, folder);
	AUTO_FREE char *replaced = NULL;
	AUTO_CLOSE int lock = folder_take(folder, e);
	struct database *db = lock < 0 ? NULL : open_file(from, e);
	int64_t version;
	int found = 0, result = -1;

	/* an older version is brought forward when it is served */
	if (db != NULL && schema_version(db, &version, e) == 0 &&
	    find_damage(db, "PRAGMA integrity_check", "", &found, e) == 0 &&
	    schema_known(db, e) == 0)
		result = found > 0 ? error_set(e, ERROR_SYSTEM, "%s is damaged", from) :
				     put_aside(folder, &replaced, e);
	if (result >= 0)
		result = backup_copy(db, path, e);
	database_close(db);
	if (result == 0 && replaced != NULL && !option_common.quiet)
		printf("what was there is %s\n", replaced);
	return result;
}

static int
restore_run(void *arg, int argc, char **argv)
{
	struct error e;
	AUTO_FREE char *folder = folder_of(arg, &e);

	(void)argc;
	return folder == NULL || restore(folder, argv[0], &e) < 0 ? asking_complain(&e) : 0;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct command store_backup_command = {
	.program = PROGRAM, .verb = "backup", .operands = "FILE", .complete = "files",
	.summary = "copy the store into one file, also while it is served", .options = options,
	.noptions = COUNT(options), .min_operands = 1, .max_operands = 1, .run = backup_run,
	.size = sizeof(struct options),
};

const struct command store_restore_command = {
	.program = PROGRAM, .verb = "restore", .operands = "FILE", .complete = "files",
	.summary = "put a copy in the store's place, while it is not served", .options = options,
	.noptions = COUNT(options), .min_operands = 1, .max_operands = 1, .run = restore_run,
	.size = sizeof(struct options),
};

const struct command store_check_command = {
	.program = PROGRAM, .verb = "check", .operands = "[FILE]", .complete = "files",
	.summary = "read all of the store, or of a copy, and say what is damaged", .options = options,
	.noptions = COUNT(options), .max_operands = 1, .run = check_run, .size = sizeof(struct options),
};
