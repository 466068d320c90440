#include "writer.h"

#include <stdbool.h>
#include <stdlib.h>

#include "memory.h"

struct writes {
	struct write *first, **last;
};

struct writer {
	struct database *db;
	struct offload *offload;
	struct offload_job job;
	bool busy, failed;     /* the job is given; the disk is not to be trusted any more */
	struct writes waiting; /* the loop's */
	struct write *batch;   /* the thread's while busy */
	bool unsynced; /* unsynced: commits are not brought to the disk */
	struct error lost; /* why the disk is not to be trusted */
	void (*fatal)(void *arg, const struct error *e);
	void *arg;
};

static void
clear(struct writes *all)
{
	all->first = NULL;
	all->last = &all->first;
}

/* ---- on the thread */

static void
fail_all(struct write *x, const struct error *why)
{
	for (; x != NULL; x = x->next) {
		if (x->error.code == ERROR_NONE)
			x->error = *why;
	}
}

/* One of the batch; false: the transaction is gone with all that was done before. */
static bool
write_one(struct writer *w, struct write *x)
{
	if (database_part_begin(w->db, &x->error) < 0)
		return false;
	if (x->work(x->arg, w->db, &x->error) == 0) {
		x->error.code = ERROR_NONE;
		return database_part_end(w->db, &x->error) == 0;
	}
	if (x->error.code == ERROR_NONE)
		error_set(&x->error, ERROR_INTERNAL, "a write failed and did not say why");
	if (!database_in_transaction(w->db))
		return false;
	database_part_undo(w->db);
	return true;
}

/* A commit that could not be brought to the disk may be there in part: what is read back is not to
 * be relied on, and a second sync would say that all is well. */
static bool
untrusted(struct writer *w)
{
	int code = sqlite3_extended_errcode(w->db->sqlite);

	return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

/* Before a transaction: whether its commit has to be on the disk. */
static int
set_sync(struct writer *w, struct error *e)
{
	bool derived = true;

	for (const struct write *x = w->batch; x != NULL; x = x->next)
		derived = derived && x->derived;
	if (derived == w->unsynced)
		return 0;
	if (database_sync_commits(w->db, !derived, e) < 0)
		return -1;
	w->unsynced = derived;
	return 0;
}

/* All of the batch in one transaction; -1: none of it is there. */
static int
write_all(struct writer *w, struct error *e)
{
	if (set_sync(w, e) < 0 || database_begin(w->db, e) < 0)
		return -1;
	for (struct write *x = w->batch; x != NULL; x = x->next) {
		if (!write_one(w, x)) {
			*e = x->error;
			return -1;
		}
	}
	if (database_commit(w->db, e) == 0)
		return 0;
	if (untrusted(w)) {
		w->failed = true;
		w->lost = *e;
	}
	return -1;
}

static void
work(void *arg)
{
	struct writer *w = arg;
	struct error why;

	if (write_all(w, &why) < 0) {
		database_rollback(w->db);
		fail_all(w->batch, &why);
	}
	for (struct write *x = w->batch; x != NULL; x = x->next) {
		if (x->settled != NULL)
			x->settled(x->arg, x->error.code == ERROR_NONE);
	}
}

/* ---- on the loop */

static void
start(struct writer *w)
{
	w->busy = true;
	w->batch = w->waiting.first;
	clear(&w->waiting);
	offload_give(w->offload, &w->job);
}

static void
done(void *arg)
{
	struct writer *w = arg;
	struct write *x = w->batch, *next;

	w->batch = NULL;
	w->busy = false;
	for (; x != NULL; x = next) {
		struct error e = x->error;

		next = x->next;
		x->done(x->arg, &e);
	}
	if (w->failed)
		w->fatal(w->arg, &w->lost);
	else if (!w->busy && w->waiting.first != NULL)
		start(w);
}

struct writer *
writer_new(struct loop *loop, struct database *db, void (*fatal)(void *arg, const struct error *e),
    void *arg, struct error *e)
{
	struct writer *w = xmalloc(sizeof(*w));

	*w = (struct writer){ .db = db, .fatal = fatal, .arg = arg };
	w->job = (struct offload_job){ .work = work, .done = done, .arg = w };
	clear(&w->waiting);
	w->offload = offload_new(loop, e);
	if (w->offload != NULL)
		return w;
	writer_free(w);
	return NULL;
}

void
writer_give(struct writer *w, struct write *x)
{
	x->next = NULL;
	x->error = (struct error){ .code = ERROR_NONE };
	*w->waiting.last = x;
	w->waiting.last = &x->next;
	if (!w->busy && !w->failed)
		start(w);
}

struct offload *
writer_offload(struct writer *w)
{
	return w->offload;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	offload_free(w->offload);
	/* what came while the thread was busy with the last batch */
	while (w->offload != NULL && w->waiting.first != NULL && !w->failed) {
		w->batch = w->waiting.first;
		clear(&w->waiting);
		work(w);
	}
	database_close(w->db);
	free(w);
}
