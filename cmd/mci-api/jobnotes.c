#include "jobnotes.h"

#include <stdlib.h>
#include <string.h>

#include "buildstream.h"
#include "emit.h"
#include "memory.h"
#include "message.h"
#include "params.h"
#include "scan.h"

/* Notes of an answer, and their bytes; a page of long ones ends before that. */
#define NOTES 1000
#define BYTES ((size_t)4 * 1024 * 1024)

static const struct contract_field takes[] = {
	{ "build", CONTRACT_TEXT, true, "its name, as ORG/REPO/N" },
	{ "job", CONTRACT_TEXT, true, "its id" },
	{ "from", CONTRACT_INTEGER, false, "how many to leave out; 0" },
	{ "limit", CONTRACT_INTEGER, false, "at most so many, 1 to 1000; 1000" },
};
const struct contract_method jobnotes_takes = {
	.name = "job/notes", .params = takes, .nparams = sizeof(takes) / sizeof(takes[0])
};

const struct contract_field jobnotes_outputs_answer[1] = {
	{ "outputs", CONTRACT_OBJECT, true, "texts by name" },
};
const struct contract_field jobnotes_annotations_answer[2] = {
	{ "annotations", CONTRACT_ARRAY, true,
	    "objects with at (bytes of the log before it) and note, or text" },
	{ "more", CONTRACT_BOOL, true, "whether there are others" },
};
const struct contract_field jobnotes_tests_answer[3] = {
	{ "tests", CONTRACT_ARRAY, true,
	    "objects with test, result, and what else its report said" },
	{ "more", CONTRACT_BOOL, true, "whether there are others" },
	{ "counts", CONTRACT_OBJECT, true, "how many there are in all, by result" },
};

/* While the events of the build come. */
struct notes {
	struct ask *ask;
	struct buildstream *stream;
	enum { OUTPUTS, ANNOTATIONS, TESTS } what;
	int64_t from, limit, seen, taken;
	bool more;
	struct bytes rows;
	struct { /* of results */
		char name[24];
		int64_t n;
	} counts[8];
};

static void
drop(void *state)
{
	struct notes *n = state;

	buildstream_free(n->stream);
	bytes_free(&n->rows);
	free(n);
}

/* A new attempt has said nothing yet. */
static void
begin_attempt(struct notes *n)
{
	n->rows.len = 0;
	n->seen = n->taken = 0;
	n->more = false;
	memset(n->counts, 0, sizeof(n->counts));
}

static void
add(struct notes *n, struct span row)
{
	if (n->seen++ < n->from)
		return;
	if (n->taken == n->limit || n->rows.len + row.n > BYTES) {
		n->more = true;
		return;
	}
	n->taken++;
	if (n->rows.len > 0)
		bytes_char(&n->rows, ',');
	bytes_add(&n->rows, row.p, row.n);
}

static void
count(struct notes *n, const struct scan_value *result)
{
	AUTO_BYTES text = { 0 };

	if (result->type != SCAN_STRING || scan_text(result, &text, NULL) < 0 || text.len == 0 ||
	    text.len >= sizeof(n->counts[0].name))
		return;
	for (size_t i = 0; i < sizeof(n->counts) / sizeof(n->counts[0]); i++) {
		if (n->counts[i].n == 0)
			memcpy(n->counts[i].name, bytes_string(&text), text.len + 1);
		if (strcmp(n->counts[i].name, bytes_string(&text)) == 0) {
			n->counts[i].n++;
			return;
		}
	}
}

static void
take_note(struct notes *n, const struct message *m)
{
	static const char *const members[] = { "at", "note", "text" };
	struct scan_value note, result, v;
	AUTO_BYTES row = { 0 };
	bool object = message_member(m->line.p, m->line.n, "note", &note, NULL) > 0 &&
	    note.type == SCAN_OBJECT;

	if (n->what == TESTS) {
		if (object && message_member(note.raw.p, note.raw.n, "test", &v, NULL) > 0 &&
		    message_member(note.raw.p, note.raw.n, "result", &result, NULL) > 0) {
			count(n, &result);
			add(n, note.raw);
		}
		return;
	}
	emit_open(&row);
	for (size_t i = 0; i < 3; i++) {
		if (message_member(m->line.p, m->line.n, members[i], &v, NULL) > 0)
			emit_raw(&row, members[i], v.raw);
	}
	bytes_char(&row, '}');
	add(n, (struct span){ row.data, row.len });
}

static bool
line(void *arg, struct span text)
{
	struct notes *n = arg;
	const char *job = params_value(n->ask, "job");
	struct message m;
	struct scan_value v;

	if (message_read(&m, text.p, text.n, NULL) < 0 || !span_is(m.job, job))
		return false;
	if (span_is(m.type, "job/initializing")) {
		begin_attempt(n);
	} else if (n->what != OUTPUTS && span_is(m.type, "log/annotated")) {
		take_note(n, &m);
	} else if (n->what == OUTPUTS &&
	    (span_is(m.type, "job/end") || span_is(m.type, "job/executed")) &&
	    message_member(m.line.p, m.line.n, "outputs", &v, NULL) > 0 && v.type == SCAN_OBJECT) {
		n->rows.len = 0;
		bytes_add(&n->rows, v.raw.p, v.raw.n);
	}
	return false;
}

static void
write_counts(const struct notes *n, struct bytes *json)
{
	emit_key(json, "counts");
	emit_open(json);
	for (size_t i = 0; i < sizeof(n->counts) / sizeof(n->counts[0]); i++) {
		if (n->counts[i].n > 0)
			emit_integer(json, n->counts[i].name, n->counts[i].n);
	}
	bytes_char(json, '}');
}

static void
done(void *arg, const struct error *why)
{
	static const char *const names[] = { "outputs", "annotations", "tests" };
	struct notes *n = arg;
	struct ask *a = n->ask;
	AUTO_BYTES json = { 0 };

	if (why != NULL) {
		answer_error(a, why);
		return;
	}
	emit_open(&json);
	emit_key(&json, names[n->what]);
	if (n->what != OUTPUTS)
		bytes_char(&json, '[');
	bytes_add(&json, n->rows.data, n->rows.len);
	if (n->what != OUTPUTS)
		bytes_char(&json, ']');
	else if (n->rows.len == 0)
		bytes_text(&json, "{}");
	if (n->what != OUTPUTS)
		emit_bool(&json, "more", n->more);
	if (n->what == TESTS)
		write_counts(n, &json);
	bytes_char(&json, '}');
	ask_link_next(a, (struct span){ json.data, json.len });
	answer_json(a, 0, (struct span){ json.data, json.len });
}

/* The job is there, and theirs to look at: so are the events of its build. */
static void
known(struct ask *a, struct span result, const struct error *e)
{
	static const struct buildstream_events events = { .line = line, .done = done };
	static const char method[] = "build/events";
	AUTO_FREE char *build = xformat(
	    "%s/%s/%s", params_value(a, "org"), params_value(a, "repo"), params_value(a, "number"));
	struct notes *n = a->state;
	struct error why;

	(void)result;
	if (e->code != ERROR_NONE) {
		answer_error(a, e);
		return;
	}
	n->stream = buildstream_replay(a->gateway->loop,
	    gateway_place(a->gateway, (struct span){ method, sizeof(method) - 1 })->address, build,
	    &events, n, &why);
	if (n->stream == NULL)
		answer_error(a, &why);
}

static void
begin(struct ask *a, int what)
{
	AUTO_BYTES asked = { 0 };
	AUTO_BYTES params = { 0 };
	struct notes *n;
	int64_t limit;
	struct scan_value v;

	if (params_read(a, &jobnotes_takes, &asked) < 0)
		return;
	limit = message_integer((struct span){ asked.data, asked.len }, "limit", NOTES);
	if (message_member(asked.data, asked.len, "limit", &v, NULL) > 0 &&
	    (limit < 1 || limit > NOTES || v.raw.p[0] == '-')) {
		answer_problem(a, 400, "limit", "limit: expected 1 to %d", NOTES);
		return;
	}
	n = xmalloc(sizeof(*n));
	*n = (struct notes){ .ask = a,
		.what = what,
		.limit = limit,
		.from = message_integer((struct span){ asked.data, asked.len }, "from", 0) };
	a->state = n;
	a->drop = drop;
	emit_open(&params);
	for (size_t i = 0; i < 2; i++) {
		if (message_member(asked.data, asked.len, takes[i].name, &v, NULL) > 0)
			emit_raw(&params, takes[i].name, v.raw);
	}
	bytes_char(&params, '}');
	ask_call(a, "job/get", (struct span){ params.data, params.len }, (struct span){ NULL, 0 },
	    known);
}

void
jobnotes_outputs(struct ask *a)
{
	begin(a, OUTPUTS);
}

void
jobnotes_annotations(struct ask *a)
{
	begin(a, ANNOTATIONS);
}

void
jobnotes_tests(struct ask *a)
{
	begin(a, TESTS);
}
