#include "jobend.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "jobfiles.h"
#include "jsontree.h"
#include "memory.h"
#include "message.h"
#include "recall.h"

struct bytes *
jobend_event(struct schedule *s, const char *type, const struct job *j)
{
	struct bytes *line = journal_begin(s->journal, type);

	emit_text(line, "job", j->id);
	return line;
}

/* The job has its last status; whoever waits for it is followed up in schedule_round. */
void
jobend_over(struct schedule *s, uint32_t job, enum status status)
{
	struct job *j = &s->graph->jobs[job];

	graph_end(s->graph, job, status);
	if (!j->silent) {
		s->nshared -= !j->own;
		s->counts[status]++;
		/* a job that was canceled has not proven what it was to prove */
		s->outcome->failed |= graph_counts(j, status) && status != STATUS_ERROR;
		s->outcome->errored |= graph_counts(j, status) && status == STATUS_ERROR;
	}
	free(j->line);
	j->line = NULL;
	if (j->rules != NULL && j->rules->timer != NULL) {
		loop_cancel(s->loop, j->rules->timer);
		j->rules->timer = NULL;
		s->delayed--;
	}
	queue_add(&s->ended, s->graph, job);
}

/* Opens the job/end of a job; the caller adds why. */
static struct bytes *
end_event(struct schedule *s, const struct job *j, enum status status)
{
	struct bytes *line = jobend_event(s, "job/end", j);

	emit_integer(line, "attempt", j->attempt);
	emit_text(line, "status", status_name(status));
	if (j->allow_failure && status_bad(status))
		emit_bool(line, "allowed", true);
	return line;
}

/* Its artifacts are found under that build's name. */
static void
origin_keep(struct job *j, const char *build)
{
	if (j->files != NULL && build != NULL && j->files->origin == NULL)
		j->files->origin = xstrdup(build);
}

/* What has come before it has ended as well: now it counts. */
void
jobend_recalled(struct schedule *s, uint32_t job)
{
	struct job *j = &s->graph->jobs[job];
	const struct past_job *end = recall_end(j);

	j->allow_failure |= end->allowed;
	s->outcome->errored |= end->lost;
	if (end->outputs != NULL)
		j->outputs = jsontree_read((struct span){ end->outputs, strlen(end->outputs) }, NULL);
	origin_keep(j, end->origin);
	if (end->barred)
		graph_bar(s->graph, job);
	jobend_over(s, job, end->status);
}

/* Ends a job that never ran. */
void
jobend_unrun(struct schedule *s, uint32_t job, enum status status, const char *reason)
{
	const struct job *j = &s->graph->jobs[job];
	struct bytes *line = end_event(s, j, status);

	emit_text(line, "reason", reason);
	journal_end(s->journal);
	jobend_over(s, job, status);
}

/* It comes to what it came to in the build that is run again. */
void
jobend_taken(struct schedule *s, uint32_t job, const struct past_job *was)
{
	struct job *j = &s->graph->jobs[job];
	struct bytes *line;

	j->allow_failure |= was->allowed;
	if (was->outputs != NULL)
		j->outputs = jsontree_read((struct span){ was->outputs, strlen(was->outputs) }, NULL);
	line = end_event(s, j, was->status);
	emit_text(line, "reason", "exit");
	if (was->exit >= 0)
		emit_integer(line, "exit", was->exit);
	if (j->outputs != NULL)
		emit_raw(line, "outputs", (struct span){ was->outputs, strlen(was->outputs) });
	emit_bool(line, "cached", true);
	origin_keep(j, was->origin != NULL ? was->origin : s->base->build);
	if (was->origin != NULL || s->base->build != NULL)
		emit_text(line, "origin", was->origin != NULL ? was->origin : s->base->build);
	journal_end(s->journal);
	jobend_over(s, job, was->status);
}

/* Canceled with its build a job is nobody's news. */
void
jobend_tell(struct schedule *s, const struct job *j, enum status status, const char *reason)
{
	if (graph_counts(j, status) && !(status == STATUS_CANCELED && s->outcome->canceled))
		s->events->ended(s->arg, j, status, reason);
}

/* What the run that is taken over has noted; this build may have other secrets. */
static void
notes_tell(struct schedule *s, const struct job *j)
{
	static const char *const members[] = { "at", "note", "text" };
	const struct content *c = j->files == NULL ? NULL : j->files->content;
	size_t n;

	for (size_t at = 0; c != NULL && c->hit && at < c->notes.len; at += n + 1) {
		const char *from = c->notes.data + at, *end = memchr(from, '\n', c->notes.len - at);
		struct bytes *line;
		struct scan_value v;

		n = end == NULL ? c->notes.len - at : (size_t)(end - from);
		line = jobend_event(s, "log/annotated", j);
		emit_integer(line, "attempt", j->attempt);
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			AUTO_BYTES masked = { 0 };

			if (message_member(from, n, members[i], &v, NULL) <= 0)
				continue;
			mask_json(s->outcome->mask, &masked, v.raw.p, v.raw.n);
			emit_raw(line, members[i], (struct span){ masked.data, masked.len });
		}
		journal_end(s->journal);
	}
}

/* Whether it ran, or was taken over, and under which key. */
static void
content_tell(const struct job *j, struct bytes *line)
{
	const struct content *c = j->files == NULL ? NULL : j->files->content;

	if (c == NULL || c->key == NULL)
		return;
	if (c->hit) {
		emit_bool(line, "cached", true);
		emit_text(line, "origin", c->origin);
	}
	if (c->hit && c->warnings > 0)
		emit_integer(line, "warnings", c->warnings);
	emit_text(line, "key", c->key);
	if (c->unsealed)
		emit_bool(line, "unsealed", true);
}

/* What a person types to have it again. Not of a job that another one has added: by itself it is nowhere. */
static void
again_tell(const struct schedule *s, const struct job *j, enum status status, struct bytes *line)
{
	AUTO_FREE char *command = NULL;

	if (s->again == NULL || j->added || j->allow_failure ||
	    (status != STATUS_FAILURE && status != STATUS_ERROR))
		return;
	command = xformat("%s %s", s->again, j->id);
	emit_text(line, "reproduce", command);
}

/* unkept: why its files could not be kept; NULL: they are, or there are none. */
void
jobend_run(struct schedule *s, uint32_t job, const struct result *r, enum status status, const char *unkept)
{
	struct job *j = &s->graph->jobs[job];
	AUTO_BYTES why = { 0 };
	struct bytes *line;

	if (unkept != NULL && status == STATUS_SUCCESS)
		status = s->outcome->canceled ? STATUS_CANCELED : STATUS_ERROR;
	j->allow_failure |= j->rules != NULL && value_codes_have(&j->rules->allow, r->exit);
	notes_tell(s, j);
	line = end_event(s, j, status);
	result_write(r, j, s->outcome->canceled ? "canceled" : "artifact", unkept, line);
	content_tell(j, line);
	again_tell(s, j, status, line);
	journal_end(s->journal);
	if (unkept != NULL && r->exit == 0)
		bytes_text(&why, unkept);
	else
		result_reason(r, &why);
	jobend_tell(s, j, status, bytes_string(&why));
	jobend_over(s, job, status);
}

/* Ends a job that could not be given to mci-job. */
void
jobend_unfit(struct schedule *s, uint32_t job, const char *why)
{
	struct job *j = &s->graph->jobs[job];
	struct bytes *line = end_event(s, j, STATUS_ERROR);

	emit_text(line, "reason", "artifact");
	emit_text(line, "error", why);
	again_tell(s, j, STATUS_ERROR, line);
	journal_end(s->journal);
	jobend_tell(s, j, STATUS_ERROR, why);
	jobend_over(s, job, STATUS_ERROR);
}

/* The attempt has no result: it was killed with mci-job, by us when the build is canceled. */
void
jobend_lost(struct schedule *s, uint32_t job, const char *why)
{
	enum status status = s->outcome->canceled ? STATUS_CANCELED : STATUS_ERROR;
	struct bytes *line = end_event(s, &s->graph->jobs[job], status);

	emit_text(line, "reason", s->outcome->canceled ? "canceled" : "lost");
	emit_text(line, "error", why);
	again_tell(s, &s->graph->jobs[job], status, line);
	journal_end(s->journal);
	jobend_tell(s, &s->graph->jobs[job], status, why);
	s->outcome->errored = true; /* allowed to fail or not: this is no failure of the job's */
	jobend_over(s, job, status);
}
