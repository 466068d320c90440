#include "logdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "logfile.h"
#include "logindex.h"
#include "memory.h"
#include "names.h"
#include "number.h"

#define NAME_ROOM 1024 /* a log's name: three parts of at most 128 bytes and two numbers */

int
logdir_open(struct logdir *s, const char *path, bool make, bool marks, struct error *e)
{
	*s = (struct logdir){ .at = { -1, -1 }, .marks = -1 };
	if (make && folder_make_kept(path, e) < 0)
		return -1;
	s->path = realpath(path, NULL);
	s->at.live = s->path == NULL ? -1 : kernel.open(AT_FDCWD, s->path, O_RDONLY | O_DIRECTORY, 0);
	if (s->at.live < 0)
		error_sys(e, "open %s", path);
	else if (marks && mkdirat(s->at.live, ".open", 0700) < 0 && errno != EEXIST)
		error_sys(e, "mkdir %s/.open", s->path);
	else if (marks &&
	    (s->marks = kernel.open(s->at.live, ".open", O_RDONLY | O_DIRECTORY, 0)) < 0)
		error_sys(e, "open %s/.open", s->path);
	else
		return 0;
	logdir_close(s);
	return -1;
}

int
logdir_archive(struct logdir *s, const char *address, struct error *e)
{
	const char *path;

	if (stored_archive(address, &path, e) < 0)
		return -1;
	if (path == NULL)
		return 0;
	if (folder_make_kept(path, e) < 0)
		return -1;
	s->archive = xstrdup(path);
	s->at.archive = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	return s->at.archive < 0 ? error_sys(e, "open %s", path) : 0;
}

void
logdir_close(struct logdir *s)
{
	free(s->path);
	free(s->archive);
	memory_close(&s->marks);
	memory_close(&s->at.live);
	memory_close(&s->at.archive);
	*s = (struct logdir){ .at = { -1, -1 }, .marks = -1 };
}

char *
logdir_path(const struct logdir *s, const struct logname *n, const char *suffix)
{
	AUTO_FREE char *stem = logname_stem(n);

	return xformat("%s/%s.%s", s->path, stem, suffix);
}

/* The plain files for a writer. -1 and errno. */
static int
open_pair(const struct logdir *s, const char *stem, struct stored *f)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND;
	AUTO_FREE char *log = xformat("%s.log", stem);
	AUTO_FREE char *index = xformat("%s.idx", stem);
	int sys;

	*f = (struct stored)STORED_NONE;
	f->index = kernel.open(s->at.live, index, flags, 0600);
	if (f->index >= 0 && (f->log = kernel.open(s->at.live, log, flags, 0600)) >= 0)
		return 0;
	sys = errno;
	stored_close(f);
	errno = sys;
	return -1;
}

/* The name of a build's link in DIR/.open; false when the build has no folder. */
static bool
mark_name(const struct logdir *s, const char *build, char name[24])
{
	struct stat st;

	if (fstatat(s->at.live, build, &st, 0) < 0)
		return false;
	snprintf(name, 24, "%llu", (unsigned long long)st.st_ino);
	return true;
}

static bool
mark_is(const struct logdir *s, const char *link, const char *build)
{
	char text[NAME_ROOM];
	ssize_t n = readlinkat(s->marks, link, text, sizeof(text));

	return n >= 0 && (size_t)n == strlen(build) && memcmp(text, build, (size_t)n) == 0;
}

static int
mark(const struct logdir *s, const char *build, struct error *e)
{
	char link[24];

	if (s->marks < 0)
		return 0;
	if (!mark_name(s, build, link))
		return error_sys(e, "stat %s/%s", s->path, build);
	if (mark_is(s, link, build))
		return 0;
	/* a link of that number was left by a folder that is gone: no two folders have one */
	(void)names_remove(s->marks, link, NULL);
	if (symlinkat(build, s->marks, link) == 0)
		return 0;
	return error_sys(e, "mark %s/.open/%s", s->path, link);
}

void
logdir_unmark(const struct logdir *s, const char *build)
{
	char link[24];

	if (s->marks >= 0 && mark_name(s, build, link))
		(void)names_remove(s->marks, link, NULL);
}

static int
make_folder(const struct logdir *s, const struct logname *n, struct error *e)
{
	AUTO_FREE char *logs = logname_folder(n);
	AUTO_FREE char *path = xformat("%s/%s", s->path, logs);

	return folder_make(path, e);
}

/* Whether the log, locked now, may be written. */
static int
may_write(const struct stored *f, bool resume, const char *name, struct error *e)
{
	struct logfile_record r;
	off_t size;

	if (logindex_last(f->index, &r, &size) < 0)
		return error_sys(e, "read an index");
	if (size == 0)
		return 0;
	if (!resume)
		return error_set(e, ERROR_REFUSED, "%s is there already", name);
	if (r.stream == LOGFILE_END && !(r.flags & LOGFILE_TRUNCATED))
		return error_set(e, ERROR_REFUSED, "%s is closed", name);
	return 0;
}

/* Compressed or in the archive: nothing is added to it any more. */
static bool
stored_away(const struct logdir *s, const char *stem)
{
	AUTO_FREE char *packed = xformat("%s.log" LOGPACK_SUFFIX, stem);
	AUTO_FREE char *index = xformat("%s.idx", stem);

	return faccessat(s->at.live, packed, F_OK, 0) == 0 ||
	    (s->archive != NULL && faccessat(s->at.archive, index, F_OK, 0) == 0);
}

int
logdir_write(const struct logdir *s, struct logname *n, bool resume, struct stored *f, struct error *e)
{
	AUTO_BYTES name = { 0 };
	AUTO_FREE char *stem = NULL;
	int there;

	n->run = n->run == 0 ? 1 : n->run;
	n->attempt = n->attempt == 0 ? 1 : n->attempt;
	stem = logname_stem(n);
	logname_write(&name, n);
	if (stored_away(s, stem))
		return error_set(e, ERROR_REFUSED, "%s is there already, stored away", bytes_string(&name));
	there = open_pair(s, stem, f);
	if (there < 0 && errno == ENOENT) {
		if (make_folder(s, n, e) < 0)
			return -1;
		there = open_pair(s, stem, f);
	}
	if (there < 0)
		return error_sys(e, "open %s", bytes_string(&name));
	if (!stored_unlocked(f->index, true))
		error_set(e, ERROR_BUSY, "%s is being written", bytes_string(&name));
	else if (may_write(f, resume, bytes_string(&name), e) == 0 && mark(s, n->build, e) == 0)
		return 0;
	stored_close(f);
	return -1;
}

struct folders
logdir_build(const struct logdir *s, const char *build)
{
	struct folders f = FOLDERS_NONE;

	(void)folders_open(&f.own.live, s->at.live, build, NULL);
	(void)folders_open(&f.own.archive, s->at.archive, build, NULL);
	return f;
}

int
logdir_newest(const struct logdir *s, const char *build)
{
	struct folders f = logdir_build(s, build);
	int run = folders_newest(&f);

	folders_close(&f);
	return run;
}

int
logdir_admits(const struct logdir *s, const struct logname *n, struct error *e)
{
	if (logdir_newest(s, n->build) <= n->run)
		return 0;
	return error_set(e, ERROR_FENCED, "run: a newer run of build %s has begun", n->build);
}

/* The last log there is of a job, or of the script, among those of one run or of all. */
struct last {
	const char *job;
	int run, attempt;
};

static void
last_take(void *arg, struct logname *n)
{
	struct last *l = arg;
	bool same = n->job == NULL || l->job == NULL ? n->job == l->job : strcmp(n->job, l->job) == 0;

	if (same && (n->run > l->run || (n->run == l->run && n->attempt > l->attempt))) {
		l->run = n->run;
		l->attempt = n->attempt;
	}
	logname_free(n);
}

/* What the name leaves open: a run that goes on with a build has no logs of what had ended before. */
static void
complete(const struct logdir *s, struct logname *n)
{
	struct last l = { .job = n->job };

	if (n->run > 0 && n->attempt > 0)
		return;
	(void)logdir_list(s, n->build, n->run, last_take, &l, NULL);
	if (n->run == 0)
		n->run = l.run > 0 ? l.run : logdir_newest(s, n->build);
	if (n->attempt == 0)
		n->attempt = l.attempt > 0 && l.run == n->run ? l.attempt : 1;
}

int
logdir_read(const struct logdir *s, struct logname *n, struct stored *f, struct error *e)
{
	AUTO_BYTES name = { 0 };
	AUTO_FREE char *stem = NULL;
	int there;

	complete(s, n);
	stem = logname_stem(n);
	logname_write(&name, n);
	there = stored_open(f, &s->at, stem, e);
	if (there == 1 && (f->index = stored_index(&s->at, stem)) >= 0)
		return 0;
	if (there == 1 && errno != ENOENT && errno != ENOTDIR)
		there = error_sys(e, "open the index of %s", bytes_string(&name));
	stored_close(f);
	return there < 0 ? -1 : error_set(e, ERROR_NOT_FOUND, "there is no log %s", bytes_string(&name));
}

int
logdir_look(const struct logdir *s, struct logname *n, struct stored_state *state, struct error *e)
{
	struct stored f;
	int result = logdir_read(s, n, &f, e);

	if (result == 0)
		result = stored_look(&f, state, e);
	stored_close(&f);
	return result;
}

int64_t
logdir_size(const struct logdir *s, const struct logname *n)
{
	AUTO_FREE char *stem = logname_stem(n);
	AUTO_FREE char *log = xformat("%s.log", stem);
	struct stat st;

	return fstatat(s->at.live, log, &st, 0) == 0 ? st.st_size : 0;
}

int
logdir_cut(const struct logdir *s, struct logname *n, struct error *e)
{
	struct logfile_writer w;
	struct stored f;

	if (logdir_write(s, n, true, &f, e) < 0)
		return -1;
	if (logfile_adopt(&w, f.log, f.index, n->build, e) < 0)
		return -1;
	w.dropped = 1;
	w.last = kernel.wall();
	return logfile_close(&w, e);
}

int
logdir_folders(const struct logdir *s, const struct logname *n, int *into)
{
	AUTO_FREE char *path = logname_folder(n);
	int count = 0;

	for (char *slash = path; slash != NULL && count < LOGDIR_FOLDERS - 1;) {
		into[count] = kernel.open(s->at.live, path, O_RDONLY | O_DIRECTORY, 0);
		count += into[count] >= 0;
		slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	into[count] = kernel.open(s->at.live, ".", O_RDONLY | O_DIRECTORY, 0);
	return count + (into[count] >= 0);
}

int
logdir_marked(const struct logdir *s, bool (*each)(void *arg, const char *build), void *arg,
    struct error *e)
{
	char **names = NULL;
	size_t n = 0;

	if (folders_names(s->at.live, ".open", "", &names, &n) < 0)
		return error_sys(e, "open %s/.open", s->path);
	for (size_t i = 0; i < n; i++) {
		char text[NAME_ROOM];
		ssize_t length = readlinkat(s->marks, names[i], text, sizeof(text) - 1);
		struct logname name = { 0 };
		bool kept = false;

		if (length > 0) {
			text[length] = '\0';
			kept = logname_parse(&name, text, NULL) == 0 && each(arg, name.build);
			logname_free(&name);
		}
		if (!kept)
			(void)names_remove(s->marks, names[i], NULL);
		free(names[i]);
	}
	free(names);
	return 0;
}

/* Of one run. */
struct listing {
	const char *build;
	int run;
	void (*each)(void *arg, struct logname *n);
	void *arg;
};

static void
list_job(void *arg, const char *job, int attempt)
{
	const struct listing *l = arg;
	struct logname name;

	if (logname_set(&name, l->build, l->run, job, attempt, NULL) == 0)
		l->each(l->arg, &name);
}

int
logdir_list(const struct logdir *s, const char *build, int run, void (*each)(void *arg, struct logname *n),
    void *arg, struct error *e)
{
	struct folders f = logdir_build(s, build);
	size_t n;
	AUTO_FREE int *runs = folders_runs(&f, false, &n);
	bool there = f.own.live >= 0 || f.own.archive >= 0;
	int result = there ? 0 : error_set(e, ERROR_NOT_FOUND, "there are no logs of %s", build);

	for (size_t i = 0; i < n && result == 0; i++) {
		struct listing l = { build, runs[i], each, arg };
		AUTO_BYTES stem = { 0 };
		AUTO_CLOSE int script = -1;

		if (run != 0 && runs[i] != run)
			continue;
		logfile_stem(&stem, "script", runs[i]);
		script = stored_index(&f.own, bytes_string(&stem));
		if (script >= 0)
			list_job(&l, NULL, 1);
		result = folders_jobs(&f, runs[i], true, list_job, &l, e);
	}
	folders_close(&f);
	return result;
}

static int
falling(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return (left < right) - (left > right);
}

long *
logdir_numbers(const struct logdir *s, const char *repo, size_t *n)
{
	size_t count = 0, kept = 0;
	char **names = NULL;
	long *numbers;

	(void)folders_names(s->at.live, repo, "", &names, &count);
	(void)folders_names(s->at.archive, repo, "", &names, &count);
	numbers = xmalloc((count + 1) * sizeof(*numbers));
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t number;

		if (number_parse(names[i], strlen(names[i]), 1, INT32_MAX, &number, NULL) == 0)
			numbers[(*n)++] = (long)number;
		free(names[i]);
	}
	free(names);
	qsort(numbers, *n, sizeof(*numbers), falling);
	for (size_t i = 0; i < *n; i++) {
		if (kept == 0 || numbers[kept - 1] != numbers[i])
			numbers[kept++] = numbers[i];
	}
	*n = kept;
	return numbers;
}

int
logdir_remove(const struct logdir *s, const struct logname *n, struct error *e)
{
	AUTO_FREE char *stem = logname_stem(n);
	struct stored f = STORED_NONE;
	bool busy;

	f.index = stored_index(&s->at, stem);
	busy = f.index >= 0 && !stored_unlocked(f.index, false);
	stored_close(&f);
	return busy ? error_set(e, ERROR_BUSY, "the log is being written") : stored_remove(&s->at, stem, e);
}
