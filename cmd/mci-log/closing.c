#include "closing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "duration.h"
#include "emit.h"
#include "kernel.h"
#include "memory.h"
#include "names.h"
#include "offload.h"

/* Folders of which is known that their names are on the disk. */
#define FOLDERS_KEPT 64
/* A folder's time of change tells two changes apart that are so far from each other: no file system's is
 * coarser. */
#define FOLDER_SETTLED (2 * SECOND)

/* A log that was closed; or opened, when it has no files: only its names go to the disk. */
struct closed {
	struct request *request;
	struct logname name;
	uint64_t ticket; /* of its opening */
	bool names;      /* those are on the disk already */
	struct stored_state state;
	struct stored files;
	struct closed *next;
};

/* A folder as it is between two changes of the names in it. */
struct folder_state {
	dev_t device;
	ino_t inode;
	int64_t changed; /* nanoseconds since 1970 */
	bool settled; /* what is changed from now on has another time */
};

struct closing {
	struct offload *offload;
	const struct logdir *logdir;
	struct offload_job job;
	struct names_batch batch;       /* what the job syncs; its folders are closed behind it */
	struct folder_state folders[NAMES_BATCH]; /* as they were before it */
	struct folder_state kept[FOLDERS_KEPT];   /* whose names are on the disk, the oldest at next_kept */
	size_t next_kept;
	uint64_t opened, tried;         /* tickets: the last one given, and that was synced */
	uint64_t failed_from, failed_to; /* those whose names may not be on the disk; sys says why */
	int failed_sys;
	struct closed *waiting, **last; /* the oldest first */
	struct closed *syncing;
};

/* Whether a log of this job stands in the same folder. */
static bool
folders_taken(const struct closed *first, const struct closed *x)
{
	if (x->names)
		return true;
	for (; first != x; first = first->next) {
		if (!first->names && strcmp(first->name.build, x->name.build) == 0 &&
		    (first->name.job == NULL) == (x->name.job == NULL))
			return true;
	}
	return false;
}

static bool
folder_look(struct folder_state *f, int fd)
{
	struct stat st;
	int64_t changed;

	if (fstat(fd, &st) < 0)
		return false;
	changed = st.st_ctim.tv_sec * SECOND + st.st_ctim.tv_nsec;
	*f = (struct folder_state){ st.st_dev, st.st_ino, changed, kernel.wall() - changed > FOLDER_SETTLED };
	return true;
}

static bool
folder_same(const struct folder_state *a, const struct folder_state *b)
{
	return a->device == b->device && a->inode == b->inode && a->changed == b->changed;
}

static bool
folder_is_kept(const struct closing *c, const struct folder_state *f)
{
	for (size_t i = 0; i < FOLDERS_KEPT; i++) {
		if (folder_same(&c->kept[i], f))
			return true;
	}
	return false;
}

/* The folders of a log in which there may be names that are not on the disk: most of the way to it was there
 * before. */
static void
take_folders(struct closing *c, const struct logname *n)
{
	struct names_batch *b = &c->batch;
	int folders[LOGDIR_FOLDERS], count = logdir_folders(c->logdir, n, folders);

	for (int i = 0; i < count; i++) {
		struct folder_state *f = &c->folders[b->nfolders];

		if (!folder_look(f, folders[i]))
			*f = (struct folder_state){ .settled = false };
		if (f->settled && folder_is_kept(c, f))
			close(folders[i]);
		else
			b->folders[b->nfolders++] = folders[i];
	}
}

/* What was synced and not changed since the sync began need not be again. */
static void
note_kept(struct closing *c)
{
	for (int i = 0; i < c->batch.nfolders; i++) {
		if (!c->folders[i].settled || folder_is_kept(c, &c->folders[i]))
			continue;
		c->kept[c->next_kept] = c->folders[i];
		c->next_kept = (c->next_kept + 1) % FOLDERS_KEPT;
	}
}

/* Takes as many as one batch holds. */
static void
start(struct closing *c)
{
	struct closed **at = &c->waiting;
	struct names_batch *b = &c->batch;

	if (c->syncing != NULL || c->waiting == NULL)
		return;
	b->nfiles = b->nfolders = 0;
	for (; *at != NULL && b->nfiles + 2 <= NAMES_BATCH; at = &(*at)->next) {
		struct closed *x = *at;

		x->names = x->files.index >= 0 && x->ticket > 0 && x->ticket <= c->tried;
		if (!folders_taken(c->waiting, x)) {
			if (b->nfolders + LOGDIR_FOLDERS > NAMES_BATCH)
				break;
			take_folders(c, &x->name);
		}
		if (x->files.index < 0)
			continue;
		b->files[b->nfiles++] = x->files.packed ? x->files.pack.fd : x->files.log;
		b->files[b->nfiles++] = x->files.index;
	}
	c->syncing = c->waiting;
	c->waiting = *at;
	*at = NULL;
	if (c->waiting == NULL)
		c->last = &c->waiting;
	offload_give(c->offload, &c->job);
}

static void
closed_free(struct closed *x)
{
	stored_close(&x->files);
	logname_free(&x->name);
	free(x);
}

static void
close_folders(struct closing *c)
{
	while (c->batch.nfolders > 0)
		close(c->batch.folders[--c->batch.nfolders]);
}

/* The names of a log that was opened are on the disk, or failed to get there: whoever closes it is told. */
static void
opened_done(struct closing *c, const struct closed *x)
{
	c->tried = x->ticket;
	if (c->batch.sys == 0)
		return;
	if (c->failed_from == 0)
		c->failed_from = x->ticket;
	c->failed_to = x->ticket;
	c->failed_sys = c->batch.sys;
}

static void
closed_done(const struct closing *c, const struct closed *x)
{
	bool lost = x->names && x->ticket >= c->failed_from && x->ticket <= c->failed_to;
	int sys = c->batch.sys != 0 ? c->batch.sys : lost ? c->failed_sys : 0;
	AUTO_BYTES result = { 0 };

	if (sys != 0) {
		request_fail(x->request, "system", "sync the log: %s", strerror(sys));
		return;
	}
	emit_open(&result);
	emit_integer(&result, "bytes", x->state.size);
	emit_bool(&result, "truncated", x->state.truncated);
	bytes_char(&result, '}');
	request_reply(x->request, (struct span){ result.data, result.len });
}

static void
done(void *arg)
{
	struct closing *c = arg;
	struct closed *x;

	while ((x = c->syncing) != NULL) {
		c->syncing = x->next;
		if (x->files.index < 0)
			opened_done(c, x);
		else
			closed_done(c, x);
		closed_free(x);
	}
	if (c->batch.sys == 0)
		note_kept(c);
	close_folders(c);
	start(c);
}

static void
sync_batch(void *arg)
{
	struct closing *c = arg;

	names_sync_batch(&c->batch);
}

struct closing *
closing_new(struct offload *offload, const struct logdir *logdir)
{
	struct closing *c = xmalloc(sizeof(*c));

	*c = (struct closing){ .offload = offload, .logdir = logdir, .job = { sync_batch, done, c, NULL } };
	c->last = &c->waiting;
	return c;
}

static void
add(struct closing *c, struct closed *x, const struct logname *n)
{
	logname_copy(&x->name, n);
	*c->last = x;
	c->last = &x->next;
	start(c);
}

uint64_t
closing_opened(struct closing *c, const struct logname *n)
{
	struct closed *x = xmalloc(sizeof(*x));

	*x = (struct closed){ .ticket = ++c->opened, .files = STORED_NONE };
	add(c, x, n);
	return c->opened;
}

void
closing_add(struct closing *c, struct request *r, const struct logname *n, uint64_t ticket,
    const struct stored_state *state, const struct stored *files)
{
	struct closed *x = xmalloc(sizeof(*x));

	*x = (struct closed){ .request = r, .ticket = ticket, .state = *state, .files = *files };
	add(c, x, n);
}

void
closing_free(struct closing *c)
{
	struct closed *x;

	if (c == NULL)
		return;
	close_folders(c);
	while ((x = c->syncing) != NULL) {
		c->syncing = x->next;
		closed_free(x);
	}
	while ((x = c->waiting) != NULL) {
		c->waiting = x->next;
		closed_free(x);
	}
	free(c);
}
