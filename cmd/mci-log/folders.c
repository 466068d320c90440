#include "folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "number.h"
#include "spec.h"

int
folders_open(int *fd, int dir, const char *path, struct error *e)
{
	if (dir == -1)
		return 0;
	*fd = kernel.open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	return *fd >= 0 || errno == ENOENT ? 0 : error_sys(e, "open %s", path);
}

struct run_logs *
folders_logs(struct folders *f, int run, struct error *e)
{
	AUTO_BYTES name = { 0 };
	struct run_logs *l = f->logs;

	while (l != NULL && l->run != run)
		l = l->next;
	if (l == NULL) {
		l = xmalloc(sizeof(*l));
		*l = (struct run_logs){ run, { -1, -1 }, f->logs };
		f->logs = l;
	}
	if (e != NULL)
		*e = (struct error){ 0 };
	logfile_folder(&name, run);
	if (l->at.live < 0 && folders_open(&l->at.live, f->own.live, bytes_string(&name), e) < 0)
		return l;
	if (l->at.archive < 0)
		(void)folders_open(&l->at.archive, f->own.archive, bytes_string(&name), e);
	return l;
}

static bool
same_folder(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && b >= 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
	    one.st_ino == other.st_ino;
}

void
folders_told(struct folders *f, int run, const char *path)
{
	struct run_logs *l = folders_logs(f, run, NULL);
	int fd = path == NULL ? -1 : kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	free(f->elsewhere);
	f->elsewhere = NULL;
	if (fd < 0 || same_folder(fd, l->at.live)) {
		memory_close(&fd);
		return;
	}
	memory_close(&l->at.live);
	l->at.live = fd;
	f->elsewhere = xstrdup(path);
}

int
folders_names(int dir, const char *path, const char *suffix, char ***names, size_t *n)
{
	int fd = dir == -1 ? -1 : kernel.open(dir, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t end = strlen(suffix);
	const struct dirent *entry;

	if (d == NULL) {
		memory_close(&fd);
		return dir == -1 || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	}
	while ((entry = readdir(d)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || length <= end ||
		    strcmp(entry->d_name + length - end, suffix) != 0)
			continue;
		/* room for as many again whenever their number is a power of two */
		if ((*n & (*n - 1)) == 0)
			*names = xrealloc(*names, *n == 0 ? 1 : 2 * *n, sizeof(**names));
		(*names)[(*n)++] = xmemdup(entry->d_name, length - end);
	}
	closedir(d);
	return 0;
}

static void
free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool
is_empty(int folder, const char *name)
{
	int fd = kernel.open(folder, name, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		memory_close(&fd);
		return false; /* a script's log */
	}
	do
		entry = readdir(dir);
	while (entry != NULL && entry->d_name[0] == '.');
	closedir(dir);
	return entry == NULL;
}

static int *
runs_in(int folder, bool empty, int *runs, size_t *n)
{
	char **names = NULL;
	size_t count = 0;

	(void)folders_names(folder, ".", "", &names, &count);
	for (size_t k = 0; k < count; k++) {
		size_t length = strlen(names[k]), i = 0;
		int run = logfile_number(names[k], length, "logs");

		if (run == 0 && length > 4 && strcmp(names[k] + length - 4, ".idx") == 0)
			run = logfile_number(names[k], length - 4, "script");
		while (i < *n && runs[i] != run)
			i++;
		if (run == 0 || i < *n || (!empty && is_empty(folder, names[k])))
			continue;
		runs = xrealloc(runs, *n + 1, sizeof(*runs));
		runs[(*n)++] = run;
	}
	free_names(names, count);
	return runs;
}

static int
rising(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

int *
folders_runs(const struct folders *f, bool empty, size_t *n)
{
	int *runs;

	*n = 0;
	runs = runs_in(f->own.archive, empty, runs_in(f->own.live, empty, NULL, n), n);
	if (*n > 1)
		qsort(runs, *n, sizeof(*runs), rising);
	return runs;
}

static bool
has_run(int folder, int run)
{
	AUTO_BYTES logs = { 0 };
	AUTO_BYTES script = { 0 };

	if (folder < 0)
		return false;
	logfile_stem(&script, "script", run);
	bytes_text(&script, ".idx");
	if (faccessat(folder, bytes_string(&script), F_OK, 0) == 0)
		return true;
	logfile_folder(&logs, run);
	return faccessat(folder, bytes_string(&logs), F_OK, 0) == 0 && !is_empty(folder, bytes_string(&logs));
}

/* Asked whenever a log is opened: looks into no folder of logs that need not be looked into. */
int
folders_newest(const struct folders *f)
{
	size_t n;
	AUTO_FREE int *runs = folders_runs(f, true, &n);

	while (n > 0 && runs[n - 1] > 1 && !has_run(f->own.live, runs[n - 1]) &&
	    !has_run(f->own.archive, runs[n - 1]))
		n--;
	return n == 0 ? 1 : runs[n - 1];
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
folders_jobs(struct folders *f, int run, bool indexed,
    void (*each)(void *arg, const char *job, int attempt), void *arg, struct error *e)
{
	struct error why;
	const struct log_folders *logs = &folders_logs(f, run, &why)->at;
	const int dirs[2] = { logs->live, logs->archive };
	char **names = NULL;
	size_t n = 0;
	int result = 0;

	if (why.code != ERROR_NONE) {
		*e = why;
		return -1;
	}
	for (int i = 0; i < 2 && result == 0; i++) {
		if (folders_names(dirs[i], ".", indexed ? ".idx" : ".log", &names, &n) < 0 ||
		    (!indexed && folders_names(dirs[i], ".", ".log" LOGPACK_SUFFIX, &names, &n) < 0))
			result = error_sys(e, "read a folder of logs");
	}
	if (n > 1)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && result == 0; i++) {
		char *at = strchr(names[i], '@');
		int64_t attempt = 1;

		/* it may be in both folders, in both forms */
		if (i + 1 < n && strcmp(names[i], names[i + 1]) == 0)
			continue;
		if (at != NULL)
			*at++ = '\0';
		if ((at == NULL || number_parse(at, strlen(at), 2, INT32_MAX, &attempt, NULL) == 0) &&
		    spec_id_ok(names[i], strlen(names[i])))
			each(arg, names[i], (int)attempt);
	}
	free_names(names, n);
	return result;
}

char *
folders_path(const struct folders *f, const char *build, int run)
{
	AUTO_BYTES name = { 0 };

	if (f->elsewhere != NULL)
		return xstrdup(f->elsewhere);
	logfile_folder(&name, run);
	return xformat("%s/%s", build, bytes_string(&name));
}

void
folders_close(struct folders *f)
{
	memory_close(&f->own.live);
	memory_close(&f->own.archive);
	while (f->logs != NULL) {
		struct run_logs *l = f->logs;

		f->logs = l->next;
		memory_close(&l->at.live);
		memory_close(&l->at.archive);
		free(l);
	}
	free(f->elsewhere);
	*f = (struct folders)FOLDERS_NONE;
}
