#include "layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "logfile.h"
#include "memory.h"

char *
layout_logs(const char *build, int run)
{
	struct bytes path = { 0 };

	bytes_format(&path, "%s/", build);
	logfile_folder(&path, run);
	return bytes_give(&path);
}

char *
layout_folder(const struct logname *n)
{
	return n->job == NULL ? xstrdup(n->build) : layout_logs(n->build, n->run);
}

char *
layout_file(const struct logname *n, const char *suffix)
{
	AUTO_FREE char *folder = layout_folder(n);
	struct bytes path = { 0 };

	bytes_text(&path, folder);
	bytes_char(&path, '/');
	if (n->job == NULL)
		logfile_name(&path, "script", n->run, suffix);
	else
		logfile_name(&path, n->job, n->attempt, suffix);
	return bytes_give(&path);
}

/* Of "logs", "logs@2", "script.idx", "script@2.idx"; 0 for anything else. */
static int
run_of(const char *name)
{
	size_t n = strlen(name);
	int run = logfile_number(name, n, "logs");

	if (run == 0 && n > 4 && strcmp(name + n - 4, ".idx") == 0)
		run = logfile_number(name, n - 4, "script");
	return run;
}

static bool
is_empty(int folder, const char *name)
{
	int fd = kernel.open(folder, name, O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry = NULL;

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
	int fd = folder < 0 ? -1 : kernel.open(folder, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		memory_close(&fd);
		return runs;
	}
	while ((entry = readdir(dir)) != NULL) {
		int run = run_of(entry->d_name);
		size_t i = 0;

		while (i < *n && runs[i] != run)
			i++;
		if (run == 0 || i < *n || (!empty && is_empty(folder, entry->d_name)))
			continue;
		runs = xrealloc(runs, *n + 1, sizeof(*runs));
		runs[(*n)++] = run;
	}
	closedir(dir);
	return runs;
}

static int
rising(const void *a, const void *b)
{
	int left = *(const int *)a, right = *(const int *)b;

	return (left > right) - (left < right);
}

int *
layout_runs(int folder, int archive, bool empty, size_t *n)
{
	int *runs;

	*n = 0;
	runs = runs_in(archive, empty, runs_in(folder, empty, NULL, n), n);
	if (*n > 1)
		qsort(runs, *n, sizeof(*runs), rising);
	return runs;
}
