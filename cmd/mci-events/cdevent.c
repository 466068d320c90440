#include "cdevent.h"

#include <stdbool.h>
#include <string.h>

#include "cloudevent.h"
#include "emit.h"
#include "kernel.h"
#include "timestamp.h"

enum subject { SUBJECT_BUILD, SUBJECT_JOB };

static const struct row {
	const char *type, *theirs;
	enum subject subject;
	bool ends; /* with an outcome */
} rows[] = {
	{ "build/queued", "dev.cdevents.pipelinerun.queued.0.3.0", SUBJECT_BUILD, false },
	{ "build/start", "dev.cdevents.pipelinerun.started.0.3.0", SUBJECT_BUILD, false },
	{ "build/end", "dev.cdevents.pipelinerun.finished.0.3.0", SUBJECT_BUILD, true },
	{ "job/start", "dev.cdevents.taskrun.started.0.3.0", SUBJECT_JOB, false },
	{ "job/end", "dev.cdevents.taskrun.finished.0.3.0", SUBJECT_JOB, true },
};

/* Our statuses as outcomes; what has none (skipped) is left without. */
static const struct {
	const char *status, *outcome;
} outcomes[] = {
	{ "success", "success" }, { "failure", "failure" }, { "error", "error" },
	{ "canceled", "cancel" },
};

static const struct row *
row_of(const struct message *m)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* one without the thing that it is about is none of theirs */
		if (span_is(m->type, rows[i].type) && m->build.n > 0 &&
		    (rows[i].subject == SUBJECT_BUILD || m->job.n > 0))
			return &rows[i];
	}
	return NULL;
}

/* A member that is a string, from parts that already stand in JSON. */
static void
add_parts(struct bytes *into, const char *key, struct span a, const char *between, struct span b)
{
	emit_key(into, key);
	bytes_char(into, '"');
	bytes_add(into, a.p, a.n);
	bytes_text(into, between);
	bytes_add(into, b.p, b.n);
	bytes_char(into, '"');
}

static void
add_part(struct bytes *into, const char *key, struct span a)
{
	add_parts(into, key, a, "", (struct span){ NULL, 0 });
}

/* NOUN/VERB as mci-NOUN.VERB; other texts keep what may stand in a type's name. */
static void
add_custom_type(struct bytes *into, struct span type)
{
	bool verb = false;

	bytes_text(into, "dev.cdeventsx.mci-");
	for (size_t i = 0; i < type.n; i++) {
		char c = type.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';

		if (c == '/' && !verb)
			bytes_char(into, '.');
		else
			bytes_char(into, word ? c : '-');
		verb |= c == '/';
	}
	bytes_text(into, verb ? ".0.1.0" : ".said.0.1.0");
}

static void
add_outcome(struct bytes *into, const struct message *m)
{
	struct scan_value status;

	if (message_member(m->line.p, m->line.n, "status", &status, NULL) != 1)
		return;
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
		if (scan_text_is(&status, outcomes[i].status))
			emit_text(into, "outcome", outcomes[i].outcome);
	}
}

/* The pipeline is the build's name without its number. */
static struct span
pipeline_of(struct span build)
{
	const char *slash = memrchr(build.p, '/', build.n);

	return slash == NULL ? build : (struct span){ build.p, (size_t)(slash - build.p) };
}

static void
add_content(struct bytes *into, const struct row *row, const struct message *m)
{
	emit_key(into, "content");
	emit_open(into);
	if (row != NULL && row->subject == SUBJECT_BUILD)
		add_part(into, "pipelineName", pipeline_of(m->build));
	if (row != NULL && row->subject == SUBJECT_JOB) {
		add_part(into, "taskName", m->job);
		emit_key(into, "pipelineRun");
		emit_open(into);
		add_part(into, "id", m->build);
		bytes_char(into, '}');
	}
	if (row != NULL && row->ends)
		add_outcome(into, m);
	bytes_char(into, '}');
}

/* What the event is about: the job, the build, or the event itself. */
static void
add_subject(struct bytes *into, const struct row *row, const struct message *m, struct span id)
{
	emit_key(into, "subject");
	emit_open(into);
	if (m->job.n > 0 && m->build.n > 0)
		add_parts(into, "id", m->build, "/", m->job);
	else
		add_part(into, "id", m->build.n > 0 ? m->build : id);
	add_content(into, row, m);
	bytes_char(into, '}');
}

static void
add_timestamp(struct bytes *into, const struct message *m)
{
	int64_t ns = 0;

	if (timestamp_parse(m->time.p, m->time.n, &ns, NULL) < 0)
		ns = kernel.wall();
	emit_time(into, "timestamp", ns);
}

void
cdevent_write(struct bytes *into, const struct message *m)
{
	const struct row *row = row_of(m);
	AUTO_BYTES type = { 0 }, id = { 0 }, source = { 0 };

	if (row != NULL)
		bytes_text(&type, row->theirs);
	else
		add_custom_type(&type, m->type);
	cloudevent_id(&id, m);
	cloudevent_source(&source, m);
	cloudevent_open(into, m);
	add_part(into, "type", (struct span){ type.data, type.len });
	emit_key(into, "data");
	emit_open(into);
	emit_key(into, "context");
	emit_open(into);
	emit_text(into, "specversion", "0.5.1");
	add_part(into, "id", (struct span){ id.data, id.len });
	add_part(into, "source", (struct span){ source.data, source.len });
	add_part(into, "type", (struct span){ type.data, type.len });
	add_timestamp(into, m);
	bytes_char(into, '}');
	add_subject(into, row, m, (struct span){ id.data, id.len });
	emit_raw(into, "customData", m->line);
	emit_text(into, "customDataContentType", "application/json");
	bytes_char(into, '}');
	emit_line(into);
}
