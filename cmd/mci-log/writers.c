#include "writers.h"

#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "kernel.h"
#include "memory.h"

/* How often it is tried to write the end of a log that was cut on a full disk. */
#define RETRY (1 * SECOND)

static struct entry *
find(const struct writers *l, const struct logname *n)
{
	for (struct entry *x = l->entries; x != NULL; x = x->next) {
		if (logname_same(&x->name, n))
			return x;
	}
	return NULL;
}

bool
writers_writes(const struct writers *l, const struct logname *n)
{
	const struct entry *x = find(l, n);

	return x != NULL && !x->cut;
}

/* What still comes for it is no longer wanted. */
static void
append_detach(struct entry *x)
{
	if (x->append != NULL)
		x->append->entry = NULL;
	x->append = NULL;
}

static void
entry_free(struct entry *x)
{
	struct entry **at = &x->writers->entries;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	append_detach(x);
	loop_cancel(x->writers->loop, x->timer);
	watch_remove(x->watch);
	logname_free(&x->name);
	free(x);
}

/* What a writer means who names neither run nor attempt. */
static void
written_in(struct logname *n)
{
	n->run = n->run == 0 ? 1 : n->run;
	n->attempt = n->attempt == 0 ? 1 : n->attempt;
}

static bool
writes_build(const struct writers *l, const char *build)
{
	const struct entry *x = l->entries;

	while (x != NULL && strcmp(x->name.build, build) != 0)
		x = x->next;
	return x != NULL;
}

static bool
rests(const struct writers *l, const char *build)
{
	size_t i = 0;

	while (i < WRITERS_RESTED && (l->rested[i] == NULL || strcmp(l->rested[i], build) != 0))
		i++;
	return i < WRITERS_RESTED;
}

/* Takes the place of the one that rests for longest. */
static void
rest(struct writers *l, char *build)
{
	char **place = &l->rested[l->next_rested++ % WRITERS_RESTED];

	if (*place != NULL && !writes_build(l, *place))
		logdir_unmark(l->logdir, *place);
	free(*place);
	*place = build;
}

/* The log has its end, or is gone. */
static void
entry_done(struct entry *x)
{
	struct writers *l = x->writers;
	AUTO_FREE char *build = xstrdup(x->name.build);

	entry_free(x);
	if (!writes_build(l, build) && !rests(l, build))
		rest(l, xstrdup(build));
}

/* The log has its end: it is the writers's business no longer. */
static void
ended(struct entry *x, const struct stored_state *state)
{
	struct writers *l = x->writers;

	l->closed++;
	l->on_closed(l->arg, &x->name, state);
	entry_done(x);
}

static void look_again(void *arg);

static void
look_later(struct entry *x, int64_t ns)
{
	loop_cancel(x->writers->loop, x->timer);
	x->timer = loop_after(x->writers->loop, ns, look_again, x);
}

static void
changed(void *arg, const char *name)
{
	struct entry *x = arg;

	(void)name;
	if (x->timer == NULL)
		look_later(x, STORED_SETTLE);
}

/* Its writer is gone without an end: the log ends where it is. On a full disk the end comes later, and until
 * then readers know by the lock, which is free. x may be gone then. */
static void
cut(struct entry *x, struct stored_state *state)
{
	struct writers *l = x->writers;

	state->truncated = true;
	state->ended = logdir_cut(l->logdir, &x->name, NULL) == 0;
	if (!x->cut) {
		l->closed++;
		l->on_closed(l->arg, &x->name, state);
	}
	x->cut = true;
	if (!state->ended) {
		look_later(x, RETRY);
		return;
	}
	entry_done(x);
}

/* Whether the writer of files still lives, and if not, how it left the log. */
static void
check(struct entry *x, bool patient)
{
	struct stored_state state;
	struct error e;

	if (logdir_look(x->writers->logdir, &x->name, &state, &e) < 0) {
		/* removed under us: there is nothing to keep; or there are no descriptors now */
		if (e.code == ERROR_NOT_FOUND)
			entry_done(x);
		else
			look_later(x, RETRY);
	} else if (state.ended) {
		ended(x, &state);
	} else if (!state.written) {
		if (patient)
			changed(x, NULL);
		else
			cut(x, &state);
	}
}

static void
look_again(void *arg)
{
	struct entry *x = arg;

	x->timer = NULL;
	check(x, false);
}

/* A writer did not come back. */
static void
give_up(void *arg)
{
	struct entry *x = arg;

	x->timer = NULL;
	if (x->ours)
		logfile_leave(&x->writer);
	x->ours = false;
	check(x, false);
}

static void
await_writer(struct entry *x)
{
	loop_cancel(x->writers->loop, x->timer);
	x->timer = loop_after(x->writers->loop, x->writers->patience, give_up, x);
}

static struct entry *
entry_new(struct writers *l, const struct logname *n)
{
	struct entry *x = xmalloc(sizeof(*x));

	*x = (struct entry){ .writers = l, .opened = kernel.now(), .next = l->entries };
	logname_copy(&x->name, n);
	l->entries = x;
	return x;
}

static void
watch_index(struct entry *x)
{
	AUTO_FREE char *path = logdir_path(x->writers->logdir, &x->name, "idx");

	/* without a watch the writer's end is noticed by its log/close or its connection */
	watch_remove(x->watch);
	x->watch = watch_add(x->writers->watcher, path, changed, x, NULL);
}

/* Of one build. */
struct recovery {
	struct writers *writers;
	bool unread; /* a log of it cannot be looked at now */
};

static void
recover(void *arg, struct logname *n)
{
	struct recovery *r = arg;
	struct writers *l = r->writers;
	struct stored_state state;
	struct stored f;
	struct error e;

	if (logdir_read(l->logdir, n, &f, &e) < 0) {
		r->unread |= e.code != ERROR_NOT_FOUND;
	} else {
		if (stored_look(&f, &state, NULL) == 0 && !state.ended) {
			struct entry *x = entry_new(l, n);

			x->opened_at = state.size;
			watch_index(x);
			if (!state.written)
				await_writer(x);
		}
		stored_close(&f);
	}
	logname_free(n);
}

static bool
recover_build(void *arg, const char *build)
{
	struct recovery r = { arg, false };
	struct error e;

	if (logdir_list(r.writers->logdir, build, 0, recover, &r, &e) < 0)
		r.unread |= e.code != ERROR_NOT_FOUND;
	return r.unread || writes_build(r.writers, build);
}

int
writers_recover(struct writers *l, struct error *e)
{
	return logdir_marked(l->logdir, recover_build, l, e);
}

void
writers_free(struct writers *l)
{
	for (size_t i = 0; i < WRITERS_RESTED; i++)
		rest(l, NULL);
	while (l->entries != NULL) {
		if (l->entries->ours)
			logfile_leave(&l->entries->writer);
		entry_free(l->entries);
	}
}

/* It has a new writer. What the one before still sends is refused. */
static struct entry *
take_over(struct entry *x, uint64_t connection)
{
	append_detach(x);
	loop_cancel(x->writers->loop, x->timer);
	x->timer = NULL;
	x->cut = false;
	x->connection = connection;
	return x;
}

static struct entry *
opened(struct writers *l, const struct logname *n, const struct stored *f, uint64_t connection)
{
	struct entry *x = find(l, n);
	struct stored_state state = { 0 };

	if (x == NULL)
		x = entry_new(l, n);
	(void)stored_look(f, &state, NULL);
	x->opened_at = state.size;
	return take_over(x, connection);
}

/* From now on we write it. */
static int
adopt(struct entry *x, const struct stored *f, struct error *e)
{
	AUTO_BYTES name = { 0 };

	watch_remove(x->watch);
	x->watch = NULL;
	logname_write(&name, &x->name);
	x->ours = logfile_adopt(&x->writer, f->log, f->index, bytes_string(&name), e) == 0;
	return x->ours ? 0 : -1;
}

/* A newer run of the build begins: what we write for an older one ends where it is. Who has files of such a
 * one hears of it when he closes them. */
static void
fence(struct writers *l, const struct logname *n)
{
	struct entry *next;

	for (struct entry *x = l->entries; x != NULL; x = next) {
		next = x->next;
		if (!x->ours || x->name.run >= n->run || strcmp(x->name.build, n->build) != 0)
			continue;
		append_detach(x);
		loop_cancel(l->loop, x->timer);
		give_up(x);
	}
}

struct entry *
writers_open(struct writers *l, struct logname *n, bool resume, uint64_t connection,
    struct stored *files, struct error *e)
{
	struct entry *x;
	struct stored f;

	written_in(n);
	if (logdir_admits(l->logdir, n, e) < 0)
		return NULL;
	fence(l, n);
	x = find(l, n);
	if (x != NULL && x->ours && resume && files == NULL)
		return take_over(x, connection);
	if (x != NULL && x->ours && resume) {
		/* whoever has the files writes them alone */
		logfile_leave(&x->writer);
		x->ours = false;
		await_writer(take_over(x, connection));
	}
	if (logdir_write(l->logdir, n, resume, &f, e) < 0)
		return NULL;
	x = opened(l, n, &f, connection);
	if (files != NULL) {
		*files = f;
		watch_index(x);
	} else if (adopt(x, &f, e) < 0) {
		entry_free(x);
		return NULL;
	}
	l->on_opened(l->arg, &x->name, x->opened_at);
	return x;
}

uint64_t
writers_ticket(const struct writers *l, struct logname *n)
{
	const struct entry *x;

	written_in(n);
	x = find(l, n);
	return x == NULL ? 0 : x->ticket;
}

int64_t
writers_size(const struct entry *x)
{
	return x->ours ? x->writer.size : logdir_size(x->writers->logdir, &x->name);
}

/* The log, for a connection that may write it. */
static struct entry *
writable(struct writers *l, struct logname *n, uint64_t connection, struct error *e)
{
	struct entry *x;

	written_in(n);
	x = find(l, n);
	if (x != NULL && x->ours && x->connection != 0 && x->connection != connection)
		error_set(e, ERROR_BUSY, "another connection writes that log");
	else if (x != NULL && x->ours)
		return x;
	else if (logdir_admits(l->logdir, n, e) == 0)
		error_set(e, ERROR_NOT_FOUND, "nobody has opened that log to append to it");
	return NULL;
}

struct append *
writers_append(struct writers *l, struct logname *n, uint64_t connection, int64_t offset, struct error *e)
{
	struct entry *x = writable(l, n, connection, e);
	struct append *a;

	if (x == NULL)
		return NULL;
	if (offset < 0 || offset > x->writer.size) {
		error_set(e, ERROR_REFUSED, "offset %lld: %lld bytes are stored", (long long)offset,
		    (long long)x->writer.size);
		return NULL;
	}
	a = xmalloc(sizeof(*a));
	*a = (struct append){ .entry = take_over(x, connection), .skip = x->writer.size - offset };
	return x->append = a;
}

int
writers_piece(struct append *a, struct span bytes, struct error *e)
{
	size_t skip = a->skip < (int64_t)bytes.n ? (size_t)a->skip : bytes.n;
	struct logfile_writer *w;
	int result;

	if (a->entry == NULL)
		return error_set(e, ERROR_REFUSED, "the log was closed, or another connection writes it now");
	a->skip -= (int64_t)skip;
	if (bytes.n == skip)
		return 0;
	w = &a->entry->writer;
	result = logfile_write_at(w, a->when, bytes.p + skip, bytes.n - skip, a->stream, e);
	/* the sender has it still and will send it again */
	w->cap = w->dropped = 0;
	return result;
}

void
writers_append_free(struct append *a)
{
	if (a->entry != NULL)
		a->entry->append = NULL;
	free(a);
}

int
writers_close(struct writers *l, struct logname *n, uint64_t connection, bool truncated,
    struct stored_state *state, struct error *e)
{
	struct entry *x = writable(l, n, connection, e);

	if (x != NULL) {
		*state = (struct stored_state){ .size = x->writer.size, .ended = true,
			.truncated = truncated };
		x->writer.dropped = truncated;
		/* when it cannot be done, all is as before and it may be asked for again */
		if (logfile_end(&x->writer, e) < 0)
			return -1;
		logfile_leave(&x->writer);
		x->ours = false;
		ended(x, state);
		return 0;
	}
	if (e->code != ERROR_NOT_FOUND || logdir_look(l->logdir, n, state, e) < 0)
		return -1;
	x = find(l, n);
	if (!state->ended && state->written)
		return error_set(e, ERROR_BUSY, "the end of the log is not in its index");
	if (!state->ended && x == NULL)
		state->truncated = true;
	if (!state->ended && x == NULL)
		return logdir_cut(l->logdir, n, e);
	if (!state->ended)
		cut(x, state);
	else if (x != NULL)
		ended(x, state);
	return 0;
}

void
writers_lost(struct writers *l, uint64_t connection)
{
	struct entry *x, *next;

	for (x = l->entries; x != NULL; x = next) {
		next = x->next;
		if (x->connection != connection)
			continue;
		x->connection = 0;
		append_detach(x);
		if (x->ours)
			await_writer(x);
		else
			check(x, true);
	}
}
