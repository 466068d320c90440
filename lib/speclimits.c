#include "speclimits.h"

#include <stdio.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "number.h"

#define MEBIBYTE (INT64_C(1) << 20)
#define GIBIBYTE (INT64_C(1) << 30)
#define CPUS_MOST 1024

enum unit { UNIT_CPUS, UNIT_BYTES, UNIT_COUNT, UNIT_TIME };

static const struct {
	const char *name;
	enum unit unit;
	int64_t least; /* less of it lets no program start */
} rows[LIMIT_COUNT] = {
	[LIMIT_CPUS] = { "cpus", UNIT_CPUS, 10 },
	[LIMIT_MEMORY] = { "memory", UNIT_BYTES, 4 * MEBIBYTE },
	[LIMIT_PROCESSES] = { "processes", UNIT_COUNT, 1 },
	[LIMIT_FILES] = { "files", UNIT_COUNT, 32 },
	[LIMIT_FILE_SIZE] = { "file-size", UNIT_BYTES, 1 },
	[LIMIT_DISK] = { "disk", UNIT_BYTES, MEBIBYTE },
	[LIMIT_LOG] = { "log", UNIT_BYTES, 1 },
	[LIMIT_TIMEOUT] = { "timeout", UNIT_TIME, 1 },
};

const char *
limit_name(enum limit which)
{
	return rows[which].name;
}

static void
size_write(struct bytes *b, int64_t value)
{
	static const char units[] = "kMG";
	int unit = -1;

	while (unit < 2 && value % 1024 == 0) {
		value /= 1024;
		unit++;
	}
	bytes_number(b, value);
	if (unit >= 0)
		bytes_char(b, units[unit]);
}

static void
cpus_write(struct bytes *b, int64_t value)
{
	char part[8];
	size_t n;

	bytes_number(b, value / 1000);
	if (value % 1000 == 0)
		return;
	n = (size_t)snprintf(part, sizeof(part), ".%03d", (int)(value % 1000));
	while (part[n - 1] == '0')
		n--;
	bytes_add(b, part, n);
}

void
limit_write(struct bytes *b, enum limit which, int64_t value)
{
	switch (rows[which].unit) {
	case UNIT_CPUS:
		cpus_write(b, value);
		break;
	case UNIT_BYTES:
		size_write(b, value);
		break;
	case UNIT_COUNT:
		bytes_number(b, value);
		break;
	case UNIT_TIME:
		duration_write(b, value);
		break;
	}
}

/* Whole CPUs, with up to three decimals. */
static int
cpus_parse(const char *text, size_t n, int64_t *out, struct error *e)
{
	const char *point = memchr(text, '.', n);
	size_t whole = point == NULL ? n : (size_t)(point - text);
	size_t decimals = point == NULL ? 0 : n - whole - 1;
	int64_t cpus, part = 0;

	if (decimals > 3 || (point != NULL && decimals == 0) ||
	    number_parse(text, whole, 0, CPUS_MOST, &cpus, e) < 0 ||
	    (decimals > 0 && number_parse(point + 1, decimals, 0, 999, &part, e) < 0))
		return error_set(e, ERROR_INPUT, "'%.*s' is not a number of CPUs such as 2 or 1.5",
		    (int)(n > 40 ? 40 : n), text);
	for (; decimals > 0 && decimals < 3; decimals++)
		part *= 10;
	*out = cpus * 1000 + part;
	return 0;
}

static int
parse(enum limit which, const char *text, size_t n, int64_t *out, struct error *e)
{
	AUTO_BYTES least = { 0 };
	int got = -1;

	switch (rows[which].unit) {
	case UNIT_CPUS:
		got = cpus_parse(text, n, out, e);
		break;
	case UNIT_BYTES:
		got = number_size(text, n, out, e);
		break;
	case UNIT_COUNT:
		got = number_parse(text, n, 1, INT32_MAX, out, e);
		break;
	case UNIT_TIME:
		got = duration_parse(text, n, out, e);
		break;
	}
	if (got < 0 || *out >= rows[which].least)
		return got;
	limit_write(&least, which, rows[which].least);
	return error_set(e, ERROR_INPUT, "'%.*s' is too little; at least %s", (int)(n > 40 ? 40 : n), text,
	    bytes_string(&least));
}

static int
find(struct span name)
{
	for (int i = 0; i < LIMIT_COUNT; i++) {
		if (span_is(name, rows[i].name))
			return i;
	}
	return -1;
}

int
limits_set(struct limits *l, const char *text, struct error *e)
{
	size_t n = strcspn(text, "=");
	int which = find((struct span){ text, n });
	AUTO_BYTES known = { 0 };

	if (text[n] != '=')
		return error_set(e, ERROR_INPUT, "'%.64s': expected NAME=VALUE, such as memory=2G", text);
	if (which >= 0)
		return parse((enum limit)which, text + n + 1, strlen(text + n + 1), &l->of[which], e) < 0 ?
		    error_before(e, "%s: ", rows[which].name) : 0;
	for (size_t i = 0; i < LIMIT_COUNT; i++)
		bytes_format(&known, "%s%s", i == 0 ? "" : i + 1 == LIMIT_COUNT ? " and " : ", ",
		    rows[i].name);
	return error_set(e, ERROR_INPUT, "there is no limit '%.*s'; there are %s",
	    (int)(n > 64 ? 64 : n), text, bytes_string(&known));
}

/* A number as it is written, or a text. */
static int
value_parse(enum limit which, int64_t *into, const struct scan_value *v, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (v->type == SCAN_NUMBER)
		return parse(which, v->raw.p, v->raw.n, into, e) < 0 ? error_before(e, ": ") : 0;
	if (v->type != SCAN_STRING)
		return value_expected(v, "a number or a string", e);
	if (scan_text(v, &text, e) < 0 || parse(which, bytes_string(&text), text.len, into, e) < 0)
		return error_before(e, ": ");
	return 0;
}

static int
limits_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	const char *names[LIMIT_TIMEOUT];
	struct limits *l = at;
	struct scan object;
	struct scan_member m;
	int got;

	(void)n;
	(void)how;
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object of limits", e);
	for (size_t i = 0; i < LIMIT_TIMEOUT; i++)
		names[i] = rows[i].name;
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		int which = find(m.key);

		if (which == LIMIT_TIMEOUT)
			return error_set(e, ERROR_INPUT, ".timeout: it is a key of the job, beside limits");
		if (which < 0 || l->of[which] != 0)
			return value_unknown(m.key, names, LIMIT_TIMEOUT, e);
		if (value_parse((enum limit)which, &l->of[which], &m.value, e) < 0)
			return error_before(e, ".%s", rows[which].name);
	}
	return got;
}

static void
limits_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct limits *l = at;

	(void)n;
	emit_key(b, key);
	emit_open(b);
	for (int i = 0; i < LIMIT_TIMEOUT; i++) {
		AUTO_BYTES text = { 0 };

		if (l->of[i] == 0)
			continue;
		limit_write(&text, (enum limit)i, l->of[i]);
		emit_text(b, rows[i].name, bytes_string(&text));
	}
	bytes_char(b, '}');
}

const struct value_type value_type_limits = { "object", limits_read, limits_write, NULL, NULL };

static int
cpus_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	return value_parse(LIMIT_CPUS, at, v, e);
}

static void
cpus_write_member(struct bytes *b, const char *key, const void *at, size_t n)
{
	AUTO_BYTES text = { 0 };

	(void)n;
	cpus_write(&text, *(const int64_t *)at);
	emit_raw(b, key, (struct span){ bytes_string(&text), text.len });
}

const struct value_type value_type_cpus = { "number", cpus_read, cpus_write_member, NULL, NULL };

static int
memory_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	int64_t count;

	(void)n;
	(void)how;
	if (v->type != SCAN_NUMBER)
		return value_parse(LIMIT_MEMORY, at, v, e);
	if (scan_integer(v, 1, 1 << 20, &count, e) < 0)
		return error_before(e, ": ");
	*(int64_t *)at = count * GIBIBYTE;
	return 0;
}

static void
memory_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	int64_t memory = *(const int64_t *)at;
	AUTO_BYTES text = { 0 };

	(void)n;
	size_write(&text, memory);
	if (memory % GIBIBYTE == 0)
		emit_integer(b, key, memory / GIBIBYTE);
	else
		emit_text(b, key, bytes_string(&text));
}

const struct value_type value_type_memory = { "size", memory_read, memory_write, NULL, NULL };

static int
cores_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	return scan_integer(v, 1, CPUS_MOST, at, e) < 0 ? error_before(e, ": ") : 0;
}

static void
cores_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	emit_integer(b, key, *(const int64_t *)at);
}

const struct value_type value_type_cores = { "number", cores_read, cores_write, NULL, NULL };
