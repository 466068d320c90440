#include "past.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "scan.h"

static bool
is_job(const void *things, uint32_t place, struct span name)
{
	return span_is(name, ((const struct past_job *)things)[place].id);
}

struct past_job *
past_find(const struct past *p, const char *id)
{
	uint32_t at = nametable_find(&p->names, (struct span){ id, strlen(id) }, is_job, p->jobs);

	return at == NAMETABLE_NONE ? NULL : &p->jobs[at];
}

static struct past_job *
job_of(struct past *p, struct span id)
{
	uint32_t at;

	if (p->n == p->size) {
		p->size = p->size == 0 ? 64 : p->size * 2;
		p->jobs = xrealloc(p->jobs, p->size, sizeof(*p->jobs));
	}
	/* its name is there when the table asks for it */
	p->jobs[p->n] = (struct past_job){ .id = xmemdup(id.p, id.n) };
	at = nametable_put(&p->names, id, p->n, is_job, p->jobs);
	if (at == p->n)
		p->n++;
	else
		free(p->jobs[p->n].id);
	return &p->jobs[at];
}

static char *
line_copy(const struct message *m)
{
	return xmemdup(m->line.p, m->line.n);
}

/* A member that is a text, in place of what *into was; NULL when there is none. */
static void
text_take(char **into, const struct message *m, const char *key)
{
	struct scan_value v;
	AUTO_BYTES text = { 0 };

	free(*into);
	*into = NULL;
	if (message_member(m->line.p, m->line.n, key, &v, NULL) == 1 && v.type == SCAN_STRING &&
	    scan_text(&v, &text, NULL) == 0)
		*into = bytes_give(&text);
}

static bool
member_is(const struct message *m, const char *key, const char *text)
{
	struct scan_value v;

	return message_member(m->line.p, m->line.n, key, &v, NULL) == 1 && scan_text_is(&v, text);
}

static int
attempt_of(const struct message *m)
{
	int64_t attempt = message_integer(m->line, "attempt", 1);

	return attempt >= 1 && attempt <= INT16_MAX - 2 ? (int)attempt : 1;
}

static void
executed_forget(struct past_job *j)
{
	free(j->executed);
	j->executed = NULL;
}

static void
texts_free(struct past_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i]);
	free(t->list);
	*t = (struct past_texts){ 0 };
}

static void
text_add(struct past_texts *t, const struct scan_value *v)
{
	AUTO_BYTES text = { 0 };

	if (v->type != SCAN_STRING || scan_text(v, &text, NULL) < 0)
		return;
	t->list = xrealloc(t->list, t->n + 1, sizeof(*t->list));
	t->list[t->n++] = bytes_give(&text);
}

/* A member that is a list of texts, in place of what there was. */
static void
texts_take(struct past_texts *t, const struct message *m, const char *key)
{
	struct scan_value v;
	struct scan_member element;
	struct scan s;

	texts_free(t);
	if (message_member(m->line.p, m->line.n, key, &v, NULL) != 1 || v.type != SCAN_ARRAY ||
	    scan_open(&s, v.raw.p, v.raw.n, NULL) < 0)
		return;
	while (scan_next(&s, &element, NULL) > 0)
		text_add(t, &element.value);
}

/* A job that runs again in a later run begins anew; its attempts are counted on. */
static void
pending(struct past *p, struct past_job *j, const struct message *m)
{
	(void)p;
	texts_take(&j->needs, m, "depends-on");
	texts_take(&j->takes, m, "takes");
	texts_free(&j->keeps);
	executed_forget(j);
	j->uncounted = j->attempt;
	j->over = true;
	j->pending = true;
	j->blocked = j->unblocked = j->ended = false;
}

static void
blocked(struct past *p, struct past_job *j, const struct message *m)
{
	(void)p;
	(void)m;
	j->blocked = true;
}

static void
unblocked(struct past *p, struct past_job *j, const struct message *m)
{
	(void)p;
	(void)m;
	j->unblocked = true;
}

static void
queued(struct past *p, struct past_job *j, const struct message *m)
{
	(void)p;
	j->queued = attempt_of(m);
	executed_forget(j);
}

static void
began(struct past *p, struct past_job *j, const struct message *m)
{
	int attempt = attempt_of(m);

	(void)p;
	executed_forget(j);
	if (attempt == j->attempt)
		return;
	j->uncounted += j->attempt > 0 && !j->over;
	j->attempt = attempt;
	j->over = false;
}

static void
executed(struct past *p, struct past_job *j, const struct message *m)
{
	began(p, j, m);
	j->over = true;
	j->executed = line_copy(m);
}

static void
ended(struct past *p, struct past_job *j, const struct message *m)
{
	struct scan_value v;
	int status;

	(void)p;
	executed_forget(j);
	free(j->outputs);
	j->outputs = NULL;
	if (message_member(m->line.p, m->line.n, "outputs", &v, NULL) == 1 && v.type == SCAN_OBJECT)
		j->outputs = xmemdup(v.raw.p, v.raw.n);
	status = -1;
	if (message_member(m->line.p, m->line.n, "status", &v, NULL) == 1 && v.type == SCAN_STRING)
		status = status_parse((struct span){ v.raw.p + 1, v.raw.n - 2 });
	j->status = status < 0 ? STATUS_ERROR : (enum status)status;
	j->exit = (int)message_integer(m->line, "exit", -1);
	j->allowed = message_true(m->line, "allowed");
	j->barred = j->status == STATUS_SKIPPED && member_is(m, "reason", "blocked");
	j->lost = member_is(m, "reason", "lost");
	text_take(&j->origin, m, "origin");
	j->ended = true;
}

/* Whoever takes it from the store does not need the job to have run in its own workspace. */
static void
kept(struct past *p, struct past_job *j, const struct message *m)
{
	struct scan_value v;

	(void)p;
	if (message_member(m->line.p, m->line.n, "artifact", &v, NULL) == 1)
		text_add(&j->keeps, &v);
}

static void
added(struct past *p, struct past_job *j, const struct message *m)
{
	struct scan_value v;

	(void)j;
	if (message_member(m->line.p, m->line.n, "spec", &v, NULL) != 1 || v.type != SCAN_OBJECT)
		return;
	p->added = xrealloc(p->added, p->nadded + 1, sizeof(*p->added));
	p->added[p->nadded++] = xmemdup(v.raw.p, v.raw.n);
}

static void
canceled(struct past *p, struct past_job *j, const struct message *m)
{
	(void)j;
	text_take(&p->canceled, m, "reason");
	if (p->canceled == NULL)
		p->canceled = xstrdup("");
}

static void
build_started(struct past *p, struct past_job *j, const struct message *m)
{
	(void)j;
	text_take(&p->dir, m, "dir");
	text_take(&p->definition, m, "definition");
}

static void
build_ended(struct past *p, struct past_job *j, const struct message *m)
{
	(void)j;
	free(p->end);
	p->end = line_copy(m);
}

static void
script_started(struct past *p, struct past_job *j, const struct message *m)
{
	(void)j;
	(void)m;
	p->script_over = false;
}

static void
script_ended(struct past *p, struct past_job *j, const struct message *m)
{
	(void)j;
	p->script_over = message_integer(m->line, "exit", 1) == 0;
}

static const struct row {
	const char *type;
	bool job; /* it is about one */
	void (*take)(struct past *p, struct past_job *j, const struct message *m);
} rows[] = {
	{ "job/pending", true, pending },
	{ "job/blocked", true, blocked },
	{ "job/unblocked", true, unblocked },
	{ "job/queued", true, queued },
	{ "job/initializing", true, began },
	{ "job/start", true, began },
	{ "job/executed", true, executed },
	{ "job/end", true, ended },
	{ "artifact/saved", true, kept },
	{ "job/added", false, added },
	{ "build/start", false, build_started },
	{ "build/canceled", false, canceled },
	{ "build/end", false, build_ended },
	{ "script/start", false, script_started },
	{ "script/end", false, script_ended },
};

void
past_take(struct past *p, const struct message *m)
{
	if (m->kind != MESSAGE_EVENT || m->seq <= 0)
		return;
	p->run = m->run > 0 ? m->run : 1;
	p->seq = m->seq;
	if (p->build == NULL)
		p->build = xmemdup(m->build.p, m->build.n);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!span_is(m->type, rows[i].type))
			continue;
		if (!rows[i].job || m->job.n > 0)
			rows[i].take(p, rows[i].job ? job_of(p, m->job) : NULL, m);
		return;
	}
}

bool
past_added(const struct past *p, struct span spec)
{
	for (size_t i = 0; i < p->nadded; i++) {
		if (span_is(spec, p->added[i]))
			return true;
	}
	return false;
}

bool
past_good(const struct past_job *j)
{
	return j->ended && (j->status == STATUS_SUCCESS || (j->status == STATUS_FAILURE && j->allowed));
}

bool
past_keeps(const struct past_job *j)
{
	return j->ended && !j->again;
}

/* Whether a job is the one of that id, or of the matrix of that id. */
static bool
is_of(const struct past_job *j, const char *id)
{
	size_t n = strlen(id);

	return strncmp(j->id, id, n) == 0 && (j->id[n] == '\0' || j->id[n] == '.');
}

/* The first from that place on that a need names: the job, else those of a matrix; p->n at the end. */
static uint32_t
needed(const struct past *p, const char *id, uint32_t from)
{
	const struct past_job *job = past_find(p, id);

	if (job != NULL)
		return from <= job - p->jobs ? (uint32_t)(job - p->jobs) : p->n;
	while (from < p->n && !is_of(&p->jobs[from], id))
		from++;
	return from;
}

/* Whether what a job needs of another is in the store, and comes back from there. */
static bool
is_stored(const struct past_job *j, const struct past_job *needed)
{
	for (size_t i = 0; i < j->takes.n; i++) {
		for (size_t k = 0; k < needed->keeps.n; k++) {
			if (strcmp(j->takes.list[i], needed->keeps.list[k]) == 0)
				return true;
		}
	}
	return false;
}

/* The jobs that a job needs and that are kept run again; whether there are any. */
static bool
needed_repeat(struct past *p, const struct past_job *j)
{
	bool any = false;

	for (size_t k = 0; k < j->needs.n; k++) {
		const char *id = j->needs.list[k];

		for (uint32_t o = needed(p, id, 0); o < p->n; o = needed(p, id, o + 1)) {
			if (is_stored(j, &p->jobs[o]))
				continue;
			any |= past_keeps(&p->jobs[o]);
			p->jobs[o].again |= p->jobs[o].ended;
		}
	}
	return any;
}

/* Whether a job needs one that runs. */
static bool
needs_any(const struct past *p, const struct past_job *j)
{
	for (size_t k = 0; k < j->needs.n; k++) {
		const char *id = j->needs.list[k];

		for (uint32_t o = needed(p, id, 0); o < p->n; o = needed(p, id, o + 1)) {
			if (!past_keeps(&p->jobs[o]))
				return true;
		}
	}
	return false;
}

/* Everything that runs needs what it depends on, in this workspace. What is depended on comes first, mostly:
 * so two passes from the end are enough. */
static void
needs_spread(struct past *p)
{
	bool more = true;

	while (more) {
		more = false;
		for (uint32_t i = p->n; i-- > 0;)
			more |= !past_keeps(&p->jobs[i]) && needed_repeat(p, &p->jobs[i]);
	}
}

void
past_move(struct past *p, bool script)
{
	p->moved = true;
	for (uint32_t i = 0; i < p->n && script && !p->script_over; i++)
		p->jobs[i].again = p->jobs[i].ended;
	needs_spread(p);
}

/* What is behind a job that runs again runs again. */
static void
behind_spread(struct past *p)
{
	bool more = true;

	while (more) {
		more = false;
		for (uint32_t i = 0; i < p->n; i++) {
			struct past_job *j = &p->jobs[i];

			if (past_keeps(j) && needs_any(p, j))
				j->again = more = true;
		}
	}
}

void
past_repeat(struct past *p, const char *from)
{
	p->moved = true;
	for (uint32_t i = 0; i < p->n; i++) {
		struct past_job *j = &p->jobs[i];

		j->again = !past_good(j) || (from[0] != '\0' && is_of(j, from));
	}
	behind_spread(p);
	needs_spread(p);
}

void
past_count(struct past *p)
{
	p->kept = p->repeated = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		p->kept += past_keeps(&p->jobs[i]);
		p->repeated += p->jobs[i].ended && p->jobs[i].again;
	}
}

void
past_free(struct past *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		texts_free(&p->jobs[i].needs);
		texts_free(&p->jobs[i].takes);
		texts_free(&p->jobs[i].keeps);
		free(p->jobs[i].origin);
		free(p->jobs[i].id);
		free(p->jobs[i].executed);
		free(p->jobs[i].outputs);
	}
	for (size_t i = 0; i < p->nadded; i++)
		free(p->added[i]);
	free(p->jobs);
	free(p->added);
	free(p->canceled);
	free(p->end);
	free(p->dir);
	free(p->build);
	free(p->definition);
	nametable_free(&p->names);
	*p = (struct past){ 0 };
}
