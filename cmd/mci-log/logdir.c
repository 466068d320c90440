#include "logdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "kernel.h"
#include "layout.h"
#include "logfile.h"
#include "logindex.h"
#include "memory.h"
#include "names.h"
#include "number.h"

#define NAME_ROOM 1024 /* a log's name: three parts of at most 128 bytes and two numbers */

static int
open_marks(struct logdir *s, struct error *e)
{
	if (mkdirat(s->dir, ".open", 0700) < 0 && errno != EEXIST)
		return error_sys(e, "mkdir %s/.open", s->path);
	s->marks = kernel.open(s->dir, ".open", O_RDONLY | O_DIRECTORY, 0);
	return s->marks < 0 ? error_sys(e, "open %s/.open", s->path) : 0;
}

int
logdir_open(struct logdir *s, const char *path, bool make, bool marks, struct error *e)
{
	*s = (struct logdir){ .dir = -1, .marks = -1, .archive = -1 };
	if (make && folder_make_kept(path, e) < 0)
		return -1;
	s->path = realpath(path, NULL);
	s->dir = s->path == NULL ? -1 : kernel.open(AT_FDCWD, s->path, O_RDONLY | O_DIRECTORY, 0);
	if (s->dir < 0)
		return error_sys(e, "open %s", path);
	return marks ? open_marks(s, e) : 0;
}

int
logdir_archive(struct logdir *s, const char *path, struct error *e)
{
	if (folder_make_kept(path, e) < 0)
		return -1;
	s->archive = kernel.open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	return s->archive < 0 ? error_sys(e, "open %s", path) : 0;
}

void
logdir_close(struct logdir *s)
{
	free(s->path);
	s->path = NULL;
	memory_close(&s->dir);
	memory_close(&s->marks);
	memory_close(&s->archive);
}

char *
logdir_path(const struct logdir *s, const struct logname *n, const char *suffix)
{
	AUTO_FREE char *file = layout_file(n, suffix);

	return xformat("%s/%s", s->path, file);
}

static int
lock(int fd, int command, struct flock *l)
{
	*l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
	return fcntl(fd, command, l);
}

void
logdir_files_close(struct logdir_files *f)
{
	memory_close(&f->log);
	memory_close(&f->index);
	if (f->packed)
		logpack_close(&f->pack);
	f->packed = false;
}

int
logdir_look(const struct logdir_files *f, struct logdir_state *state, struct error *e)
{
	struct logfile_record r;
	struct flock l;
	struct stat st;
	off_t size;

	*state = (struct logdir_state){ .length = -1 };
	/* the lock first: a writer ends its index before it lets go */
	state->written = lock(f->index, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	if (logindex_last(f->index, &r, &size) < 0)
		return error_sys(e, "read an index");
	if (!f->packed && fstat(f->log, &st) < 0)
		return error_sys(e, "look at a log");
	state->size = f->packed ? f->pack.size : st.st_size;
	state->ended = r.stream == LOGFILE_END;
	if (state->ended)
		state->length = (int64_t)r.offset;
	state->truncated = state->ended ? (r.flags & LOGFILE_TRUNCATED) != 0 || state->size < state->length :
	    !state->written;
	return 0;
}

static int
note_mark(struct logdir_files *f)
{
	struct stat st;

	if (f->index < 0 || fstat(f->index, &st) < 0)
		return -1;
	f->mark = st.st_ino;
	return 0;
}

/* The plain files for a writer. -1 and errno. */
static int
open_pair(const struct logdir *s, const struct logname *n, struct logdir_files *f)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND;
	AUTO_FREE char *log = layout_file(n, "log");
	AUTO_FREE char *index = layout_file(n, "idx");
	int sys;

	*f = (struct logdir_files){ .log = -1 };
	f->index = kernel.open(s->dir, index, flags, 0600);
	if (note_mark(f) == 0 && (f->log = kernel.open(s->dir, log, flags, 0600)) >= 0)
		return 0;
	sys = errno;
	logdir_files_close(f);
	errno = sys;
	return -1;
}

/* Here, or in the archive, to which files move one by one. */
static int
open_file(const struct logdir *s, const char *file)
{
	int fd = kernel_open_file(s->dir, file);

	return fd < 0 && errno == ENOENT && s->archive >= 0 ? kernel_open_file(s->archive, file) : fd;
}

static int
open_packed(int dir, const char *file, struct logdir_files *f)
{
	AUTO_FREE char *packed = xformat("%s" LOGPACK_SUFFIX, file);

	f->packed = dir >= 0 && logpack_open(&f->pack, dir, packed, NULL) == 0;
	return f->packed ? 0 : -1;
}

/* For a reader, in whatever form. -1 and errno. */
static int
open_stored(const struct logdir *s, const struct logname *n, struct logdir_files *f)
{
	AUTO_FREE char *log = layout_file(n, "log");
	AUTO_FREE char *index = layout_file(n, "idx");
	int sys;

	*f = (struct logdir_files){ .log = -1 };
	f->index = open_file(s, index);
	if (note_mark(f) == 0 && ((f->log = open_file(s, log)) >= 0 ||
	    open_packed(s->dir, log, f) == 0 || open_packed(s->archive, log, f) == 0))
		return 0;
	sys = errno;
	logdir_files_close(f);
	errno = sys;
	return -1;
}

static int
make_folders(const struct logdir *s, const struct logname *n, struct error *e)
{
	AUTO_FREE char *logs = layout_logs(n->build, n->run);
	AUTO_FREE char *folder = xformat("%s/%s", s->path, logs);

	return folder_make(folder, e);
}

static int
mark(const struct logdir *s, const struct logname *n, ino_t inode, struct error *e)
{
	AUTO_FREE char *link = xformat("%llu", (unsigned long long)inode);
	AUTO_BYTES name = { 0 };

	if (s->marks < 0)
		return 0;
	logname_write(&name, n);
	/* a link of that number was left by a file that is gone: no two files have one */
	(void)names_remove(s->marks, link, NULL);
	if (symlinkat(bytes_string(&name), s->marks, link) == 0)
		return 0;
	return error_sys(e, "mark %s/.open/%s", s->path, link);
}

void
logdir_unmark(const struct logdir *s, ino_t inode)
{
	AUTO_FREE char *link = xformat("%llu", (unsigned long long)inode);

	if (s->marks >= 0)
		(void)names_remove(s->marks, link, NULL);
}

/* Whether the log, locked now, may be written. */
static int
may_write(const struct logdir_files *f, bool resume, const char *name, struct error *e)
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
stored_away(const struct logdir *s, const struct logname *n)
{
	AUTO_FREE char *packed = layout_file(n, "log" LOGPACK_SUFFIX);
	AUTO_FREE char *index = layout_file(n, "idx");

	return faccessat(s->dir, packed, F_OK, 0) == 0 ||
	    (s->archive >= 0 && faccessat(s->archive, index, F_OK, 0) == 0);
}

int
logdir_write(const struct logdir *s, struct logname *n, bool resume, struct logdir_files *f,
    struct error *e)
{
	AUTO_BYTES name = { 0 };
	struct flock l;

	n->run = n->run == 0 ? 1 : n->run;
	n->attempt = n->attempt == 0 ? 1 : n->attempt;
	logname_write(&name, n);
	if (make_folders(s, n, e) < 0)
		return -1;
	if (stored_away(s, n))
		return error_set(e, ERROR_REFUSED, "%s is there already, stored away", bytes_string(&name));
	if (open_pair(s, n, f) < 0)
		return error_sys(e, "open %s", bytes_string(&name));
	if (lock(f->index, F_OFD_SETLK, &l) < 0)
		error_set(e, ERROR_BUSY, "%s is being written", bytes_string(&name));
	else if (may_write(f, resume, bytes_string(&name), e) == 0 && mark(s, n, f->mark, e) == 0)
		return 0;
	logdir_files_close(f);
	return -1;
}

int
logdir_newest(const struct logdir *s, const char *build)
{
	AUTO_CLOSE int folder = kernel.open(s->dir, build, O_RDONLY | O_DIRECTORY, 0);
	AUTO_CLOSE int moved = s->archive < 0 ? -1 :
	    kernel.open(s->archive, build, O_RDONLY | O_DIRECTORY, 0);
	size_t n;
	AUTO_FREE int *runs = layout_runs(folder, moved, false, &n);

	return n == 0 ? 1 : runs[n - 1];
}

int
logdir_admits(const struct logdir *s, const struct logname *n, struct error *e)
{
	if (logdir_newest(s, n->build) <= n->run)
		return 0;
	return error_set(e, ERROR_FENCED, "run: a newer run of build %s has begun", n->build);
}

/* Attempts are counted without gaps. */
static int
last_attempt(const struct logdir *s, const struct logname *n)
{
	struct logname next = *n;

	for (next.attempt = 1; next.attempt < INT32_MAX; next.attempt++) {
		AUTO_FREE char *index = layout_file(&next, "idx");

		if (faccessat(s->dir, index, F_OK, 0) < 0 &&
		    (s->archive < 0 || faccessat(s->archive, index, F_OK, 0) < 0))
			break;
	}
	return next.attempt > 1 ? next.attempt - 1 : 1;
}

int
logdir_read(const struct logdir *s, struct logname *n, struct logdir_files *f, struct error *e)
{
	AUTO_BYTES name = { 0 };

	if (n->run == 0)
		n->run = logdir_newest(s, n->build);
	if (n->attempt == 0)
		n->attempt = last_attempt(s, n);
	if (open_stored(s, n, f) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return error_sys(e, "open the log of %s", n->build);
	logname_write(&name, n);
	return error_set(e, ERROR_NOT_FOUND, "there is no log %s", bytes_string(&name));
}

int64_t
logdir_size(const struct logdir *s, const struct logname *n)
{
	AUTO_FREE char *log = layout_file(n, "log");
	struct stat st;

	return fstatat(s->dir, log, &st, 0) == 0 ? st.st_size : 0;
}

int
logdir_cut(const struct logdir *s, struct logname *n, struct error *e)
{
	struct logfile_writer w;
	struct logdir_files f;

	if (logdir_write(s, n, true, &f, e) < 0)
		return -1;
	if (logfile_adopt(&w, f.log, f.index, n->build, e) < 0)
		return -1;
	w.dropped = 1;
	w.last = kernel.wall();
	return logfile_close(&w, e);
}

int
logdir_build(const struct logdir *s, const char *build, struct error *e)
{
	int fd = kernel.open(s->dir, build, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(e, ERROR_NOT_FOUND, "there are no logs of %s", build);
	return fd < 0 ? error_sys(e, "open %s/%s", s->path, build) : fd;
}

int
logdir_folders(const struct logdir *s, const struct logname *n, int *into)
{
	AUTO_FREE char *path = layout_folder(n);
	int count = 0;

	for (char *slash = path; slash != NULL && count < LOGDIR_FOLDERS - 1;) {
		into[count] = kernel.open(s->dir, path, O_RDONLY | O_DIRECTORY, 0);
		count += into[count] >= 0;
		slash = strrchr(path, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	into[count] = kernel.open(s->dir, ".", O_RDONLY | O_DIRECTORY, 0);
	return count + (into[count] >= 0);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder that end in suffix, or all without one, sorted. The caller frees; takes fd over. */
static char **
names_in(int fd, const char *suffix, size_t *n)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	char **names = NULL;
	size_t size = 0, end = strlen(suffix);

	*n = 0;
	if (dir == NULL)
		close(fd);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || length <= end ||
		    strcmp(entry->d_name + length - end, suffix) != 0)
			continue;
		if (*n == size) {
			size = size == 0 ? 16 : size * 2;
			names = xrealloc(names, size, sizeof(*names));
		}
		names[(*n)++] = xmemdup(entry->d_name, length - end);
	}
	if (dir != NULL)
		closedir(dir);
	if (*n > 0)
		qsort(names, *n, sizeof(*names), by_name);
	return names;
}

int
logdir_marked(const struct logdir *s, void (*each)(void *arg, struct logname *n), void *arg,
    struct error *e)
{
	size_t n;
	int fd = kernel.open(s->dir, ".open", O_RDONLY | O_DIRECTORY, 0);
	char **names = fd < 0 ? NULL : names_in(fd, "", &n);

	if (fd < 0)
		return error_sys(e, "open %s/.open", s->path);
	for (size_t i = 0; i < n; i++) {
		char text[NAME_ROOM];
		ssize_t length = readlinkat(s->marks, names[i], text, sizeof(text) - 1);
		struct logname name;

		if (length > 0) {
			text[length] = '\0';
			if (logname_parse(&name, text, NULL) == 0)
				each(arg, &name);
			else
				(void)names_remove(s->marks, names[i], NULL);
		}
		free(names[i]);
	}
	free(names);
	return 0;
}

/* Of one run: the logs in one folder of the build that are not in the first, which may be -1. */
struct listing {
	const char *build;
	int run;
	void (*each)(void *arg, struct logname *n);
	void *arg;
};

static void
list_one(const struct listing *l, int folder, int first, const char *job, int64_t attempt)
{
	struct logname name;
	AUTO_FREE char *index = NULL;
	const char *file;

	if (logname_set(&name, l->build, l->run, job, attempt, NULL) < 0)
		return;
	index = layout_file(&name, "idx");
	file = index + strlen(l->build) + 1;
	if (faccessat(folder, file, F_OK, 0) == 0 && (first < 0 || faccessat(first, file, F_OK, 0) < 0))
		l->each(l->arg, &name);
	else
		logname_free(&name);
}

static void
list_folder(const struct listing *l, int folder, int first)
{
	AUTO_BYTES logs = { 0 };
	size_t n = 0;
	char **names;
	int fd;

	logfile_folder(&logs, l->run);
	fd = kernel.open(folder, bytes_string(&logs), O_RDONLY | O_DIRECTORY, 0);
	names = fd < 0 ? NULL : names_in(fd, ".idx", &n);
	list_one(l, folder, first, NULL, 1);
	for (size_t i = 0; i < n; i++) {
		char *at = strchr(names[i], '@');
		int64_t attempt = 1;

		if (at != NULL)
			*at++ = '\0';
		if (at == NULL || number_parse(at, strlen(at), 2, INT32_MAX, &attempt, NULL) == 0)
			list_one(l, folder, first, names[i], attempt);
		free(names[i]);
	}
	free(names);
}

int
logdir_list(const struct logdir *s, const char *build, int run, void (*each)(void *arg, struct logname *n),
    void *arg, struct error *e)
{
	AUTO_CLOSE int folder = logdir_build(s, build, e);
	AUTO_CLOSE int moved = s->archive < 0 ? -1 :
	    kernel.open(s->archive, build, O_RDONLY | O_DIRECTORY, 0);
	size_t n;
	AUTO_FREE int *runs = NULL;

	if (folder < 0 && (moved < 0 || e->code != ERROR_NOT_FOUND))
		return -1;
	*e = (struct error){ 0 };
	runs = layout_runs(folder, moved, false, &n);
	for (size_t i = 0; i < n; i++) {
		struct listing l = { build, runs[i], each, arg };

		if (run != 0 && runs[i] != run)
			continue;
		if (folder >= 0)
			list_folder(&l, folder, -1);
		if (moved >= 0)
			list_folder(&l, moved, folder);
	}
	return 0;
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
	const int roots[2] = { s->dir, s->archive };
	long *numbers = NULL;
	size_t kept = 0;

	*n = 0;
	for (int i = 0; i < 2; i++) {
		int fd = roots[i] < 0 ? -1 : kernel.open(roots[i], repo, O_RDONLY | O_DIRECTORY, 0);
		size_t count = 0;
		char **names = fd < 0 ? NULL : names_in(fd, "", &count);

		numbers = xrealloc(numbers, *n + count + 1, sizeof(*numbers));
		for (size_t k = 0; k < count; k++) {
			int64_t number;

			if (number_parse(names[k], strlen(names[k]), 1, INT32_MAX, &number, NULL) == 0)
				numbers[(*n)++] = (long)number;
			free(names[k]);
		}
		free(names);
	}
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
	static const char *const suffixes[] = { "log", ("log" LOGPACK_SUFFIX), "idx" };
	struct logdir_files f;
	struct flock l;
	bool busy = false;

	if (open_stored(s, n, &f) == 0) {
		busy = lock(f.index, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
		if (!busy)
			logdir_unmark(s, f.mark);
		logdir_files_close(&f);
	}
	if (busy)
		return error_set(e, ERROR_BUSY, "the log is being written");
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		AUTO_FREE char *file = layout_file(n, suffixes[i]);

		if (names_remove(s->dir, file, e) < 0)
			return -1;
		if (s->archive >= 0 && names_remove(s->archive, file, e) < 0)
			return error_before(e, "the archive: ");
	}
	return 0;
}
