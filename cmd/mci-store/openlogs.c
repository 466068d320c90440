#include "openlogs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "query.h"
#include "results.h"

/* Open at rest; what is not on the disk yet comes on top. */
#define KEPT 256
/* Files that are synced before others of the thread get their turn: some milliseconds. */
#define SLICE 8

static bool
is(const void *things, uint32_t place, struct span name)
{
	struct openlog *const *logs = things;

	return span_is(name, logs[place]->name);
}

void
openlogs_begin(struct openlogs *o, const char *folder)
{
	*o = (struct openlogs){ .folder = xstrdup(folder) };
}

static void
log_free(struct openlog *l)
{
	buildlog_close(&l->log);
	free(l->marks);
	free(l->name);
	free(l);
}

struct openlog *
openlogs_find(const struct openlogs *o, struct span name)
{
	uint32_t place = nametable_find(&o->names, name, is, o->logs);

	return place == NAMETABLE_NONE ? NULL : o->logs[place];
}

static int
look_up(struct openlog *l, struct database *db, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_BUILD_OF_NAME);
	query_text(&q, l->name);
	got = query_next(&q, e);
	if (got > 0) {
		l->build = query_column_integer(&q, 0);
		l->repo = query_column_integer(&q, 1);
	}
	return got;
}

static void
add(struct openlogs *o, struct openlog *l, struct span name)
{
	if (o->n == o->size) {
		o->size = o->size == 0 ? KEPT : o->size * 2;
		o->logs = xrealloc(o->logs, o->size, sizeof(struct openlog *));
	}
	o->logs[o->n] = l;
	nametable_put(&o->names, name, (uint32_t)o->n++, is, o->logs);
}

int
openlogs_get(struct openlogs *o, struct database *db, struct span name, struct openlog **found,
    struct error *e)
{
	struct openlog *l = openlogs_find(o, name);
	int got = 1;

	if (l == NULL) {
		l = xmalloc(sizeof(*l));
		l->name = xmemdup(name.p, name.n);
		l->log.file.fd = -1;
		l->whole = true;
		got = look_up(l, db, e);
		/* of one that is not known yet nothing is kept: it may come to be */
		if (got <= 0 || buildlog_open(&l->log, o->folder, l->name, e) < 0) {
			log_free(l);
			return got > 0 ? -1 : got;
		}
		add(o, l, name);
	}
	l->used = ++o->clock;
	*found = l;
	return 1;
}

static void
mark(struct openlog *l, size_t job)
{
	if (job >= l->nmarks) {
		size_t n = l->log.fold.size;

		l->marks = xrealloc(l->marks, n, sizeof(*l->marks));
		memset(l->marks + l->nmarks, 0, n - l->nmarks);
		l->nmarks = n;
	}
	l->marks[job] = true;
}

void
openlog_take(struct openlog *l, const struct message *m, struct span line)
{
	const struct fold_job *j;

	l->touched = true; /* a repeat too: whether its rows were written is not known */
	if (!buildlog_take(&l->log, m, line))
		return;
	j = m->job.n == 0 ? NULL : fold_find(&l->log.fold, m->job.p, m->job.n);
	if (j != NULL)
		mark(l, j->order);
}

int
openlog_write(struct openlog *l, struct database *db, struct error *e)
{
	const struct fold *f = &l->log.fold;

	if (buildlog_flush(&l->log, e) < 0)
		return -1;
	if (f->njobs > l->nmarks)
		mark(l, f->njobs - 1);
	if (l->log.events > 0 &&
	    results_write(db, l->build, l->repo, f, l->whole ? NULL : l->marks, e) < 0)
		return -1;
	l->whole = l->touched = false;
	if (l->nmarks > 0)
		memset(l->marks, 0, l->nmarks);
	return 0;
}

/* ---- which stay open */

static void
paths_add(struct openlogs_paths *all, const char *path)
{
	if (all->n == all->size) {
		all->size = all->size == 0 ? 64 : all->size * 2;
		all->paths = xrealloc(all->paths, all->size, sizeof(*all->paths));
	}
	all->paths[all->n++] = xstrdup(path);
}

static void
paths_clear(struct openlogs_paths *all)
{
	while (all->n > 0)
		free(all->paths[--all->n]);
	free(all->paths);
	*all = (struct openlogs_paths){ .n = 0 };
}

static bool
unsynced(const struct openlog *l)
{
	return l->log.file.synced < l->log.file.size;
}

static int
by_use(const void *a, const void *b)
{
	const struct openlog *x = *(struct openlog *const *)a, *y = *(struct openlog *const *)b;

	return x->used < y->used ? 1 : x->used > y->used ? -1 : 0;
}

static void
log_drop(struct openlogs *o, struct openlog *l)
{
	if (unsynced(l))
		paths_add(&o->closed, l->log.file.path);
	log_free(l);
}

/* Their places are others now. */
static void
index_again(struct openlogs *o)
{
	nametable_free(&o->names);
	for (size_t i = 0; i < o->n; i++) {
		const char *name = o->logs[i]->name;

		nametable_put(&o->names, (struct span){ name, strlen(name) }, (uint32_t)i, is, o->logs);
	}
}

void
openlogs_trim(struct openlogs *o)
{
	if (o->n <= (size_t)KEPT * 2)
		return;
	qsort(o->logs, o->n, sizeof(struct openlog *), by_use);
	for (size_t i = KEPT; i < o->n; i++)
		log_drop(o, o->logs[i]);
	o->n = KEPT;
	index_again(o);
}

void
openlogs_rest(struct openlogs *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct fold *f = &o->logs[i]->log.fold;

		if (f->ended_run >= f->run)
			log_drop(o, o->logs[i]);
		else
			o->logs[kept++] = o->logs[i];
	}
	o->n = kept;
	index_again(o);
}

size_t
openlogs_unsynced(const struct openlogs *o)
{
	size_t n = o->closed.n + o->due.n;

	for (size_t i = 0; i < o->n; i++)
		n += unsynced(o->logs[i]);
	return n;
}

/* ---- to the disk */

void
openlogs_round(struct openlogs *o)
{
	paths_clear(&o->due);
	o->due = o->closed;
	o->closed = (struct openlogs_paths){ .n = 0 };
	for (size_t i = 0; i < o->n; i++) {
		struct appendlog *file = &o->logs[i]->log.file;

		if (unsynced(o->logs[i]))
			paths_add(&o->due, file->path);
		file->synced = file->size;
	}
	free(o->synced);
	o->synced = NULL;
}

static int
sync_path(const char *path, bool folder, struct error *e)
{
	AUTO_CLOSE int fd =
	    kernel.open(AT_FDCWD, path, folder ? O_RDONLY | O_DIRECTORY : O_RDWR, 0);

	if (fd < 0)
		return error_sys(e, "open %s", path);
	if (folder)
		return names_sync(fd, e);
	return kernel.sync(fd) == 0 ? 0 : error_sys(e, "sync %s", path);
}

/* The file, and its name: those of a repository come together, mostly, with one sync for all names.
 */
static int
sync_one(struct openlogs *o, const char *path, struct error *e)
{
	AUTO_FREE char *folder = xmemdup(path, (size_t)(strrchr(path, '/') - path));

	if (sync_path(path, false, e) < 0)
		return -1;
	if (o->synced != NULL && strcmp(o->synced, folder) == 0)
		return 0;
	free(o->synced);
	o->synced = xstrdup(folder);
	return sync_path(folder, true, e);
}

int
openlogs_sync(struct openlogs *o, struct error *e)
{
	for (int n = 0; n < SLICE && o->due.n > 0; n++) {
		if (sync_one(o, o->due.paths[o->due.n - 1], e) < 0)
			return -1;
		free(o->due.paths[--o->due.n]);
	}
	return o->due.n > 0;
}

void
openlogs_clear(struct openlogs *o)
{
	for (size_t i = 0; i < o->n; i++)
		log_drop(o, o->logs[i]);
	o->n = 0;
	nametable_free(&o->names);
}

void
openlogs_free(struct openlogs *o)
{
	openlogs_clear(o);
	paths_clear(&o->closed);
	paths_clear(&o->due);
	free(o->logs);
	free(o->synced);
	free(o->folder);
}
