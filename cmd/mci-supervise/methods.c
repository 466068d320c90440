#include "methods.h"

#include <stdlib.h>
#include <string.h>

#include "children.h"
#include "emit.h"
#include "memory.h"
#include "nearest.h"

struct waiting {
	struct request *request;
	char *part; /* NULL: for all, to be down */
	bool down;  /* for its end, else until it is ready */
	struct waiting *next;
};

/* ---- status */

/* Of a part that waits: the first that it waits for. */
static const char *
missing(const struct supervisor *s, const struct part *p)
{
	for (size_t i = 0; i < p->wiring->nafter; i++) {
		const struct part *other = supervisor_find(s, p->wiring->after[i]);

		if (other != NULL && !part_is_ready(other))
			return other->wiring->name;
	}
	return NULL;
}

static void
emit_state(
    struct bytes *b, const struct supervisor *s, const struct part *p, const struct member *m)
{
	const char *state = member_state_name(m);

	if (p->phase == PART_DOWN && p->wanted && !s->stopping)
		state = "waiting";
	else if (p->phase == PART_STOPPING && m->state == MEMBER_RUNS)
		state = p->draining ? "draining" : "stopping";
	emit_text(b, "state", state);
}

static void
emit_reason(
    struct bytes *b, const struct supervisor *s, const struct part *p, const struct member *m)
{
	const char *other = p->phase == PART_DOWN && p->wanted ? missing(s, p) : NULL;

	if (other != NULL) {
		AUTO_FREE char *text = xformat("waits for %s", other);

		emit_text(b, "reason", text);
	} else if (m->reason[0] != '\0' &&
	    (m->state == MEMBER_FAILED || m->state == MEMBER_PAUSES)) {
		emit_text(b, "reason", m->reason);
	}
}

static void
emit_member(
    struct bytes *b, const struct supervisor *s, const struct part *p, const struct member *m)
{
	emit_open(b);
	emit_text(b, "part", p->wiring->name);
	if (p->n > 1)
		emit_integer(b, "member", (int64_t)m->place + 1);
	emit_text(b, "kind", wiring_kind(p->wiring));
	emit_state(b, s, p, m);
	emit_bool(b, "ready", p->phase == PART_UP && member_is_ready(m));
	if (member_runs(m))
		emit_integer(b, "pid", child_pid(m->child));
	emit_time(b, "since", m->since);
	emit_integer(b, "restarts", m->restarts);
	if (member_runs(m))
		emit_integer(b, "memory", member_memory(m));
	if (m->in >= 0)
		emit_integer(b, "pipe", member_waiting(m));
	emit_reason(b, s, p, m);
	if (m->state == MEMBER_FAILED)
		member_emit_lines(m, b);
	bytes_char(b, '}');
}

static int
status(void *self, struct bytes *into, struct error *e)
{
	const struct methods *m = self;
	const struct supervisor *s = m->supervisor;
	const char *separator = "";

	(void)e;
	emit_text(into, "dir", s->host.dir);
	emit_bool(into, "ready", supervisor_is_ready(s) && !s->stopping);
	emit_key(into, "parts");
	bytes_char(into, '[');
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < s->parts[i]->n; k++) {
			bytes_text(into, separator);
			emit_member(into, s, s->parts[i], &s->parts[i]->members[k]);
			separator = ",";
		}
	}
	bytes_char(into, ']');
	return 0;
}

/* ---- one part */

/* NULL, and it is answered, when there is none. */
static struct part *
part_of(const struct methods *m, struct request *r)
{
	const char *name = request_text(r, "part"), *near;
	struct part *p = supervisor_find(m->supervisor, name);
	AUTO_FREE const char **names = xmalloc((m->supervisor->n + 1) * sizeof(*names));

	for (size_t i = 0; i < m->supervisor->n; i++)
		names[i] = m->supervisor->parts[i]->wiring->name;
	if (p == NULL || p->removed) {
		near = nearest_word(name, names, m->supervisor->n);
		request_fail(r, "not-found", "there is no part '%.64s'%s%s%s", name,
		    near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
		    near == NULL ? "" : "?");
		return NULL;
	}
	if (m->supervisor->stopping) {
		request_fail(r, "busy", "all parts are being stopped");
		return NULL;
	}
	return p;
}

static void
wait_for(struct methods *m, struct request *r, const struct part *p, bool down)
{
	struct waiting *w = xmalloc(sizeof(*w));

	*w = (struct waiting){ .request = r,
		.part = p == NULL ? NULL : xstrdup(p->wiring->name),
		.down = down,
		.next = m->waiting };
	m->waiting = w;
	request_forget(r);
}

static void
part_start_called(void *self, struct request *r)
{
	struct methods *m = self;
	struct part *p = part_of(m, r);

	if (p == NULL)
		return;
	supervisor_start_part(m->supervisor, p);
	wait_for(m, r, p, false);
	methods_settle(m);
}

static void
part_stop_called(void *self, struct request *r)
{
	struct methods *m = self;
	struct part *p = part_of(m, r);

	if (p == NULL)
		return;
	supervisor_stop_part(m->supervisor, p);
	wait_for(m, r, p, true);
	methods_settle(m);
}

static void
part_restart_called(void *self, struct request *r)
{
	struct methods *m = self;
	struct part *p = part_of(m, r);

	if (p == NULL)
		return;
	supervisor_restart_part(m->supervisor, p);
	wait_for(m, r, p, false);
	methods_settle(m);
}

/* Whether the request was answered. */
static bool
answer(struct methods *m, struct waiting *w)
{
	const struct part *p = w->part == NULL ? NULL : supervisor_find(m->supervisor, w->part);
	bool here = p != NULL && !p->again && p->next == NULL;

	if (w->part == NULL && !supervisor_is_down(m->supervisor))
		return false;
	if (w->down ? p == NULL || p->phase == PART_DOWN : here && part_is_ready(p))
		request_reply(w->request, (struct span){ NULL, 0 });
	else if (!w->down && (p == NULL || m->supervisor->stopping || (here && !p->wanted)))
		request_fail(w->request, "busy", "%s is being stopped", w->part);
	else if (!w->down && here && part_has_failed(p))
		request_fail(w->request, "system", "%s has failed", w->part);
	else
		return false;
	free(w->part);
	free(w);
	return true;
}

void
methods_settle(struct methods *m)
{
	struct waiting **at = &m->waiting;

	while (*at != NULL) {
		struct waiting *w = *at, *next = w->next;

		if (answer(m, w))
			*at = next;
		else
			at = &w->next;
	}
}

void
methods_close(struct methods *m)
{
	while (m->waiting != NULL) {
		struct waiting *w = m->waiting;

		m->waiting = w->next;
		free(w->part);
		free(w);
	}
}

/* ---- all of them */

static void
reply_changes(struct request *r, const struct changes *c)
{
	AUTO_BYTES result = { 0 };

	emit_open(&result);
	emit_raw(&result, "start", (struct span){ c->start.data, c->start.len });
	emit_raw(&result, "stop", (struct span){ c->stop.data, c->stop.len });
	emit_raw(&result, "restart", (struct span){ c->restart.data, c->restart.len });
	emit_raw(&result, "drain", (struct span){ c->drain.data, c->drain.len });
	bytes_char(&result, '}');
	request_reply(r, (struct span){ result.data, result.len });
}

static void
part_reload_called(void *self, struct request *r)
{
	struct methods *m = self;
	const char *text = request_text(r, "wiring"), *name = request_text(r, "name");
	bool dry = request_flag(r, "dry-run");
	struct wiring w = { 0 };
	struct changes c = { 0 };
	struct error e;

	if (text != NULL && !dry) {
		request_fail(r, "invalid-params",
		    "wiring: only what it would change can be asked (dry-run)");
		return;
	}
	if (m->read(m->arg, text, name, &w, &e) < 0) {
		request_fail(r, "invalid-params", "%s", e.text);
	} else {
		supervisor_compare(m->supervisor, &w, &c);
		if (!dry && supervisor_apply(m->supervisor, &w, &e) < 0)
			request_fail_with(r, &e);
		else
			reply_changes(r, &c);
	}
	changes_free(&c);
	wiring_free(&w);
}

static void
part_down_called(void *self, struct request *r)
{
	struct methods *m = self;

	wait_for(m, r, NULL, true);
	m->down(m->arg);
}

static const struct service_method methods[] = {
	{ "part/start", part_start_called },
	{ "part/stop", part_stop_called },
	{ "part/restart", part_restart_called },
	{ "part/reload", part_reload_called },
	{ "part/down", part_down_called },
};

const struct service supervise_service = {
	.contract = &contract_supervise,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.status = status,
};
