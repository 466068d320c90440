#include "removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fold.h"
#include "kernel.h"
#include "logfile.h"
#include "logpack.h"
#include "memory.h"
#include "names.h"
#include "number.h"

/* What stands in a build's folder (state.h); the script's log has the forms of any log. */
static const char *const files[] = { "events.ndjson", "plan.ndjson", "command.json", "control" };
static const char *const log_forms[] = { ".log", ".idx", ".log" LOGPACK_SUFFIX,
	".log" LOGPACK_SUFFIX ".tmp" };

/* Whether the folder is BUILDS/ORG/REPO/N, with all links on the way followed. */
static bool
is_stored(const char *path)
{
	AUTO_FREE char *builds = state_builds(NULL);
	AUTO_FREE char *root = builds == NULL ? NULL : realpath(builds, NULL);
	AUTO_FREE char *real = realpath(path, NULL);
	size_t n = root == NULL ? 0 : strlen(root);
	const char *number;
	int slashes = 0;
	int64_t got;

	if (root == NULL || real == NULL || strncmp(real, root, n) != 0 || real[n] != '/')
		return false;
	for (const char *p = real + n; *p != '\0'; p++)
		slashes += *p == '/';
	number = strrchr(real, '/') + 1;
	return slashes == 3 && number_parse(number, strlen(number), 1, LONG_MAX, &got, NULL) == 0;
}

/* The length of NAME in "NAME.log" and the other forms of a log; 0 when the file is none. */
static size_t
log_stem(const char *file)
{
	size_t n = strlen(file);

	for (size_t i = 0; i < sizeof(log_forms) / sizeof(log_forms[0]); i++) {
		size_t form = strlen(log_forms[i]);

		if (n > form && strcmp(file + n - form, log_forms[i]) == 0)
			return n - form;
	}
	return 0;
}

/* JOB.log and JOB@2.idx, of a job that the events name. */
static bool
is_job_log(struct fold *f, const char *file)
{
	size_t n = log_stem(file);
	const char *at = memchr(file, '@', n);
	int64_t attempt;

	if (at != NULL && number_parse(at + 1, (size_t)(file + n - at - 1), 2, INT32_MAX, &attempt,
	    NULL) < 0)
		return false;
	return n > 0 && fold_find(f, file, at == NULL ? n : (size_t)(at - file)) != NULL;
}

static bool
is_build_file(struct fold *f, const char *file)
{
	(void)f;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(file, files[i]) == 0)
			return true;
	}
	return logfile_number(file, log_stem(file), "script") > 0;
}

/* The folder of a run's logs. */
static bool
is_logs(const char *name)
{
	return logfile_number(name, strlen(name), "logs") > 0;
}

/* Refuses when anything in the folder is no plain file that known accepts; folders of logs only in a build's,
 * and then the same of what is in them. */
static int logs_check(const char *path, const char *name, struct fold *f, struct error *e);

static int
entries_check(const char *path, struct fold *f, bool (*known)(struct fold *f, const char *file),
    struct error *e)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	struct stat st;
	int result = 0;

	if (dir == NULL)
		return error_sys(e, "%s", path);
	while (result == 0 && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			result = error_sys(e, "%s/%s", path, name);
		else if (S_ISDIR(st.st_mode) && known == is_build_file && is_logs(name))
			result = logs_check(path, name, f, e);
		else if (!S_ISREG(st.st_mode) || !known(f, name))
			result = error_set(e, ERROR_REFUSED, "%s is not removed: mci did not make %s in it",
			    path, name);
	}
	closedir(dir);
	return result;
}

static int
logs_check(const char *path, const char *name, struct fold *f, struct error *e)
{
	AUTO_FREE char *logs = xformat("%s/%s", path, name);

	return entries_check(logs, f, is_job_log, e);
}

/* The events must be those of a build, and the rest what a build leaves beside them. */
static int
contents_check(const char *path, struct error *e)
{
	AUTO_FREE char *events = xformat("%s/events.ndjson", path);
	struct fold f;
	int result;

	fold_init(&f);
	result = fold_file(&f, events, e);
	if (result == 0 && f.build == NULL)
		result = error_set(e, ERROR_REFUSED, "%s is not removed: %s holds no build's events", path,
		    events);
	if (result == 0)
		result = entries_check(path, &f, is_build_file, e);
	fold_free(&f);
	return result;
}

int
removal_check(const struct state_build *b, bool force, struct error *e)
{
	if (is_stored(b->path))
		return 0;
	if (force)
		return contents_check(b->path, e);
	return error_set(e, ERROR_REFUSED,
	    "%s is not where builds are kept; --force removes it if nothing else is in it", b->path);
}

int
removal_build(const struct state_build *b, bool force, struct error *e)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, b->path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return error_sys(e, "%s", b->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return error_set(e, ERROR_BUSY, "%s is running", b->name);
		return error_sys(e, "lock %s", b->path);
	}
	if (removal_check(b, force, e) < 0)
		return -1;
	return names_remove_tree(b->path, e);
}

void
removal_prune(const char *repo, size_t keep)
{
	struct state_list list;

	if (state_list_read(&list, repo, NULL) < 0)
		return;
	for (size_t i = keep; i < list.n; i++)
		removal_build(&list.builds[i], false, NULL);
	state_list_free(&list);
}
