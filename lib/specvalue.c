#include "specvalue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "duration.h"
#include "emit.h"
#include "memory.h"
#include "nearest.h"

#define ENTRIES 10000 /* bound on the elements of a list */
#define PAIRS 1000    /* and of an object, whose keys are compared with each other */

int
value_expected(const struct scan_value *v, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, ": expected %s, found %s", what, scan_type_name(v->type));
}

int
value_unknown(struct span key, const char *const *names, size_t n, struct error *e)
{
	AUTO_FREE char *word = xmemdup(key.p, key.n > 64 ? 64 : key.n);
	const char *near = nearest_word(word, names, n);
	AUTO_BYTES known = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], word) == 0)
			return error_set(e, ERROR_INPUT, ".%s: the key comes twice", word);
		bytes_format(&known, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", names[i]);
	}
	if (near != NULL)
		return error_set(e, ERROR_INPUT, ".%s: unknown key; did you mean '%s'?", word, near);
	return error_set(e, ERROR_INPUT, ".%s: unknown key; known are %s", word, bytes_string(&known));
}

/* A string value, not NUL inside; NULL with an error that begins with ": ". */
char *
value_text(const struct scan_value *v, struct error *e)
{
	struct bytes b = { 0 };

	if (v->type != SCAN_STRING) {
		value_expected(v, "a string", e);
		return NULL;
	}
	if (scan_text(v, &b, e) < 0) {
		error_before(e, ": ");
		bytes_free(&b);
		return NULL;
	}
	return bytes_give(&b);
}

int
value_text_into(char **into, const struct scan_value *v, struct error *e)
{
	free(*into);
	*into = value_text(v, e);
	return *into == NULL ? -1 : 0;
}

int
value_bool(bool *into, const struct scan_value *v, struct error *e)
{
	if (v->type != SCAN_TRUE && v->type != SCAN_FALSE)
		return value_expected(v, "true or false", e);
	*into = v->type == SCAN_TRUE;
	return 0;
}

void
value_list_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

/* An array of strings, NULL-terminated; a single string counts as a list of one when lone is set. */
int
value_list(char ***into, size_t *n, const struct scan_value *v, bool lone, struct error *e)
{
	struct scan s;
	struct scan_member m;
	size_t size = 0;
	int got;

	*n = 0;
	if (lone && v->type == SCAN_STRING) {
		*into = xmalloc(2 * sizeof(char *));
		(*into)[0] = value_text(v, e);
		*n = (*into)[0] != NULL;
		return *n == 1 ? 0 : -1;
	}
	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of strings", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n + 2 > size) {
			size = size == 0 ? 4 : size * 2;
			*into = xrealloc(*into, size, sizeof(char *));
		}
		if (*n == ENTRIES)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", ENTRIES);
		(*into)[*n] = value_text(&m.value, e);
		if ((*into)[*n] == NULL)
			return error_before(e, "[%zu]", *n);
		(*into)[++*n] = NULL;
	}
	return got;
}

/* The values of env and labels: strings, and numbers and booleans as they are written. */
static char *
plain_take(const struct scan_value *v, struct error *e)
{
	if (v->type == SCAN_NUMBER || v->type == SCAN_TRUE || v->type == SCAN_FALSE)
		return xmemdup(v->raw.p, v->raw.n);
	return value_text(v, e);
}

int
value_pairs(struct spec_pair **into, size_t *n, const struct scan_value *v, bool names,
    struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object of names and values", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		struct spec_pair *pair;

		if (*n == PAIRS)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", PAIRS);
		if (names && !value_name_ok(m.key.p, m.key.n))
			return error_set(e, ERROR_INPUT, ".%.*s: not a name of letters, digits and _",
			    (int)(m.key.n > 64 ? 64 : m.key.n), m.key.p);
		for (size_t i = 0; i < *n; i++) {
			if (span_is(m.key, (*into)[i].name))
				return error_set(e, ERROR_INPUT, ".%s: the key comes twice",
				    (*into)[i].name);
		}
		*into = xrealloc(*into, *n + 1, sizeof(**into));
		pair = &(*into)[*n];
		pair->name = xmemdup(m.key.p, m.key.n);
		pair->value = plain_take(&m.value, e);
		++*n;
		if (pair->value == NULL)
			return error_before(e, ".%s", pair->name);
	}
	return got;
}

static int
value_duration(int64_t *into, const struct scan_value *v, bool milliseconds,
    struct error *e)
{
	AUTO_FREE char *text = NULL;
	int64_t ms;

	if (v->type == SCAN_NUMBER && milliseconds) {
		if (scan_integer(v, 1, INT64_C(315360000000), &ms, e) < 0)
			return error_before(e, ": ");
		*into = ms * MILLISECOND;
		return 0;
	}
	if (v->type == SCAN_NUMBER)
		return error_set(e, ERROR_INPUT, ": %.*s has no unit: write it as \"%.*ss\" or \"%.*sm\"",
		    (int)v->raw.n, v->raw.p, (int)v->raw.n, v->raw.p, (int)v->raw.n, v->raw.p);
	text = value_text(v, e);
	if (text == NULL)
		return -1;
	if (duration_parse(text, strlen(text), into, e) < 0)
		return error_before(e, ": ");
	/* what is written of it (duration_write), and more than a build can keep to */
	*into -= *into % MILLISECOND;
	return 0;
}

void
value_pairs_free(struct spec_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

bool
value_name_ok(const char *text, size_t n)
{
	if (n == 0 || n > 256 || (text[0] >= '0' && text[0] <= '9'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '_')
			return false;
	}
	return true;
}

int
value_grants_check(const char *const *grants, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!value_name_ok(grants[i], strcspn(grants[i], "=")))
			return error_set(e, ERROR_USAGE, "-e '%.*s': expected NAME or NAME=VALUE, NAME of "
			    "letters, digits and _", (int)strcspn(grants[i], "="), grants[i]);
	}
	return 0;
}

static int
text_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	return value_text_into(at, v, e);
}

static void
text_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const char *text = *(char *const *)at;

	(void)n;
	if (text != NULL)
		emit_text(b, key, text);
}

static void
text_copy(void *at, size_t n)
{
	char **text = at;

	(void)n;
	if (*text != NULL)
		*text = xstrdup(*text);
}

static void
text_free(void *at, size_t n)
{
	(void)n;
	free(*(char **)at);
}

const struct value_type value_type_text = { "text", text_read, text_write, text_copy, text_free };

static int
texts_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return value_list(at, n, v, false, e);
}

static void
texts_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	if (n > 0)
		emit_list(b, key, *(const char *const *const *)at, n);
}

static void
texts_copy(void *at, size_t n)
{
	char ***list = at, **copy;

	if (*list == NULL)
		return;
	copy = xmalloc((n + 1) * sizeof(char *));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup((*list)[i]);
	*list = copy;
}

static void
texts_free(void *at, size_t n)
{
	value_list_free(*(char ***)at, n);
}

const struct value_type value_type_texts = { "list", texts_read, texts_write, texts_copy, texts_free };

static int
pairs_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return value_pairs(at, n, v, false, e);
}

static int
variables_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return value_pairs(at, n, v, true, e);
}

static void
pairs_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_pair *pairs = *(struct spec_pair *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	emit_open(b);
	for (size_t i = 0; i < n; i++)
		emit_text(b, pairs[i].name, pairs[i].value);
	bytes_char(b, '}');
}

static void
pairs_copy(void *at, size_t n)
{
	struct spec_pair **pairs = at, *copy;

	if (n == 0)
		return;
	copy = xmalloc(n * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct spec_pair){ xstrdup((*pairs)[i].name), xstrdup((*pairs)[i].value) };
	*pairs = copy;
}

static void
pairs_free(void *at, size_t n)
{
	value_pairs_free(*(struct spec_pair **)at, n);
}

const struct value_type value_type_pairs = { "object", pairs_read, pairs_write, pairs_copy, pairs_free };
const struct value_type value_type_variables = { "object", variables_read, pairs_write, pairs_copy,
	pairs_free };

static int
flag_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	return value_bool(at, v, e);
}

static void
flag_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	if (*(const bool *)at)
		emit_bool(b, key, true);
}

const struct value_type value_type_flag = { "boolean", flag_read, flag_write, NULL, NULL };

static int
duration_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	return value_duration(at, v, how & VALUE_MILLISECONDS, e);
}

static void
duration_write_member(struct bytes *b, const char *key, const void *at, size_t n)
{
	int64_t ns = *(const int64_t *)at;

	(void)n;
	if (ns == 0)
		return;
	emit_key(b, key);
	bytes_char(b, '"');
	duration_write(b, ns);
	bytes_char(b, '"');
}

const struct value_type value_type_duration = { "duration", duration_read, duration_write_member, NULL,
	NULL };

static int
codes_read(struct value_codes *codes, const struct scan_value *v, struct error *e)
{
	struct scan list;
	struct scan_member m;
	int64_t code;
	int got;

	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of exit codes", e);
	scan_open(&list, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&list, &m, e)) > 0) {
		if (codes->n == 256)
			return error_set(e, ERROR_LIMIT, ": more than 256 codes");
		if (scan_integer(&m.value, 1, 255, &code, e) < 0)
			return error_before(e, "[%zu]: ", codes->n);
		codes->list = xrealloc(codes->list, codes->n + 1, sizeof(int));
		codes->list[codes->n++] = (int)code;
	}
	return got;
}

static void
codes_write(struct bytes *b, const char *key, const struct value_codes *codes)
{
	if (codes->n == 0)
		return;
	emit_key(b, key);
	for (size_t i = 0; i < codes->n; i++) {
		bytes_char(b, i == 0 ? '[' : ',');
		bytes_number(b, codes->list[i]);
	}
	bytes_char(b, ']');
}

bool
value_codes_have(const struct value_codes *codes, int64_t code)
{
	size_t i = 0;

	while (i < codes->n && codes->list[i] != code)
		i++;
	return i < codes->n;
}

struct value_codes
value_codes_copy(const struct value_codes *codes)
{
	struct value_codes copy = { NULL, codes->n };

	if (codes->n > 0) {
		copy.list = xrealloc(NULL, codes->n, sizeof(int));
		memcpy(copy.list, codes->list, codes->n * sizeof(int));
	}
	return copy;
}

static int
code_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	int64_t code;

	(void)n;
	(void)how;
	if (scan_integer(v, 1, 255, &code, e) < 0)
		return error_before(e, ": ");
	*(int *)at = (int)code;
	return 0;
}

static void
code_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	(void)n;
	if (*(const int *)at != 0)
		emit_integer(b, key, *(const int *)at);
}

const struct value_type value_type_code = { "number", code_read, code_write, NULL, NULL };

static int
retry_count_read(struct value_retry *r, const struct scan_value *v, struct error *e)
{
	int64_t count;

	if (scan_integer(v, 0, 100, &count, e) < 0)
		return error_before(e, ": ");
	r->count = (int)count;
	return 0;
}

/* known: the keys that an object may have, for people. */
static int
member_unknown(const struct scan_member *m, const char *known, struct error *e)
{
	return error_set(e, ERROR_INPUT, ".%.*s: unknown key; known %s",
	    (int)(m->key.n > 64 ? 64 : m->key.n), m->key.p, known);
}

static int
retry_member_read(struct value_retry *r, const struct scan_member *m, unsigned how, struct error *e)
{
	if (span_is(m->key, "count"))
		return retry_count_read(r, &m->value, e) < 0 ? error_before(e, ".count") : 0;
	if (span_is(m->key, "exit"))
		return codes_read(&r->on, &m->value, e) < 0 ? error_before(e, ".exit") : 0;
	if (span_is(m->key, "delay"))
		return value_duration(&r->delay, &m->value, how & VALUE_MILLISECONDS, e) < 0 ?
		    error_before(e, ".delay") : 0;
	return member_unknown(m, "are count, exit and delay", e);
}

static int
retry_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct value_retry *r = at;
	struct scan object;
	struct scan_member m;
	int got;

	(void)n;
	if (v->type == SCAN_NUMBER)
		return retry_count_read(r, v, e);
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "a number or an object with count, exit and delay", e);
	r->count = 1;
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (retry_member_read(r, &m, how, e) < 0)
			return -1;
	}
	return got;
}

static void
retry_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct value_retry *r = at;

	(void)n;
	if (r->count == 0)
		return;
	emit_key(b, key);
	emit_open(b);
	emit_integer(b, "count", r->count);
	codes_write(b, "exit", &r->on);
	duration_write_member(b, "delay", &r->delay, 0);
	bytes_char(b, '}');
}

static void
retry_copy(void *at, size_t n)
{
	struct value_retry *r = at;

	(void)n;
	r->on = value_codes_copy(&r->on);
}

static void
retry_free(void *at, size_t n)
{
	(void)n;
	free(((struct value_retry *)at)->on.list);
}

const struct value_type value_type_retry = { "number or object", retry_read, retry_write, retry_copy,
	retry_free };

static int
allow_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	struct value_allow *a = at;
	struct scan object;
	struct scan_member m;
	int got;

	(void)n;
	(void)how;
	if (v->type == SCAN_TRUE || v->type == SCAN_FALSE)
		return value_bool(&a->any, v, e);
	if (v->type != SCAN_OBJECT)
		return value_expected(v, "true, false or an object with exit", e);
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (!span_is(m.key, "exit"))
			return member_unknown(&m, "is exit", e);
		if (codes_read(&a->exit, &m.value, e) < 0)
			return error_before(e, ".exit");
	}
	if (got == 0 && a->exit.n == 0)
		return error_set(e, ERROR_INPUT, ".exit: expected at least one exit code");
	return got;
}

static void
allow_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct value_allow *a = at;

	(void)n;
	if (a->any)
		emit_bool(b, key, true);
	if (a->exit.n == 0)
		return;
	emit_key(b, key);
	emit_open(b);
	codes_write(b, "exit", &a->exit);
	bytes_char(b, '}');
}

static void
allow_copy(void *at, size_t n)
{
	struct value_allow *a = at;

	(void)n;
	a->exit = value_codes_copy(&a->exit);
}

static void
allow_free(void *at, size_t n)
{
	(void)n;
	free(((struct value_allow *)at)->exit.list);
}

const struct value_type value_type_allow = { "boolean or object", allow_read, allow_write, allow_copy,
	allow_free };

static int
raw_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)n;
	(void)how;
	if (v->type == SCAN_NULL)
		return value_expected(v, "a value", e);
	*(struct span *)at = v->raw;
	return 0;
}

static void
raw_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct span *raw = at;

	(void)n;
	if (raw->n > 0)
		emit_raw(b, key, *raw);
}

const struct value_type value_type_raw = { "any", raw_read, raw_write, NULL, NULL };

bool
value_path_inside(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return false;
	for (const char *p = path; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return false;
	}
	return true;
}
