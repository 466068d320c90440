#include "closing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "memory.h"
#include "names.h"
#include "offload.h"

struct closed {
	struct request *request;
	struct logname name;
	struct stored_state state;
	struct stored files;
	struct closed *next;
};

struct closing {
	struct offload *offload;
	const struct logdir *logdir;
	struct offload_job job;
	struct names_batch batch;       /* what the job syncs; its folders are closed behind it */
	struct closed *waiting, **last; /* the oldest first */
	struct closed *syncing;
};

/* Whether a log of this job stands in the same folder. */
static bool
folders_taken(const struct closed *first, const struct closed *x)
{
	for (; first != x; first = first->next) {
		if (strcmp(first->name.build, x->name.build) == 0 &&
		    (first->name.job == NULL) == (x->name.job == NULL))
			return true;
	}
	return false;
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
		if (!folders_taken(c->waiting, *at)) {
			if (b->nfolders + LOGDIR_FOLDERS > NAMES_BATCH)
				break;
			b->nfolders += logdir_folders(c->logdir, &(*at)->name, b->folders + b->nfolders);
		}
		b->files[b->nfiles++] = (*at)->files.packed ? (*at)->files.pack.fd : (*at)->files.log;
		b->files[b->nfiles++] = (*at)->files.index;
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

static void
done(void *arg)
{
	struct closing *c = arg;
	struct closed *x;

	while ((x = c->syncing) != NULL) {
		AUTO_BYTES result = { 0 };

		c->syncing = x->next;
		emit_open(&result);
		emit_integer(&result, "bytes", x->state.size);
		emit_bool(&result, "truncated", x->state.truncated);
		bytes_char(&result, '}');
		if (c->batch.sys != 0)
			request_fail(x->request, "system", "sync the log: %s", strerror(c->batch.sys));
		else
			request_reply(x->request, (struct span){ result.data, result.len });
		closed_free(x);
	}
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

void
closing_add(struct closing *c, struct request *r, const struct logname *n,
    const struct stored_state *state, const struct stored *files)
{
	struct closed *x = xmalloc(sizeof(*x));

	*x = (struct closed){ .request = r, .state = *state, .files = *files };
	logname_copy(&x->name, n);
	*c->last = x;
	c->last = &x->next;
	start(c);
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
