#include "ledger.h"

#include <stdlib.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

/* The kernel tells of a close before it drops the lock: a look right then may be too early. */
#define SETTLE (20 * MILLISECOND)

struct entry *
ledger_find(const struct ledger *l, const struct logname *n)
{
	for (struct entry *x = l->entries; x != NULL; x = x->next) {
		if (logname_same(&x->name, n))
			return x;
	}
	return NULL;
}

static void
entry_free(struct entry *x)
{
	struct entry **at = &x->ledger->entries;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	loop_cancel(x->ledger->loop, x->timer);
	watch_remove(x->watch);
	logname_free(&x->name);
	free(x);
}

static int
look(const struct ledger *l, struct logname *n, struct depot_state *state, struct error *e)
{
	struct depot_files f;
	int result;

	if (depot_read(l->depot, n, &f, e) < 0)
		return -1;
	result = depot_look(&f, state, e);
	depot_files_close(&f);
	return result;
}

/* The log has its end: it is the ledger's business no longer. */
static void
ended(struct entry *x, const struct depot_state *state)
{
	struct ledger *l = x->ledger;

	depot_unmark(l->depot, x->mark);
	l->closed++;
	l->on_closed(l->arg, &x->name, state);
	entry_free(x);
}

static void look_again(void *arg);

static void
changed(void *arg, const char *name)
{
	struct entry *x = arg;

	(void)name;
	if (x->timer == NULL)
		x->timer = loop_after(x->ledger->loop, SETTLE, look_again, x);
}

/* Whether the writer of files still lives, and if not, how it left the log. */
static void
check(struct entry *x, bool patient)
{
	struct ledger *l = x->ledger;
	struct depot_state state;

	if (look(l, &x->name, &state, NULL) < 0) {
		/* removed under us: there is nothing to keep */
		entry_free(x);
		return;
	}
	if (!state.ended && state.written)
		return;
	if (!state.ended && patient) {
		changed(x, NULL);
		return;
	}
	if (!state.ended) {
		/* a full disk: the lock is free, so readers know all the same */
		(void)depot_cut(l->depot, &x->name, NULL);
		state.truncated = true;
	}
	ended(x, &state);
}

static void
look_again(void *arg)
{
	struct entry *x = arg;

	x->timer = NULL;
	check(x, false);
}

/* A writer without descriptors did not come back. */
static void
give_up(void *arg)
{
	struct entry *x = arg;
	struct depot_state state = { .ended = true, .truncated = true };

	x->timer = NULL;
	if (x->ours) {
		state.size = x->writer.size;
		x->writer.dropped++;
		(void)logfile_close(&x->writer, NULL);
		x->ours = false;
		ended(x, &state);
	} else {
		check(x, false);
	}
}

static void
await_writer(struct entry *x)
{
	loop_cancel(x->ledger->loop, x->timer);
	x->timer = loop_after(x->ledger->loop, x->ledger->patience, give_up, x);
}

static struct entry *
entry_new(struct ledger *l, const struct logname *n, ino_t mark)
{
	struct entry *x = xmalloc(sizeof(*x));

	*x = (struct entry){ .ledger = l, .mark = mark, .opened = kernel.now(), .next = l->entries };
	logname_set(&x->name, n->build, n->job, n->attempt, NULL);
	l->entries = x;
	return x;
}

static void
watch_index(struct entry *x)
{
	AUTO_FREE char *path = depot_path(x->ledger->depot, &x->name, "idx");

	/* without a watch the writer's end is noticed by its log/close or its connection */
	watch_remove(x->watch);
	x->watch = watch_add(x->ledger->watcher, path, changed, x, NULL);
}

static void
recover(void *arg, struct logname *n)
{
	struct ledger *l = arg;
	struct depot_state state;
	struct depot_files f;
	struct entry *x;

	if (n->attempt == 0)
		n->attempt = 1;
	if (depot_read(l->depot, n, &f, NULL) == 0) {
		x = entry_new(l, n, f.mark);
		if (depot_look(&f, &state, NULL) < 0 || state.ended) {
			depot_unmark(l->depot, f.mark);
			entry_free(x);
		} else {
			x->opened_at = state.size;
			watch_index(x);
			if (!state.written)
				await_writer(x);
		}
		depot_files_close(&f);
	}
	logname_free(n);
}

int
ledger_recover(struct ledger *l, struct error *e)
{
	return depot_marked(l->depot, recover, l, e);
}

void
ledger_free(struct ledger *l)
{
	while (l->entries != NULL) {
		if (l->entries->ours)
			logfile_leave(&l->entries->writer);
		entry_free(l->entries);
	}
}

/* Goes on with one that we write already. */
static struct entry *
take_over(struct entry *x, uint64_t connection)
{
	loop_cancel(x->ledger->loop, x->timer);
	x->timer = NULL;
	x->connection = connection;
	return x;
}

static struct entry *
opened(struct ledger *l, const struct logname *n, const struct depot_files *f, uint64_t connection)
{
	struct entry *x = ledger_find(l, n);
	struct depot_state state = { 0 };

	if (x == NULL)
		x = entry_new(l, n, f->mark);
	(void)depot_look(f, &state, NULL);
	x->opened_at = state.size;
	return take_over(x, connection);
}

struct entry *
ledger_open(struct ledger *l, struct logname *n, bool resume, uint64_t connection,
    struct depot_files *files, struct error *e)
{
	struct entry *x;
	struct depot_files f;

	if (n->attempt == 0)
		n->attempt = 1;
	x = ledger_find(l, n);
	if (x != NULL && x->ours && resume && files == NULL)
		return take_over(x, connection);
	if (depot_write(l->depot, n, resume, &f, e) < 0)
		return NULL;
	x = opened(l, n, &f, connection);
	if (files != NULL) {
		*files = f;
		watch_index(x);
	} else if (logfile_adopt(&x->writer, f.log, f.index, n->build, e) < 0) {
		entry_free(x);
		return NULL;
	} else {
		x->ours = true;
	}
	l->on_opened(l->arg, &x->name, x->opened_at);
	return x;
}

int64_t
ledger_size(const struct entry *x)
{
	struct logname n = x->name;
	struct depot_state state = { 0 };

	if (x->ours)
		return x->writer.size;
	(void)look(x->ledger, &n, &state, NULL);
	return state.size;
}

int
ledger_append(struct entry *x, int64_t when, struct span bytes, uint32_t stream, struct error *e)
{
	struct logfile_writer *w = &x->writer;
	int result = logfile_write_at(w, when, bytes.p, bytes.n, stream, e);

	/* the sender has it still and will send it again */
	w->cap = w->dropped = 0;
	return result;
}

static int
close_ours(struct entry *x, bool truncated, struct depot_state *state, struct error *e)
{
	int result;

	*state = (struct depot_state){ .size = x->writer.size, .ended = true, .truncated = truncated };
	x->writer.dropped = truncated;
	result = logfile_close(&x->writer, e);
	x->ours = false;
	if (result == 0)
		ended(x, state);
	else
		await_writer(x);
	return result;
}

int
ledger_close(struct ledger *l, struct logname *n, bool truncated, struct depot_state *state,
    struct error *e)
{
	struct entry *x;

	if (n->attempt == 0)
		n->attempt = 1;
	x = ledger_find(l, n);
	if (x != NULL && x->ours)
		return close_ours(x, truncated, state, e);
	if (look(l, n, state, e) < 0)
		return -1;
	if (!state->ended)
		return error_set(e, ERROR_BUSY, "the end of the log is not in its index");
	if (x != NULL)
		ended(x, state);
	return 0;
}

void
ledger_lost(struct ledger *l, uint64_t connection)
{
	struct entry *x, *next;

	for (x = l->entries; x != NULL; x = next) {
		next = x->next;
		if (x->connection != connection)
			continue;
		x->connection = 0;
		x->appending = NULL;
		if (x->ours)
			await_writer(x);
		else
			check(x, true);
	}
}
