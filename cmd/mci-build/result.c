#include "result.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "message.h"
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

/* Copies the members of an object that are not in without (an object's members, no braces; may be NULL). */
static void
members_add(struct bytes *into, struct span object, const char *without)
{
	AUTO_BYTES other = { 0 };
	struct scan_member m;
	struct scan_value found;
	struct scan s;

	if (object.n == 0 || scan_open(&s, object.p, object.n, NULL) < 0)
		return;
	bytes_format(&other, "{%s}", without == NULL ? "" : without);
	while (scan_next(&s, &m, NULL) > 0) {
		AUTO_FREE char *key = xmemdup(m.key.p, m.key.n);

		if (message_member(other.data, other.len, key, &found, NULL) > 0)
			continue;
		if (into->len > 0)
			bytes_char(into, ',');
		bytes_add(into, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
	}
}

void
result_set_member(struct bytes *members, const char *name, const char *value)
{
	AUTO_BYTES member = { 0 };
	AUTO_BYTES object = { 0 };
	struct bytes all = { 0 };

	emit_text(&member, name, value);
	bytes_format(&object, "{%s}", bytes_string(members));
	members_add(&all, (struct span){ object.data, object.len }, bytes_string(&member));
	if (all.len > 0)
		bytes_char(&all, ',');
	bytes_add(&all, member.data, member.len);
	bytes_free(members);
	*members = all;
}

void
result_keep_outputs(const struct result *r, struct job *j)
{
	AUTO_BYTES members = { 0 };

	free(j->outputs);
	j->outputs = NULL;
	members_add(&members, r->outputs, j->sets);
	if (j->sets != NULL)
		bytes_format(&members, "%s%s", members.len > 0 ? "," : "", j->sets);
	if (members.len > 0)
		j->outputs = xformat("{%s}", bytes_string(&members));
}

void
result_write(const struct result *r, const struct job *j, struct bytes *line)
{
	struct scan s;
	struct scan_member m;
	AUTO_BYTES object = { 0 };

	if (j->sets == NULL) {
		bytes_char(line, ',');
		bytes_add(line, r->tail.p, r->tail.n);
		return;
	}
	bytes_char(&object, '{');
	bytes_add(&object, r->tail.p, r->tail.n);
	bytes_char(&object, '}');
	scan_open(&s, object.data, object.len, NULL);
	while (scan_next(&s, &m, NULL) > 0) {
		if (span_is(m.key, "outputs"))
			continue;
		bytes_char(line, ',');
		bytes_add(line, m.from, (size_t)(m.value.raw.p + m.value.raw.n - m.from));
	}
	emit_raw(line, "outputs", (struct span){ j->outputs, strlen(j->outputs) });
}
