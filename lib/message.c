#include "message.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "number.h"

enum field_shape { SHAPE_TEXT, SHAPE_COUNT, SHAPE_RAW, SHAPE_ID };

static const struct field {
	const char *key;
	enum field_shape shape;
	size_t offset;
	size_t length; /* of key: most keys of a line differ in it from most rows */
} fields[] = {
	{ "type", SHAPE_TEXT, offsetof(struct message, type), 4 },
	{ "time", SHAPE_TEXT, offsetof(struct message, time), 4 },
	{ "build", SHAPE_TEXT, offsetof(struct message, build), 5 },
	{ "job", SHAPE_TEXT, offsetof(struct message, job), 3 },
	{ "seq", SHAPE_COUNT, offsetof(struct message, seq), 3 },
	{ "run", SHAPE_COUNT, offsetof(struct message, run), 3 },
	{ "method", SHAPE_TEXT, offsetof(struct message, method), 6 },
	{ "id", SHAPE_ID, offsetof(struct message, id), 2 },
	{ "params", SHAPE_RAW, offsetof(struct message, params), 6 },
	{ "result", SHAPE_RAW, offsetof(struct message, result), 6 },
	{ "error", SHAPE_RAW, offsetof(struct message, error), 5 },
	{ "offset", SHAPE_RAW, offsetof(struct message, offset), 6 },
	{ "received", SHAPE_RAW, offsetof(struct message, received), 8 },
	{ "jsonrpc", SHAPE_RAW, 0, 7 },
};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))
#define JSONRPC (NFIELDS - 1)

static int
field_take(struct message *m, const struct field *f, const struct scan_value *v, struct error *e)
{
	char *at = (char *)m + f->offset;

	switch (f->shape) {
	case SHAPE_TEXT:
		if (v->type != SCAN_STRING)
			return error_set(e, ERROR_INPUT, "%s: expected a string, found %s", f->key,
			    scan_type_name(v->type));
		*(struct span *)(void *)at = (struct span){ v->raw.p + 1, v->raw.n - 2 };
		return 0;
	case SHAPE_COUNT:
		if (scan_integer(v, 1, INT64_MAX, (int64_t *)(void *)at, e) < 0)
			return error_before(e, "%s: ", f->key);
		return 0;
	case SHAPE_ID:
		if (v->type != SCAN_STRING && v->type != SCAN_NUMBER && v->type != SCAN_NULL)
			return error_set(e, ERROR_INPUT, "%s: expected a string or a number, found %s",
			    f->key, scan_type_name(v->type));
		/* fallthrough */
	case SHAPE_RAW:
		if (f != &fields[JSONRPC])
			*(struct span *)(void *)at = v->raw;
		return 0;
	}
	return 0;
}

static const struct field *
field_find(struct span key)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		if (key.n == fields[i].length && memcmp(key.p, fields[i].key, key.n) == 0)
			return &fields[i];
	}
	return NULL;
}

static int
kind_decide(struct message *m, unsigned seen, struct error *e)
{
	if (m->type.n > 0) {
		m->kind = MESSAGE_EVENT;
	} else if (seen & 1) {
		return error_set(e, ERROR_INPUT,
		    "type: expected a name such as job/end, found an empty string");
	} else if (!(seen & 1U << JSONRPC)) {
		m->kind = MESSAGE_SPEC;
	} else if (m->method.n > 0) {
		m->kind = MESSAGE_REQUEST;
	} else if (m->result.n > 0 || m->error.n > 0) {
		m->kind = MESSAGE_REPLY;
	} else {
		return error_set(e, ERROR_INPUT,
		    "jsonrpc: expected a request with method or a reply with result or error");
	}
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The object without the white space around it: of a line that is one. */
static struct span
object_of(const char *p, size_t n)
{
	while (is_blank(p[n - 1]))
		n--;
	for (; is_blank(*p); p++)
		n--;
	return (struct span){ p, n };
}

int
message_read(struct message *m, const char *line, size_t n, struct error *e)
{
	struct scan s;
	struct scan_member member;
	unsigned seen = 0;
	int got;

	*m = (struct message){ 0 };
	if (scan_open(&s, line, n, e) < 0)
		return -1;
	if (s.close != '}')
		return error_set(e, ERROR_INPUT, "expected a JSON object, found an array");
	while ((got = scan_next(&s, &member, e)) > 0) {
		const struct field *f = field_find(member.key);

		if (f == NULL)
			continue;
		if (seen & 1U << (f - fields))
			return error_set(e, ERROR_INPUT, "%s: the key comes twice", f->key);
		seen |= 1U << (f - fields);
		/* a spec's id and a spec's own keys are checked where specs are read */
		if (field_take(m, f, &member.value, e) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	m->line = object_of(line, n);
	return kind_decide(m, seen, e);
}

int
message_member(const char *line, size_t n, const char *key, struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member member;
	int got;

	if (scan_open(&s, line, n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &member, e)) > 0) {
		if (span_is(member.key, key)) {
			*v = member.value;
			return 1;
		}
	}
	return got;
}

int64_t
message_integer(struct span object, const char *key, int64_t otherwise)
{
	struct scan_value v;
	int64_t n;

	if (message_member(object.p, object.n, key, &v, NULL) == 1 &&
	    scan_integer(&v, 0, INT64_MAX, &n, NULL) == 0)
		return n;
	return otherwise;
}

int
message_whole(struct span object, const char *key, int64_t min, int64_t *out, struct error *e)
{
	struct scan_value v;
	int got = message_member(object.p, object.n, key, &v, e);

	if (got == 0)
		return error_set(e, ERROR_INPUT, "%s is missing", key);
	if (got < 0 || scan_integer(&v, min, INT64_MAX, out, e) < 0)
		return error_before(e, "%s: ", key);
	return 0;
}

bool
message_true(struct span object, const char *key)
{
	struct scan_value v;

	return message_member(object.p, object.n, key, &v, NULL) == 1 && v.type == SCAN_TRUE;
}

int64_t
message_offset(const char *line, size_t n)
{
	static const char head[] = "{\"offset\":";
	const size_t at = sizeof(head) - 1;
	int64_t offset = 0;

	if (n <= at || memcmp(line, head, at) != 0)
		return 0;
	/* 18 digits fit */
	for (size_t i = at; i < n && line[i] >= '0' && line[i] <= '9' && i < at + 18; i++)
		offset = offset * 10 + (line[i] - '0');
	return offset;
}

void
message_splice(struct bytes *into, struct span front, const char *line, size_t n)
{
	const char *open = memchr(line, '{', n);
	size_t skip = (size_t)(open - line) + 1;

	bytes_reserve(into, n + front.n + 3);
	bytes_char(into, '{');
	bytes_add(into, front.p, front.n);
	while (skip < n && (line[skip] == ' ' || line[skip] == '\t' || line[skip] == '\r'))
		skip++;
	if (skip < n && line[skip] != '}')
		bytes_char(into, ',');
	bytes_add(into, line + skip, n - skip);
	bytes_char(into, '\n');
}

void
message_unsplice(struct bytes *into, const struct message *m)
{
	struct scan s;
	struct scan_member member;
	char before = '{';

	scan_open(&s, m->line.p, m->line.n, NULL);
	while (scan_next(&s, &member, NULL) > 0) {
		const char *end = member.value.raw.p + member.value.raw.n;

		if (span_is(member.key, "offset") || span_is(member.key, "received") ||
		    (m->time.n == 0 && span_is(member.key, "time")))
			continue;
		bytes_char(into, before);
		bytes_add(into, member.from, (size_t)(end - member.from));
		before = ',';
	}
	bytes_text(into, before == '{' ? "{}" : "}");
}
