#include "cloudevent.h"

#include <stdbool.h>
#include <string.h>

#include "emit.h"
#include "timestamp.h"

#define SOURCE "/mci"

void
cloudevent_id(struct bytes *into, const struct message *m)
{
	if (m->build.n > 0 && m->seq > 0) {
		bytes_add(into, m->build.p, m->build.n);
		bytes_char(into, '/');
		bytes_number(into, m->run > 0 ? m->run : 1);
		bytes_char(into, '/');
		bytes_number(into, m->seq);
		return;
	}
	bytes_text(into, "offset/");
	/* a hub's is a number; anything else would not fit between quotes */
	if (m->offset.n > 0 && *m->offset.p >= '0' && *m->offset.p <= '9')
		bytes_add(into, m->offset.p, m->offset.n);
}

void
cloudevent_source(struct bytes *into, const struct message *m)
{
	bytes_text(into, SOURCE);
	if (m->build.n > 0) {
		bytes_char(into, '/');
		bytes_add(into, m->build.p, m->build.n);
	}
}

/* A member whose value is a string that already stands in JSON. */
static void
add_text(struct bytes *into, const char *key, struct span text)
{
	if (text.n == 0)
		return;
	emit_key(into, key);
	bytes_char(into, '"');
	bytes_add(into, text.p, text.n);
	bytes_char(into, '"');
}

void
cloudevent_open(struct bytes *into, const struct message *m)
{
	AUTO_BYTES id = { 0 }, source = { 0 };

	cloudevent_id(&id, m);
	cloudevent_source(&source, m);
	emit_open(into);
	emit_text(into, "specversion", "1.0");
	add_text(into, "id", (struct span){ id.data, id.len });
	add_text(into, "source", (struct span){ source.data, source.len });
	add_text(into, "subject", m->job);
	/* time must be a moment or be left out */
	if (timestamp_parse(m->time.p, m->time.n, &(int64_t){ 0 }, NULL) == 0)
		add_text(into, "time", m->time);
	emit_text(into, "datacontenttype", "application/json");
}

void
cloudevent_write(struct bytes *into, const struct message *m)
{
	cloudevent_open(into, m);
	add_text(into, "type", m->type);
	emit_raw(into, "data", m->line);
	emit_line(into);
}

/* The attributes that are looked at; others, and extensions, are passed on. */
struct reading {
	struct span line;
	struct scan_value specversion, id, source, type, time, data; /* raw.n 0: absent */
};

static const struct attribute {
	const char *name;
	size_t offset;
	bool required, text;
} attributes[] = {
	{ "specversion", offsetof(struct reading, specversion), true, true },
	{ "id", offsetof(struct reading, id), true, true },
	{ "source", offsetof(struct reading, source), true, true },
	{ "type", offsetof(struct reading, type), true, true },
	{ "time", offsetof(struct reading, time), false, true },
	{ "data", offsetof(struct reading, data), false, false },
};
#define NATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

static struct scan_value *
slot(struct reading *r, const struct attribute *a)
{
	return (struct scan_value *)(void *)((char *)r + a->offset);
}

static int
take_attribute(struct reading *r, const struct scan_member *m, struct error *e)
{
	for (size_t i = 0; i < NATTRIBUTES; i++) {
		struct scan_value *v = slot(r, &attributes[i]);

		if (!span_is(m->key, attributes[i].name))
			continue;
		if (v->raw.n > 0)
			return error_set(e, ERROR_INPUT, "%s: the attribute comes twice",
			    attributes[i].name);
		if (attributes[i].text && (m->value.type != SCAN_STRING || m->value.raw.n == 2))
			return error_set(e, ERROR_INPUT, "%s: expected a string that is not empty",
			    attributes[i].name);
		*v = m->value;
	}
	return 0;
}

static int
read_attributes(struct reading *r, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (scan_open(&s, r->line.p, r->line.n, e) < 0)
		return -1;
	if (s.close != '}')
		return error_set(e, ERROR_INPUT, "expected a JSON object, found an array");
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (take_attribute(r, &m, e) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	for (size_t i = 0; i < NATTRIBUTES; i++) {
		if (attributes[i].required && slot(r, &attributes[i])->raw.n == 0)
			return error_set(e, ERROR_INPUT, "%s: the attribute is missing",
			    attributes[i].name);
	}
	if (!scan_text_is(&r->specversion, "1.0"))
		return error_set(e, ERROR_INPUT, "specversion: expected \"1.0\", found %.*s",
		    r->specversion.raw.n < 32 ? (int)r->specversion.raw.n : 32,
		    r->specversion.raw.p);
	if (r->time.raw.n > 0 && timestamp_parse(r->time.raw.p + 1, r->time.raw.n - 2,
	    &(int64_t){ 0 }, e) < 0)
		return error_before(e, "time: ");
	return 0;
}

/* Whether it is one of our events that went out and comes back. */
static bool
is_ours(const struct reading *r)
{
	struct scan_value type;
	size_t n = strlen(SOURCE);

	return r->data.type == SCAN_OBJECT && r->source.raw.n >= n + 2 &&
	    memcmp(r->source.raw.p + 1, SOURCE, n) == 0 &&
	    (r->source.raw.p[n + 1] == '/' || r->source.raw.p[n + 1] == '"') &&
	    message_member(r->data.raw.p, r->data.raw.n, "type", &type, NULL) == 1 &&
	    type.raw.n == r->type.raw.n && memcmp(type.raw.p, r->type.raw.p, type.raw.n) == 0;
}

/* Names with a meaning in our envelope, or in a line of ours. */
static bool
is_envelope(struct span key)
{
	static const char *const names[] = { "type", "time", "build", "run", "seq", "job", "id", "source",
		"offset", "received", "jsonrpc", "method", "params", "result", "error" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is(key, names[i]))
			return true;
	}
	return false;
}

/* Names that are not taken over: they say how the CloudEvent itself is written. */
static bool
is_wrapping(struct span key)
{
	return span_is(key, "specversion") || span_is(key, "datacontenttype") || span_is(key, "data");
}

/* A name with escapes could be any other one. */
static bool
is_plain(struct span key)
{
	return memchr(key.p, '\\', key.n) == NULL;
}

static bool
is_attribute(const struct reading *r, struct span key)
{
	struct scan s;
	struct scan_member m;

	scan_open(&s, r->line.p, r->line.n, NULL);
	while (scan_next(&s, &m, NULL) > 0) {
		if (m.key.n == key.n && memcmp(m.key.p, key.p, key.n) == 0)
			return true;
	}
	return false;
}

/* Whether the members of data can stand beside the attributes. */
static bool
lies_flat(const struct reading *r)
{
	struct scan s;
	struct scan_member m;

	if (r->data.type != SCAN_OBJECT || r->data.raw.n == 0)
		return false;
	scan_open(&s, r->data.raw.p, r->data.raw.n, NULL);
	for (int n = 0; scan_next(&s, &m, NULL) > 0; n++) {
		/* the bound keeps this from being a square of a hostile line */
		if (n == 256 || !is_plain(m.key) || is_envelope(m.key) || is_attribute(r, m.key))
			return false;
	}
	return true;
}

static void
copy_members(struct bytes *into, struct span object, bool attributes_only)
{
	struct scan s;
	struct scan_member m;

	scan_open(&s, object.p, object.n, NULL);
	while (scan_next(&s, &m, NULL) > 0) {
		const char *end = m.value.raw.p + m.value.raw.n;

		if (attributes_only && is_wrapping(m.key))
			continue;
		if (into->data[into->len - 1] != '{')
			bytes_char(into, ',');
		bytes_add(into, m.from, (size_t)(end - m.from));
	}
}

int
cloudevent_read(struct bytes *into, struct span line, struct error *e)
{
	struct reading r = { .line = line };

	if (read_attributes(&r, e) < 0)
		return -1;
	if (is_ours(&r)) {
		bytes_add(into, r.data.raw.p, r.data.raw.n);
		return 0;
	}
	emit_open(into);
	copy_members(into, line, true);
	if (lies_flat(&r))
		copy_members(into, r.data.raw, false);
	else if (r.data.raw.n > 0)
		emit_raw(into, "data", r.data.raw);
	bytes_char(into, '}');
	return 0;
}
