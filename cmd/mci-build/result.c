#include "result.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "jsontree.h"
#include "reason.h"

int
result_read(struct result *r, struct span line, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	*r = (struct result){ .exit = -1, .signal = -1 };
	if (scan_open(&s, line.p, line.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (span_is(m.key, "reason")) {
			r->reason = (struct span){ m.value.raw.p + 1, m.value.raw.n - 2 };
			r->tail.p = m.from;
		} else if (span_is(m.key, "exit")) {
			if (scan_integer(&m.value, 0, 255, &r->exit, e) < 0)
				return -1;
		} else if (span_is(m.key, "signal")) {
			if (scan_integer(&m.value, 0, INT32_MAX, &r->signal, e) < 0)
				return -1;
		} else if (span_is(m.key, "error") && m.value.type == SCAN_STRING) {
			r->error = m.value;
		} else if (span_is(m.key, "outputs")) {
			if (m.value.type != SCAN_OBJECT)
				return error_set(e, ERROR_INPUT, "outputs: expected an object");
			r->outputs = m.value.raw;
		}
	}
	if (got < 0 || r->tail.p == NULL)
		return -1;
	r->tail.n = (size_t)(s.p - r->tail.p); /* up to and with the closing brace */
	while (r->tail.n > 0 && r->tail.p[r->tail.n - 1] != '}')
		r->tail.n--;
	r->tail.n--;
	return 0;
}

enum status
result_status(const struct result *r)
{
	static const struct {
		const char *reason;
		enum status status;
	} rows[] = {
		{ "signal", STATUS_FAILURE },
		{ "timeout", STATUS_FAILURE },
		{ "canceled", STATUS_CANCELED },
		{ "lost", STATUS_ERROR },
		{ "start", STATUS_ERROR },
		{ "service", STATUS_ERROR },
	};

	if (span_is(r->reason, "exit"))
		return r->exit == 0 ? STATUS_SUCCESS : STATUS_FAILURE;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (span_is(r->reason, rows[i].reason))
			return rows[i].status;
	}
	return STATUS_FAILURE; /* limit:NAME */
}

void
result_reason(const struct result *r, struct bytes *into)
{
	struct reason why = { r->reason, (int)r->exit, (int)r->signal, { NULL, 0 } };
	AUTO_BYTES error = { 0 };

	if (r->error.raw.n > 0 && scan_text(&r->error, &error, NULL) == 0)
		why.error = (struct span){ error.data, error.len };
	reason_add(into, &why);
}

/* What a member takes of the limit, with its quotes, colon and comma. */
static size_t
member_size(const char *name, const json_t *value)
{
	AUTO_BYTES text = { 0 };

	jsontree_write(&text, value);
	return strlen(name) + text.len + 4;
}

int
result_set_output(struct job *j, const char *name, struct span value, struct error *e)
{
	json_auto_t *fresh = jsontree_text(value);
	const json_t *old = json_object_get(j->sets, name);
	size_t size = j->sets_size + member_size(name, fresh) - (old == NULL ? 0 : member_size(name, old));

	if (size > RESULT_SETS)
		return error_set(e, ERROR_LIMIT, "a job's outputs may hold %d bytes", RESULT_SETS);
	if (j->sets == NULL)
		j->sets = json_object();
	json_object_set(j->sets, name, fresh);
	j->sets_size = (uint32_t)size;
	return 0;
}

void
result_forget_sets(struct job *j)
{
	json_decref(j->sets);
	j->sets = NULL;
	j->sets_size = 0;
}

int
result_keep_outputs(const struct result *r, struct job *j, struct error *e)
{
	json_decref(j->outputs);
	j->outputs = NULL;
	if (r->outputs.n > 0) {
		j->outputs = jsontree_read(r->outputs, e);
		if (j->outputs == NULL)
			return error_before(e, "outputs: ");
	} else if (j->sets != NULL) {
		j->outputs = json_object();
	}
	if (j->sets != NULL)
		json_object_update(j->outputs, j->sets);
	return 0;
}

/* Whether a member of the attempt's is not the job's: it is said anew. */
static bool
is_replaced(const struct result *r, struct span key, bool unkept)
{
	if (span_is(key, "outputs"))
		return true;
	return unkept && ((span_is(key, "reason") && r->exit == 0) || span_is(key, "error"));
}

void
result_write(const struct result *r, const struct job *j, const char *reason, const char *unkept,
    struct bytes *line)
{
	struct scan s;
	struct scan_member m;
	AUTO_BYTES object = { 0 };

	if (j->sets == NULL && unkept == NULL) {
		bytes_char(line, ',');
		bytes_add(line, r->tail.p, r->tail.n);
		return;
	}
	if (unkept != NULL && r->exit == 0)
		emit_text(line, "reason", reason);
	if (unkept != NULL)
		emit_text(line, "error", unkept);
	bytes_char(&object, '{');
	bytes_add(&object, r->tail.p, r->tail.n);
	bytes_char(&object, '}');
	scan_open(&s, object.data, object.len, NULL);
	while (scan_next(&s, &m, NULL) > 0) {
		if (is_replaced(r, m.key, unkept != NULL))
			continue;
		bytes_char(line, ',');
		bytes_add(line, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
	}
	if (j->outputs == NULL)
		return;
	emit_key(line, "outputs");
	jsontree_write(line, j->outputs);
}
