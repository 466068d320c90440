#include "inventory.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

/* So many are removed before the helper thread looks at what else was given to it. */
#define PART 64

struct item {
	struct logname name;
	struct stored_state state;
	bool there; /* it could be looked at */
};

/* One request. What stands behind its job is the helper thread's as long as that is given to it; but
 * the items stay as they are once it is known that all of them go. */
struct errand {
	struct inventory *inventory;
	struct request *request;
	struct logname wanted;
	bool removing;
	bool going; /* the items are being removed */
	struct errand *next;
	struct offload_job job;
	struct item *items;
	size_t n, size;
	size_t removed; /* the first ones */
	struct error e;
};

struct inventory {
	struct inventory_place place;
	struct errand *errands;
};

static void
add(void *arg, struct logname *n)
{
	struct errand *x = arg;
	const struct logname *wanted = &x->wanted;

	if (wanted->job != NULL && (n->job == NULL || strcmp(wanted->job, n->job) != 0 ||
	    (wanted->attempt != 0 && wanted->attempt != n->attempt))) {
		logname_free(n);
		return;
	}
	if (x->n == x->size) {
		x->size = x->size == 0 ? 16 : x->size * 2;
		x->items = xrealloc(x->items, x->size, sizeof(*x->items));
	}
	x->items[x->n++] = (struct item){ .name = *n };
}

/* On the helper thread. */
static void
find_all(void *arg)
{
	struct errand *x = arg;
	const struct logdir *logdir = x->inventory->place.logdir;

	if (!x->removing && x->wanted.run == 0)
		x->wanted.run = logdir_newest(logdir, x->wanted.build);
	if (logdir_list(logdir, x->wanted.build, x->wanted.run, add, x, &x->e) < 0)
		return;
	for (size_t i = 0; i < x->n && !x->removing; i++)
		x->items[i].there = logdir_look(logdir, &x->items[i].name, &x->items[i].state, NULL) == 0;
}

/* On the helper thread. */
static void
remove_part(void *arg)
{
	struct errand *x = arg;

	for (int i = 0; i < PART && x->removed < x->n && x->e.code == ERROR_NONE; i++) {
		if (logdir_remove(x->inventory->place.logdir, &x->items[x->removed].name, &x->e) == 0)
			x->removed++;
	}
}

static void
errand_free(struct errand *x)
{
	struct errand **at = &x->inventory->errands;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	for (size_t i = 0; i < x->n; i++)
		logname_free(&x->items[i].name);
	free(x->items);
	logname_free(&x->wanted);
	free(x);
}

static void
emit_item(struct bytes *into, const struct item *item, const struct writers *writers)
{
	const struct stored_state *state = &item->state;
	/* one that a writer may come back to is open */
	bool awaited = !state->ended && writers_writes(writers, &item->name);

	if (into->len > 1)
		bytes_char(into, ',');
	emit_open(into);
	if (item->name.job != NULL)
		emit_text(into, "job", item->name.job);
	emit_integer(into, "attempt", item->name.attempt);
	emit_integer(into, "bytes", state->size);
	emit_bool(into, "open", state->written || awaited);
	emit_bool(into, "truncated", state->truncated && !awaited);
	bytes_char(into, '}');
}

static void
listed(void *arg)
{
	struct errand *x = arg;
	AUTO_BYTES logs = { 0 }, result = { 0 };

	if (x->e.code != ERROR_NONE) {
		request_fail_with(x->request, &x->e);
		errand_free(x);
		return;
	}
	bytes_char(&logs, '[');
	for (size_t i = 0; i < x->n; i++) {
		if (x->items[i].there)
			emit_item(&logs, &x->items[i], x->inventory->place.writers);
	}
	bytes_char(&logs, ']');
	emit_open(&result);
	emit_integer(&result, "run", x->wanted.run);
	emit_raw(&result, "logs", (struct span){ logs.data, logs.len });
	bytes_char(&result, '}');
	request_reply(x->request, (struct span){ result.data, result.len });
	errand_free(x);
}

static void
removed(void *arg)
{
	struct errand *x = arg;
	const struct inventory_place *p = &x->inventory->place;

	if (x->e.code == ERROR_NONE && x->removed < x->n) {
		offload_give(p->offload, &x->job);
		return;
	}
	if (x->e.code == ERROR_NONE) {
		p->removed(p->arg, &x->wanted);
		request_reply(x->request, (struct span){ NULL, 0 });
	} else {
		request_fail_with(x->request, &x->e);
	}
	errand_free(x);
}

/* Either all of them may go or none does. From here on none of them is opened. */
static void
found(void *arg)
{
	struct errand *x = arg;
	const struct inventory_place *p = &x->inventory->place;

	for (size_t i = 0; i < x->n && x->e.code == ERROR_NONE; i++) {
		if (writers_writes(p->writers, &x->items[i].name))
			error_set(&x->e, ERROR_BUSY, "a log of %s is being written", x->wanted.build);
	}
	if (x->e.code == ERROR_NONE && x->n == 0)
		error_set(&x->e, ERROR_NOT_FOUND, "there is no such log of %s", x->wanted.build);
	if (x->e.code != ERROR_NONE) {
		request_fail_with(x->request, &x->e);
		errand_free(x);
		return;
	}
	x->going = true;
	x->job.work = remove_part;
	x->job.done = removed;
	offload_give(p->offload, &x->job);
}

static void
begin(struct inventory *v, struct request *r, const struct logname *wanted, bool removing)
{
	struct errand *x = xmalloc(sizeof(*x));

	*x = (struct errand){ .inventory = v, .request = r, .removing = removing, .next = v->errands,
		.job = { find_all, removing ? found : listed, x, NULL } };
	logname_copy(&x->wanted, wanted);
	v->errands = x;
	request_forget(r);
	offload_give(v->place.offload, &x->job);
}

struct inventory *
inventory_new(const struct inventory_place *p)
{
	struct inventory *v = xmalloc(sizeof(*v));

	*v = (struct inventory){ .place = *p };
	return v;
}

void
inventory_list(struct inventory *v, struct request *r, const struct logname *build)
{
	begin(v, r, &(struct logname){ .build = build->build, .run = build->run }, false);
}

void
inventory_remove(struct inventory *v, struct request *r, const struct logname *n)
{
	begin(v, r, n, true);
}

bool
inventory_removes(const struct inventory *v, const struct logname *n)
{
	for (const struct errand *x = v->errands; x != NULL; x = x->next) {
		for (size_t i = 0; x->going && i < x->n; i++) {
			if (logname_same(&x->items[i].name, n))
				return true;
		}
	}
	return false;
}

void
inventory_free(struct inventory *v)
{
	if (v == NULL)
		return;
	while (v->errands != NULL)
		errand_free(v->errands);
	free(v);
}
