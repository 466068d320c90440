#include "backup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"

/* Nobody is to lose a file that is none of ours by a word too many: a store's begins as SQLite's
 * file format says (sqlite.org/fileformat2.html, section 1.3), with our number at 68. */
static int
check_replaced(const char *path, struct error *e)
{
	static const unsigned char ours[] = { DATABASE_ID >> 24, DATABASE_ID >> 16 & 255,
		DATABASE_ID >> 8 & 255, DATABASE_ID & 255 };
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	unsigned char id[4];

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_sys(e, "%s", path);
	if (kernel.pread(fd, id, 4, 68) == 4 && memcmp(id, ours, 4) == 0)
		return 0;
	return error_set(
	    e, ERROR_REFUSED, "%s is there, and is no copy of a store: it is left alone", path);
}

static int
copy_pages(struct database *from, struct database *to, struct error *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to->sqlite, "main", from->sqlite, "main");
	int code;

	if (b == NULL)
		return database_error(to, e, "begin the copy");
	code = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	if (code == SQLITE_DONE)
		return 0;
	if (sqlite3_errcode(to->sqlite) == SQLITE_OK || code == SQLITE_BUSY)
		return database_error(from, e, "copy");
	return database_error(to, e, "copy");
}

/* A copy is one file: it has no write-ahead log beside it. */
static int
write_fresh(struct database *from, const char *fresh, struct error *e)
{
	struct database *to = database_open(fresh, true, e);
	int result;

	if (to == NULL)
		return -1;
	result = copy_pages(from, to, e);
	if (result == 0)
		result = database_execute(to, "PRAGMA journal_mode=DELETE", e);
	database_close(to);
	return result;
}

/* The folder that the file is in, and its name there. */
static int
open_folder(const char *path, const char **name, struct error *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *folder = slash == NULL ?
	    xstrdup(".") :
	    xmemdup(path, slash == path ? 1 : (size_t)(slash - path));
	int dir = kernel_open_file(AT_FDCWD, folder);

	*name = slash == NULL ? path : slash + 1;
	return dir < 0 ? error_sys(e, "%s", folder) : dir;
}

int
backup_copy(struct database *from, const char *to, struct error *e)
{
	AUTO_FREE char *fresh = xformat("%s.new", to);
	AUTO_FREE char *fresh_name = NULL;
	const char *name;
	AUTO_CLOSE int dir = open_folder(to, &name, e);
	AUTO_CLOSE int fd = -1;

	if (dir < 0 || check_replaced(to, e) < 0 || names_remove(AT_FDCWD, fresh, e) < 0)
		return -1;
	if (write_fresh(from, fresh, e) < 0) {
		names_remove(AT_FDCWD, fresh, NULL);
		return -1;
	}
	fd = kernel.open(AT_FDCWD, fresh, O_RDWR, 0);
	if (fd < 0)
		return error_sys(e, "%s", fresh);
	fresh_name = xformat("%s.new", name);
	return names_publish(fd, dir, fresh_name, name, e);
}
