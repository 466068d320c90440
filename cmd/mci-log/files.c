#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "kernel.h"
#include "logfile.h"
#include "memory.h"
#include "number.h"
#include "source.h"

struct entry {
	char *job;
	int64_t attempt;
	int64_t began;
	int64_t bytes; /* -1: it has no end */
};

struct entry_list {
	struct entry *all;
	size_t n, size;
};

/* JOB.log and JOB@2.log, also with .zst behind; other files are none. */
static bool
read_name(const char *file, struct entry *into)
{
	const char *dot = strrchr(file, '.'), *at;
	size_t n;

	if (dot != NULL && strcmp(dot, LOGPACK_SUFFIX) == 0)
		dot = memrchr(file, '.', (size_t)(dot - file));
	if (dot == NULL || dot == file || strncmp(dot, ".log", 4) != 0 ||
	    (dot[4] != '\0' && strcmp(dot + 4, LOGPACK_SUFFIX) != 0))
		return false;
	n = (size_t)(dot - file);
	at = memchr(file, '@', n);
	*into = (struct entry){ .attempt = 1 };
	if (at != NULL && number_parse(at + 1, (size_t)(dot - at - 1), 2, INT32_MAX, &into->attempt,
	    NULL) < 0)
		return false;
	into->job = xmemdup(file, at == NULL ? n : (size_t)(at - file));
	return true;
}

static void
list_add(struct entry_list *l, struct entry one)
{
	if (l->n == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->all = xrealloc(l->all, l->size, sizeof(*l->all));
	}
	l->all[l->n++] = one;
}

static int
list_read(struct entry_list *l, int dir, struct error *e)
{
	int fd = dir < 0 ? -1 : kernel.open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	const struct dirent *file;
	struct entry one;
	DIR *d;

	if (dir < 0)
		return 0;
	if (fd < 0 || (d = fdopendir(fd)) == NULL) {
		memory_close(&fd);
		return error_sys(e, "read a folder of logs");
	}
	while ((file = readdir(d)) != NULL) {
		if (read_name(file->d_name, &one))
			list_add(l, one);
	}
	closedir(d);
	return 0;
}

/* Looks into the log and its index; what cannot be opened is told when it is shown. */
static void
look(struct entry *one, const char *job, const struct log_folders *folders)
{
	struct source *s = source_new(xstrdup(""), job, (int)one->attempt, folders);
	const struct logfile_record *first;
	struct error why;

	one->bytes = -1;
	if (source_open(s, &why) == 1) {
		(void)source_refresh(s, &why);
		first = logindex_at(&s->times, 0);
		one->began = first != NULL ? first->time : s->modified;
		if (s->times.ended)
			one->bytes = source_size(s);
	}
	source_free(s);
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = strcmp(left->job, right->job);

	if (order != 0)
		return order;
	return (left->attempt > right->attempt) - (left->attempt < right->attempt);
}

static int
by_time(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;

	if (left->began != right->began)
		return (left->began > right->began) - (left->began < right->began);
	return by_name(a, b);
}

static void
tell(struct bytes *events, const char *type, const struct entry *one)
{
	emit_open(events);
	emit_text(events, "type", type);
	emit_time(events, "time", one->began);
	emit_text(events, "job", one->job);
	emit_integer(events, "attempt", one->attempt);
	if (one->bytes >= 0)
		emit_integer(events, "bytes", one->bytes);
	emit_line(events);
}

static void
tell_script(const struct log_folders *own, struct bytes *events)
{
	struct entry script = { .attempt = 1 };

	look(&script, NULL, own);
	emit_open(events);
	emit_text(events, "type", "build/start");
	emit_time(events, "time", script.began);
	emit_line(events);
}

int
files_tell(const struct log_folders *own, const struct log_folders *logs, struct bytes *events,
    struct error *e)
{
	struct entry_list l = { 0 };
	int result = list_read(&l, logs->live, e) < 0 ? -1 : list_read(&l, logs->archive, e);

	tell_script(own, events);
	for (size_t i = 0; i < l.n; i++)
		look(&l.all[i], l.all[i].job, logs);
	if (l.n > 0)
		qsort(l.all, l.n, sizeof(*l.all), by_time);
	for (size_t i = 0; i < l.n; i++) {
		/* one that is being moved stands in both places */
		if (i > 0 && by_name(&l.all[i], &l.all[i - 1]) == 0)
			continue;
		tell(events, "job/start", &l.all[i]);
		if (l.all[i].bytes >= 0)
			tell(events, "job/executed", &l.all[i]);
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.all[i].job);
	free(l.all);
	return result;
}
