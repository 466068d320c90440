#include "remarks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buildstream.h"
#include "emit.h"
#include "kernel.h"
#include "line.h"
#include "memory.h"
#include "message.h"
#include "note.h"
#include "remote.h"
#include "scan.h"
#include "table.h"

static const char *const results[TEST_N] = { "pass", "fail", "skip", "error" };

/* A new attempt has said nothing yet. */
static void
begin(struct remarks *r, struct remarks_job *j, const struct message *m)
{
	(void)r;
	(void)m;
	j->notes.len = 0;
	memset(j->tests, 0, sizeof(j->tests));
}

static void
test_count(struct remarks_job *j, struct span note)
{
	AUTO_BYTES text = { 0 };

	if (!note_member(note, "test", &text) || !note_member(note, "result", &text))
		return;
	for (size_t i = 0; i < TEST_N; i++)
		j->tests[i] += strcmp(bytes_string(&text), results[i]) == 0;
}

static void
note_take(struct remarks *r, struct remarks_job *j, const struct message *m)
{
	static const char *const members[] = { "at", "note", "text" };
	AUTO_BYTES name = { 0 };
	struct scan_value v;
	bool noted = message_member(m->line.p, m->line.n, "note", &v, NULL) == 1 && v.type == SCAN_OBJECT;

	if (noted)
		test_count(j, v.raw);
	/* where sections are is shown with the log */
	if (r->only == NULL || !span_is(m->job, r->only) || (noted && note_member(v.raw, "section", &name)))
		return;
	if (j->notes.len > 0)
		bytes_char(&j->notes, ',');
	emit_open(&j->notes);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (message_member(m->line.p, m->line.n, members[i], &v, NULL) == 1)
			emit_raw(&j->notes, members[i], v.raw);
	}
	bytes_char(&j->notes, '}');
}

static void
end_take(struct remarks *r, struct remarks_job *j, const struct message *m)
{
	struct scan_value v;

	(void)r;
	if (message_member(m->line.p, m->line.n, "outputs", &v, NULL) != 1 || v.type != SCAN_OBJECT)
		return;
	free(j->outputs);
	j->outputs = xmemdup(v.raw.p, v.raw.n);
}

static const struct {
	const char *type;
	void (*take)(struct remarks *r, struct remarks_job *j, const struct message *m);
} takers[] = {
	{ "job/initializing", begin },
	{ "log/annotated", note_take },
	{ "job/end", end_take },
};

static void
event_take(struct remarks *r, struct fold *f, struct span line)
{
	const struct fold_job *job;
	struct message m;

	if (message_read(&m, line.p, line.n, NULL) < 0 || m.kind != MESSAGE_EVENT || m.job.n == 0)
		return;
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (!span_is(m.type, takers[i].type))
			continue;
		job = fold_find(f, m.job.p, m.job.n);
		if (job != NULL)
			takers[i].take(r, &r->jobs[job - f->jobs], &m);
	}
}

struct taking {
	struct remarks *remarks;
	struct fold *fold;
};

static int
event_line(void *arg, struct span line)
{
	struct taking *t = arg;

	event_take(t->remarks, t->fold, line);
	return 0;
}

static int
file_read(const char *folder, struct taking *t, struct error *e)
{
	AUTO_FREE char *path = xformat("%s/events.ndjson", folder);
	AUTO_CLOSE int fd = kernel_open_file(AT_FDCWD, path);
	struct line_reader lines = { 0 };
	struct span line;
	ssize_t n = 0;

	if (fd < 0)
		return error_sys(e, "%s", path);
	while ((n = line_read(&lines, fd)) > 0) {
		for (enum line_result got; (got = line_next(&lines, &line)) != LINE_NONE;) {
			if (got == LINE_OK)
				event_line(t, line);
		}
	}
	if (n < 0)
		error_sys(e, "read %s", path);
	line_free(&lines);
	return n < 0 ? -1 : 0;
}

int
remarks_read(struct remarks *r, const struct state_build *b, struct fold *f, const char *only,
    struct error *e)
{
	struct taking t = { r, f };

	*r = (struct remarks){ .jobs = xmalloc((f->njobs + 1) * sizeof(*r->jobs)), .n = f->njobs,
		.only = only };
	return remote_is(b) ? buildstream_read(NULL, b->name, event_line, &t, e) :
	    file_read(b->path, &t, e);
}

void
remarks_tests(struct bytes *b, const struct remarks_job *j)
{
	size_t all = 0, bad = j->tests[TEST_FAIL] + j->tests[TEST_ERROR];

	for (size_t i = 0; i < TEST_N; i++)
		all += j->tests[i];
	if (all > 0)
		bytes_format(b, "%zu test%s", all, all == 1 ? "" : "s");
	if (bad > 0)
		bytes_format(b, ", %zu failed", bad);
	if (j->tests[TEST_SKIP] > 0)
		bytes_format(b, ", %zu skipped", j->tests[TEST_SKIP]);
}

void
remarks_emit(struct bytes *b, const struct remarks_job *j)
{
	size_t all = 0;

	for (size_t i = 0; i < TEST_N; i++)
		all += j->tests[i];
	if (j->outputs != NULL)
		emit_raw(b, "outputs", (struct span){ j->outputs, strlen(j->outputs) });
	if (all > 0) {
		emit_key(b, "tests");
		emit_open(b);
		for (size_t i = 0; i < TEST_N; i++)
			emit_integer(b, results[i], (int64_t)j->tests[i]);
		bytes_char(b, '}');
	}
	if (j->notes.len > 0) {
		emit_key(b, "annotations");
		bytes_char(b, '[');
		bytes_add(b, j->notes.data, j->notes.len);
		bytes_char(b, ']');
	}
}

/* The first line beside the name, each further one in a row of its own. */
static void
lines_print(struct table *t, struct span name, struct span text)
{
	bool more = true;

	while (more) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end == NULL ? text.n : (size_t)(end - text.p);

		table_cell(t, name, NULL);
		table_cell(t, (struct span){ text.p, n }, NULL);
		name.n = 0;
		more = end != NULL;
		text = (struct span){ text.p + n + more, text.n - n - more };
	}
}

static void
outputs_print(const struct remarks_job *j)
{
	static const char *const headings[] = { "OUTPUT", "VALUE" };
	struct scan_member m;
	struct table t;
	struct scan s;

	if (j->outputs == NULL || scan_open(&s, j->outputs, strlen(j->outputs), NULL) < 0)
		return;
	putchar('\n');
	table_open(&t, headings, 2);
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_BYTES value = { 0 };

		if (m.value.type == SCAN_STRING && scan_text(&m.value, &value, NULL) == 0)
			lines_print(&t, m.key, (struct span){ bytes_string(&value), value.len });
	}
	table_close(&t);
}

/* Of tests those that did not pass. */
static void
note_print(struct table *t, struct span note)
{
	const char *kind = note_kind(note);
	AUTO_BYTES result = { 0 };
	AUTO_BYTES text = { 0 };

	if (strcmp(kind, "test") == 0 && note_member(note, "result", &result) &&
	    strcmp(bytes_string(&result), "pass") == 0)
		return;
	note_text(&text, note);
	lines_print(t, (struct span){ kind, strlen(kind) }, (struct span){ bytes_string(&text), text.len });
}

static void
notes_print(const struct remarks_job *j)
{
	static const char *const headings[] = { "KIND", "NOTE" };
	AUTO_FREE char *list = xformat("[%.*s]", (int)j->notes.len, j->notes.data);
	struct scan_member m;
	struct scan_value v;
	struct table t;
	struct scan s;

	if (j->notes.len == 0 || scan_open(&s, list, strlen(list), NULL) < 0)
		return;
	putchar('\n');
	table_open(&t, headings, 2);
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_BYTES text = { 0 };

		if (message_member(m.value.raw.p, m.value.raw.n, "note", &v, NULL) == 1)
			note_print(&t, v.raw);
		else if (message_member(m.value.raw.p, m.value.raw.n, "text", &v, NULL) == 1 &&
		    v.type == SCAN_STRING && scan_text(&v, &text, NULL) == 0)
			lines_print(&t, (struct span){ "text", 4 },
			    (struct span){ bytes_string(&text), text.len });
	}
	table_close(&t);
}

void
remarks_print(const struct remarks_job *j)
{
	outputs_print(j);
	notes_print(j);
}

void
remarks_free(struct remarks *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->jobs[i].outputs);
		bytes_free(&r->jobs[i].notes);
	}
	free(r->jobs);
	*r = (struct remarks){ 0 };
}
