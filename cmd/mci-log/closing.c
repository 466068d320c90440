#include "closing.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"
#include "memory.h"
#include "syncer.h"

struct closed {
	struct request *request;
	struct logname name;
	struct depot_state state;
	struct depot_files files;
	struct closed *next;
};

struct closing {
	struct syncer *syncer;
	const struct depot *depot;
	int folders[SYNCER_FOLDERS], nfolders; /* of the job that the syncer has */
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

/* Takes as many as one job may hold. */
static void
start(struct closing *c)
{
	int files[SYNCER_FILES], n = 0;
	struct closed **at = &c->waiting;

	if (syncer_busy(c->syncer) || c->waiting == NULL)
		return;
	for (; *at != NULL && n + 2 <= SYNCER_FILES; at = &(*at)->next) {
		if (!folders_taken(c->waiting, *at)) {
			if (c->nfolders + DEPOT_FOLDERS > SYNCER_FOLDERS)
				break;
			c->nfolders += depot_folders(c->depot, &(*at)->name, c->folders + c->nfolders);
		}
		files[n++] = (*at)->files.packed ? (*at)->files.pack.fd : (*at)->files.log;
		files[n++] = (*at)->files.index;
	}
	c->syncing = c->waiting;
	c->waiting = *at;
	*at = NULL;
	if (c->waiting == NULL)
		c->last = &c->waiting;
	syncer_start(c->syncer, files, n, c->folders, c->nfolders);
}

static void
answer(struct closed *x, int sys)
{
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
closed_free(struct closed *x)
{
	depot_files_close(&x->files);
	logname_free(&x->name);
	free(x);
}

static void
close_folders(struct closing *c)
{
	while (c->nfolders > 0)
		close(c->folders[--c->nfolders]);
}

static void
done(void *arg, int sys)
{
	struct closing *c = arg;
	struct closed *x;

	while ((x = c->syncing) != NULL) {
		c->syncing = x->next;
		answer(x, sys);
		closed_free(x);
	}
	close_folders(c);
	start(c);
}

struct closing *
closing_new(struct loop *loop, const struct depot *depot, struct error *e)
{
	struct closing *c = xmalloc(sizeof(*c));

	c->depot = depot;
	c->last = &c->waiting;
	c->syncer = syncer_new(loop, done, c, e);
	if (c->syncer != NULL)
		return c;
	free(c);
	return NULL;
}

void
closing_add(struct closing *c, struct request *r, const struct logname *n,
    const struct depot_state *state, const struct depot_files *files)
{
	struct closed *x = xmalloc(sizeof(*x));

	*x = (struct closed){ .request = r, .state = *state, .files = *files };
	logname_set(&x->name, n->build, n->job, n->attempt, NULL);
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
	syncer_free(c->syncer);
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
