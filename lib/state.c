#include "state.h"

#include <ctype.h>
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

#include "checksum.h"
#include "folder.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "names.h"
#include "number.h"

/* What is kept of a folder's name in a build's name; with hash and number far below NAME_MAX. */
#define NAME_LENGTH 128
/* build/end is the last line of a log and shorter than this, its message included. */
#define END_LENGTH 8192

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *
state_builds(struct error *e)
{
	AUTO_FREE char *home = folder_state(e);

	return home == NULL ? NULL : xformat("%s/builds", home);
}

char *
state_project(const char *dir)
{
	char *path = realpath(dir, NULL);

	while (path != NULL) {
		AUTO_FREE char *native = xformat("%s/.mci", path);
		AUTO_FREE char *original = xformat("%s/.monkeyci", path);
		AUTO_FREE char *git = xformat("%s/.git", path);
		char *slash = strrchr(path, '/');

		if (is_folder(native) || is_folder(original))
			return path;
		if (slash[1] == '\0' || access(git, F_OK) == 0)
			break;
		slash[slash == path] = '\0';
	}
	free(path);
	return NULL;
}

/* The last part of the path as a part of a build's name. */
static char *
base_name(const char *project)
{
	const char *slash = strrchr(project, '/');
	const char *base = slash == NULL ? project : slash + 1;
	char *name = *base == '\0' ? xstrdup("root") : xmemdup(base, strnlen(base, NAME_LENGTH));

	for (char *p = name; *p != '\0'; p++) {
		if (!isalnum((unsigned char)*p) && strchr("._+,-", *p) == NULL)
			*p = '_';
	}
	if (name[0] == '.')
		name[0] = '_';
	return name;
}

/* Whose builds these are: 1 the project's, 0 another's, -1 and errno nobody's yet, or it cannot be told. */
static int
repo_belongs(const char *folder, const char *project)
{
	AUTO_FREE char *link = xformat("%s/project", folder);
	char found[PATH_MAX];
	ssize_t n = readlink(link, found, sizeof(found));

	if (n < 0)
		return -1;
	return (size_t)n == strlen(project) && memcmp(found, project, (size_t)n) == 0;
}

/* The folder becomes the project's, unless somebody is quicker: then *owner says whose it is. */
static int
repo_claim(const char *folder, const char *project, int *owner, struct error *e)
{
	AUTO_FREE char *link = xformat("%s/project", folder);

	if (folder_make(folder, e) < 0)
		return -1;
	*owner = 1;
	if (symlink(project, link) == 0)
		return 0;
	if (errno != EEXIST)
		return error_sys(e, "symlink %s", link);
	*owner = repo_belongs(folder, project);
	if (*owner < 0)
		return error_set(e, ERROR_REFUSED, "%s is not a link to a folder", link);
	return 0;
}

/* "local/zlib", or "local/zlib-1f2e3d4c" when the plain name is another folder's. */
static char *
repo_name(const char *project, bool hashed)
{
	AUTO_FREE char *base = base_name(project);

	if (hashed)
		return xformat("local/%s-%08x", base, checksum_add(0, project, strlen(project)));
	return xformat("local/%s", base);
}

/* The project's name among the builds; with make it gets one unless it has one. */
static char *
repo_get(const char *builds, const char *project, bool make, struct error *e)
{
	for (int hashed = 0; hashed < 2; hashed++) {
		char *repo = repo_name(project, hashed);
		AUTO_FREE char *folder = xformat("%s/%s", builds, repo);
		int owner = repo_belongs(folder, project), failed = 0;

		if (owner < 0 && make)
			failed = repo_claim(folder, project, &owner, e);
		else if (owner < 0 && errno != ENOENT && errno != EINVAL)
			failed = error_sys(e, "%s", folder);
		if (failed == 0 && owner == 1)
			return repo;
		free(repo);
		if (failed < 0)
			return NULL;
	}
	error_set(e, ERROR_NOT_FOUND, "there is no build of %s", project);
	return NULL;
}

char *
state_repo(const char *project, struct error *e)
{
	AUTO_FREE char *builds = state_builds(e);

	return builds == NULL ? NULL : repo_get(builds, project, false, e);
}

/* A build's number, 0 when the name is none. */
static long
number_of(const char *name, size_t n)
{
	int64_t number;

	if (n == 0 || name[0] == '0' || number_parse(name, n, 1, LONG_MAX - 1, &number, NULL) < 0)
		return 0;
	return (long)number;
}

static int
number_falling(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return left < right ? 1 : left > right ? -1 : 0;
}

/* Opens a folder to list it: 1, 0 there is none, -1 it cannot be read. */
static int
list_open(DIR **dir, const char *folder, struct error *e)
{
	*dir = opendir(folder);
	if (*dir != NULL)
		return 1;
	return errno == ENOENT ? 0 : error_sys(e, "%s", folder);
}

/* The numbers in a repo's folder, newest first; the caller frees. A missing folder has none. 0 or -1. */
static int
numbers_read(const char *folder, long **into, size_t *count, struct error *e)
{
	DIR *dir;
	struct dirent *entry;
	long *numbers = NULL;
	size_t n = 0, size = 0;
	int there = list_open(&dir, folder, e);

	while (there == 1 && (entry = readdir(dir)) != NULL) {
		long number = number_of(entry->d_name, strlen(entry->d_name));

		if (number == 0)
			continue;
		if (n == size) {
			size = size == 0 ? 64 : size * 2;
			numbers = xrealloc(numbers, size, sizeof(*numbers));
		}
		numbers[n++] = number;
	}
	if (dir != NULL)
		closedir(dir);
	if (n > 0)
		qsort(numbers, n, sizeof(*numbers), number_falling);
	*into = numbers;
	*count = n;
	return there < 0 ? -1 : 0;
}

/* The number that was given out last, by the link; the build may be gone. 0 when there was none. */
static long
latest_read(const char *folder)
{
	AUTO_FREE char *link = xformat("%s/latest", folder);
	AUTO_FREE long *numbers = NULL;
	char text[32];
	ssize_t length = readlink(link, text, sizeof(text));
	size_t n;
	long number = length > 0 ? number_of(text, (size_t)length) : 0;

	if (number > 0)
		return number;
	return numbers_read(folder, &numbers, &n, NULL) == 0 && n > 0 ? numbers[0] : 0;
}

static int
latest_write(const char *folder, long number, struct error *e)
{
	AUTO_FREE char *link = xformat("%s/latest", folder);
	AUTO_FREE char *fresh = xformat("%s/latest.%ld", folder, number);
	const char *text = strrchr(fresh, '.') + 1;

	/* of two that start at the same moment the later number stays */
	if (latest_read(folder) > number)
		return 0;
	if (symlink(text, fresh) < 0 && errno != EEXIST)
		return error_sys(e, "symlink %s", fresh);
	return names_replace(AT_FDCWD, fresh, link, e);
}

/* The folder of the next number; mkdir decides between builds that start at the same moment. */
static int
number_take(struct state_build *b, const char *folder, const char *repo, struct error *e)
{
	for (b->number = latest_read(folder) + 1;; b->number++) {
		b->path = xformat("%s/%ld", folder, b->number);
		if (mkdir(b->path, 0755) == 0)
			break;
		if (errno != EEXIST)
			return error_sys(e, "mkdir %s", b->path);
		free(b->path);
		b->path = NULL;
	}
	b->name = xformat("%s/%ld", repo, b->number);
	return 0;
}

/* What makes a folder a build that can be named as the latest: its lock, its event log, its logs. */
static int
folder_fill(struct state_build *b, struct error *e)
{
	AUTO_CLOSE int events = -1;

	b->lock = kernel.open(AT_FDCWD, b->path, O_RDONLY | O_DIRECTORY, 0);
	/* waits, if at all, for somebody who is just asking whether it runs */
	if (b->lock < 0 || flock(b->lock, LOCK_EX) < 0)
		return error_sys(e, "lock %s", b->path);
	if (mkdirat(b->lock, "logs", 0755) < 0)
		return error_sys(e, "mkdir %s/logs", b->path);
	events = kernel.open(b->lock, "events.ndjson", O_WRONLY | O_CREAT | O_APPEND, 0666);
	return events < 0 ? error_sys(e, "create %s/events.ndjson", b->path) : 0;
}

int
state_build_new(struct state_build *b, const char *project, struct error *e)
{
	AUTO_FREE char *builds = state_builds(e);
	AUTO_FREE char *repo = NULL;
	AUTO_FREE char *folder = NULL;

	*b = (struct state_build){ .lock = -1 };
	if (builds != NULL && (repo = repo_get(builds, project, true, e)) != NULL) {
		folder = xformat("%s/%s", builds, repo);
		if (number_take(b, folder, repo, e) == 0 && folder_fill(b, e) == 0 &&
		    latest_write(folder, b->number, e) == 0)
			return 0;
	}
	state_build_free(b);
	return -1;
}

void
state_build_free(struct state_build *b)
{
	free(b->name);
	free(b->path);
	memory_close(&b->lock);
	*b = (struct state_build){ .lock = -1 };
}

static void
build_fill(struct state_build *b, const char *builds, const char *repo, long number)
{
	*b = (struct state_build){ .number = number, .lock = -1 };
	b->name = xformat("%s/%ld", repo, number);
	b->path = xformat("%s/%s/%ld", builds, repo, number);
}

/* Whether the build ended, and not well: its last line says so, or it was killed before it could. */
static bool
build_failed(const struct state_build *b)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", b->path);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	char tail[END_LENGTH];
	struct message m;
	struct scan_value status;
	struct stat st;
	ssize_t n;
	char *from;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	n = kernel.pread(fd, tail, sizeof(tail), st.st_size > END_LENGTH ? st.st_size - END_LENGTH : 0);
	if (n > 0 && tail[n - 1] == '\n') {
		from = memrchr(tail, '\n', (size_t)--n);
		from = from == NULL ? tail : from + 1;
		n -= from - tail;
		if (message_read(&m, from, (size_t)n, NULL) == 0 && span_is(m.type, "build/end") &&
		    message_member(from, (size_t)n, "status", &status, NULL) == 1)
			return scan_text_is(&status, "failure") || scan_text_is(&status, "error");
	}
	return !state_build_running(b);
}

/* The build that stands back places behind the newest one, or the newest that failed. */
static int
find_relative(struct state_build *b, const char *builds, const char *repo, size_t back, bool failed,
    struct error *e)
{
	AUTO_FREE char *folder = xformat("%s/%s", builds, repo);
	AUTO_FREE long *numbers = NULL;
	size_t n;

	if (numbers_read(folder, &numbers, &n, e) < 0)
		return -1;
	for (size_t i = back; i < n; i++) {
		build_fill(b, builds, repo, numbers[i]);
		if (!failed || build_failed(b))
			return 0;
		state_build_free(b);
	}
	if (failed)
		return error_set(e, ERROR_NOT_FOUND, "no build of %s has failed", repo);
	return error_set(e, ERROR_NOT_FOUND, "%s has %zu build%s", repo, n, n == 1 ? "" : "s");
}

static int
find_number(struct state_build *b, const char *builds, const char *repo, long number,
    struct error *e)
{
	AUTO_FREE char *folder = xformat("%s/%s", builds, repo);
	long latest;

	build_fill(b, builds, repo, number);
	errno = ENOENT;
	if (is_folder(b->path))
		return 0;
	if (errno != ENOENT) {
		error_sys(e, "%s", b->path);
		state_build_free(b);
		return -1;
	}
	state_build_free(b);
	latest = latest_read(folder);
	if (latest == 0)
		return error_set(e, ERROR_NOT_FOUND, "there is no build of %s", repo);
	return error_set(e, ERROR_NOT_FOUND, "there is no build %s/%ld (the latest is %ld)", repo,
	    number, latest);
}

/* "@", "@~2", "@failed" and "7": builds of the project. */
static int
find_here(struct state_build *b, const char *builds, const char *text, const char *project,
    struct error *e)
{
	AUTO_FREE char *repo = NULL;
	int64_t back = 0;
	long number = number_of(text, strlen(text));

	if (text[0] == '@' && text[1] == '~') {
		if (number_parse(text + 2, strlen(text + 2), 0, INT32_MAX, &back, e) < 0)
			return error_before(e, "%s: ", text);
	} else if (number == 0 && strcmp(text, "@") != 0 && strcmp(text, "@failed") != 0) {
		return error_set(e, ERROR_INPUT, "%s: expected @, @~N or @failed", text);
	}
	if (project == NULL)
		return error_set(e, ERROR_NOT_FOUND, "'%s' names a build of a folder, and there is none",
		    text);
	repo = repo_get(builds, project, false, e);
	if (repo == NULL)
		return -1;
	if (number > 0)
		return find_number(b, builds, repo, number, e);
	return find_relative(b, builds, repo, (size_t)back, text[1] == 'f', e);
}

/* ORG/REPO/N: two parts and a number. */
static int
find_named(struct state_build *b, const char *builds, const char *text, struct error *e)
{
	const char *org_end = strchr(text, '/');
	const char *repo_end = org_end == NULL ? NULL : strchr(org_end + 1, '/');
	long number = repo_end == NULL ? 0 : number_of(repo_end + 1, strlen(repo_end + 1));
	AUTO_FREE char *repo = NULL;

	if (number == 0 || text[0] == '.' || org_end == text || org_end[1] == '.' ||
	    repo_end == org_end + 1)
		return error_set(e, ERROR_NOT_FOUND,
		    "'%s' is no build: expected local/DIR/N, ORG/REPO/N, N, @, @~N, @failed or a path",
		    text);
	repo = xmemdup(text, (size_t)(repo_end - text));
	return find_number(b, builds, repo, number, e);
}

/* A log server keeps the logs alone. */
static bool
is_build(const char *path)
{
	AUTO_FREE char *events = xformat("%s/events.ndjson", path);
	AUTO_FREE char *logs = xformat("%s/logs", path);

	return access(events, F_OK) == 0 || is_folder(logs);
}

/* The folder of a build, or its events.ndjson; anywhere. */
static int
find_path(struct state_build *b, const char *builds, const char *text, struct error *e)
{
	char *path = realpath(text, NULL);
	size_t n = strlen(builds);
	char *slash;

	if (path == NULL)
		return error_set(e, ERROR_NOT_FOUND, "%s: %s", text, strerror(errno));
	slash = strrchr(path, '/');
	if (slash != path && strcmp(slash + 1, "events.ndjson") == 0)
		*slash = '\0';
	if (!is_build(path)) {
		error_set(e, ERROR_NOT_FOUND, "%s is not the folder of a build (no events.ndjson in it)",
		    path);
		free(path);
		return -1;
	}
	slash = strrchr(path, '/');
	b->path = path;
	b->number = number_of(slash + 1, strlen(slash + 1));
	b->name = xstrdup(strncmp(path, builds, n) == 0 && path[n] == '/' ? path + n + 1 : path);
	b->lock = -1;
	return 0;
}

int
state_build_find(struct state_build *b, const char *text, const char *project, struct error *e)
{
	AUTO_FREE char *builds = state_builds(e);

	*b = (struct state_build){ .lock = -1 };
	if (builds == NULL)
		return -1;
	if (text[0] == '@' || number_of(text, strlen(text)) > 0)
		return find_here(b, builds, text, project, e);
	if (text[0] == '/' || text[0] == '.')
		return find_path(b, builds, text, e);
	if (find_named(b, builds, text, e) == 0)
		return 0;
	/* a path without ./ in front, when there is one */
	return access(text, F_OK) == 0 ? find_path(b, builds, text, e) : -1;
}

/* Where "/JOB" begins in the text: behind @..., N or the third part; NULL when it is not there. */
static const char *
job_slash(const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash == NULL || text[0] == '@' || number_of(text, (size_t)(slash - text)) > 0)
		return slash;
	if (text[0] == '/' || text[0] == '.')
		return access(text, F_OK) == 0 ? NULL : strrchr(text, '/');
	slash = strchr(slash + 1, '/');
	return slash == NULL ? NULL : strchr(slash + 1, '/');
}

int
state_job_find(struct state_build *b, char **job, const char *text, const char *project,
    struct error *e)
{
	const char *slash = job_slash(text);
	AUTO_FREE char *build = slash == NULL ? xstrdup(text) : xmemdup(text, (size_t)(slash - text));

	*job = NULL;
	*b = (struct state_build){ .lock = -1 };
	if (slash != NULL && (slash[1] == '\0' || strchr(slash + 1, '/') != NULL))
		return error_set(e, ERROR_INPUT, "'%s': expected BUILD/JOB, '%s' is no job's id", text,
		    slash + 1);
	if (state_build_find(b, build, project, e) < 0)
		return -1;
	if (slash != NULL)
		*job = xstrdup(slash + 1);
	return 0;
}

/* Whether the build's events name the job. */
static bool
has_job(const struct state_build *b, const char *job)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", b->path);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct line_reader r = { 0 };
	struct span line;
	struct message m;
	bool found = false;

	while (fd >= 0 && !found && line_read(&r, fd) > 0) {
		while (!found && line_next(&r, &line) != LINE_NONE)
			found = message_read(&m, line.p, line.n, NULL) == 0 && span_is(m.job, job);
	}
	line_free(&r);
	return found;
}

/* A word as a job of the project's latest build: 1, 0 that has none of this name, -1 it can be none. */
static int
find_job_here(struct state_build *b, char **job, const char *text, const char *project)
{
	*job = NULL;
	if (strchr(text, '/') != NULL || strchr("@.", text[0]) != NULL ||
	    state_build_find(b, "@", project, NULL) < 0)
		return -1;
	if (has_job(b, text)) {
		*job = xstrdup(text);
		return 1;
	}
	state_build_free(b);
	return 0;
}

int
state_job_meant(struct state_build *b, char **job, const char *text, const char *project,
    struct error *e)
{
	bool number = number_of(text, strlen(text)) > 0;
	int here = number ? -1 : find_job_here(b, job, text, project);

	if (here == 1 || state_job_find(b, job, text, project, e) == 0)
		return 0;
	if (number && find_job_here(b, job, text, project) == 1)
		return 0;
	if (here == 0 && e != NULL && e->code == ERROR_NOT_FOUND)
		error_before(e, "the latest build here has no job '%s', and ", text);
	return -1;
}

/* Adds the builds of one repo, newest first. 0, or -1 when it cannot be read. */
static int
list_repo(struct state_list *l, const char *builds, const char *repo, struct error *e)
{
	AUTO_FREE char *folder = xformat("%s/%s", builds, repo);
	AUTO_FREE long *numbers = NULL;
	size_t n;

	if (numbers_read(folder, &numbers, &n, e) < 0)
		return -1;
	if (n == 0)
		return 0;
	l->builds = xrealloc(l->builds, l->n + n, sizeof(*l->builds));
	for (size_t i = 0; i < n; i++)
		build_fill(&l->builds[l->n++], builds, repo, numbers[i]);
	return 0;
}

/* Calls each for every folder below one, "" for that of all builds, with the name from there. What cannot be
 * read is named in the end, the first of it: the others are listed all the same. */
static int
list_below(struct state_list *l, const char *builds, const char *name,
    int (*each)(struct state_list *l, const char *builds, const char *name, struct error *e),
    struct error *e)
{
	AUTO_FREE char *path = xformat("%s%s%s", builds, *name == '\0' ? "" : "/", name);
	DIR *dir;
	struct dirent *entry;
	struct error why;
	int result = list_open(&dir, path, e) < 0 ? -1 : 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		AUTO_FREE char *below = xformat("%s%s%s", name, *name == '\0' ? "" : "/", entry->d_name);

		/* a file is no folder of builds */
		if (entry->d_name[0] == '.' || each(l, builds, below, &why) == 0 || why.sys == ENOTDIR)
			continue;
		if (result == 0 && e != NULL)
			*e = why;
		result = -1;
	}
	if (dir != NULL)
		closedir(dir);
	return result;
}

/* The builds of all repos of one ORG. */
static int
list_org(struct state_list *l, const char *builds, const char *org, struct error *e)
{
	return list_below(l, builds, org, list_repo, e);
}

static int
made_falling(const void *a, const void *b)
{
	const struct state_build *left = a, *right = b;

	if (left->made != right->made)
		return left->made < right->made ? 1 : -1;
	return number_falling(&left->number, &right->number);
}

/* Over several repos the numbers say nothing: logs/ was made when the build began. */
static void
sort_by_age(struct state_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		AUTO_FREE char *logs = xformat("%s/logs", l->builds[i].path);
		struct statx st;

		if (statx(AT_FDCWD, logs, 0, STATX_BTIME | STATX_MTIME, &st) < 0)
			continue;
		if (!(st.stx_mask & STATX_BTIME))
			st.stx_btime = st.stx_mtime;
		l->builds[i].made = st.stx_btime.tv_sec * INT64_C(1000000000) + st.stx_btime.tv_nsec;
	}
	if (l->n > 0)
		qsort(l->builds, l->n, sizeof(*l->builds), made_falling);
}

int
state_list_read(struct state_list *l, const char *repo, struct error *e)
{
	AUTO_FREE char *builds = state_builds(e);
	int result;

	*l = (struct state_list){ 0 };
	if (builds == NULL)
		return -1;
	if (repo != NULL)
		return list_repo(l, builds, repo, e);
	result = list_below(l, builds, "", list_org, e);
	sort_by_age(l);
	return result;
}

void
state_list_free(struct state_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		state_build_free(&l->builds[i]);
	free(l->builds);
	*l = (struct state_list){ 0 };
}

bool
state_build_running(const struct state_build *b)
{
	AUTO_CLOSE int fd = kernel.open(AT_FDCWD, b->path, O_RDONLY | O_DIRECTORY, 0);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
