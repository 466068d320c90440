#include "specparam.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"

#define PARAMS 1000 /* of one job */

bool
spec_param_name_ok(const char *text, size_t n)
{
	if (n == 0 || n > 256 || !value_name_ok(text, 1))
		return false;
	for (size_t i = 1; i < n; i++) {
		const char two[] = { 'x', text[i] };

		if (text[i] != '-' && text[i] != '.' && !value_name_ok(two, 2))
			return false;
	}
	return true;
}

static const char *const ways[] = { [SPEC_PARAM_ENV] = "env", [SPEC_PARAM_FILE] = "file",
	[SPEC_PARAM_REQUEST] = "request" };
#define NWAYS (sizeof(ways) / sizeof(ways[0]))

static int
as_read(struct spec_param *p, const struct scan_value *v, struct error *e)
{
	for (size_t i = 0; i < NWAYS; i++) {
		if (scan_text_is(v, ways[i])) {
			p->as = (enum spec_param_as)i;
			return 0;
		}
	}
	return error_set(e, ERROR_INPUT, ".as: expected \"env\", \"file\" or \"request\"");
}

static int
member_read(struct spec_param *p, const struct scan_member *m, bool secret, struct error *e)
{
	static const char *const names[] = { "name", "from", "as" };

	if (span_is(m->key, "name"))
		return value_text_into(&p->name, &m->value, e) < 0 ? error_before(e, ".name") : 0;
	if (span_is(m->key, "from"))
		return value_text_into(&p->from, &m->value, e) < 0 ? error_before(e, ".from") : 0;
	if (secret && span_is(m->key, "as"))
		return as_read(p, &m->value, e);
	return value_unknown(m->key, names, secret ? 3 : 2, e);
}

static int
object_read(struct spec_param *p, const struct scan_value *v, bool secret, struct error *e)
{
	struct scan object;
	struct scan_member m;
	int got;

	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (member_read(p, &m, secret, e) < 0)
			return -1;
	}
	if (got == 0 && p->name == NULL)
		return error_set(e, ERROR_INPUT, ".name: missing; the variable needs one");
	return got;
}

static int
param_check(const struct spec_param *p, struct error *e)
{
	if (p->from != NULL && !spec_param_name_ok(p->from, strlen(p->from)))
		return error_set(e, ERROR_INPUT, ".from: '%.64s' is not a name of letters, digits, _ - and .",
		    p->from);
	if (value_name_ok(p->name, strlen(p->name)))
		return 0;
	if (p->from == NULL && spec_param_name_ok(p->name, strlen(p->name)))
		return error_set(e, ERROR_INPUT, ": '%.64s' can name no variable: write {\"name\":\"NAME\","
		    "\"from\":\"%.64s\"}", p->name, p->name);
	return error_set(e, ERROR_INPUT, "%s: '%.64s' is not a name of letters, digits and _",
	    p->from != NULL ? ".name" : "", p->name);
}

static int
param_read(struct spec_param *p, const struct scan_value *v, bool secret, struct error *e)
{
	int got;

	if (v->type == SCAN_OBJECT)
		got = object_read(p, v, secret, e);
	else if (v->type == SCAN_STRING)
		got = value_text_into(&p->name, v, e);
	else
		got = value_expected(v, secret ? "a name, or an object with name, from and as" :
		    "a name, or an object with name and from", e);
	return got < 0 ? -1 : param_check(p, e);
}

static int
list_read(void *at, size_t *n, const struct scan_value *v, bool secret, struct error *e)
{
	struct spec_param **list = at;
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_ARRAY)
		return value_expected(v, "a list of names", e);
	scan_open(&s, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (*n == PARAMS)
			return error_set(e, ERROR_LIMIT, ": more than %d entries", PARAMS);
		*list = xrealloc(*list, *n + 1, sizeof(**list));
		(*list)[*n] = (struct spec_param){ 0 };
		if (param_read(&(*list)[(*n)++], &m.value, secret, e) < 0)
			return error_before(e, "[%zu]", *n - 1);
	}
	return got;
}

static int
params_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return list_read(at, n, v, false, e);
}

static int
secrets_read(void *at, size_t *n, const struct scan_value *v, unsigned how, struct error *e)
{
	(void)how;
	return list_read(at, n, v, true, e);
}

static void
param_write(struct bytes *b, const struct spec_param *p)
{
	if (p->from == NULL && p->as == SPEC_PARAM_ENV) {
		emit_string(b, p->name, strlen(p->name));
		return;
	}
	emit_open(b);
	emit_text(b, "name", p->name);
	if (p->from != NULL)
		emit_text(b, "from", p->from);
	if (p->as != SPEC_PARAM_ENV)
		emit_text(b, "as", ways[p->as]);
	bytes_char(b, '}');
}

static void
params_write(struct bytes *b, const char *key, const void *at, size_t n)
{
	const struct spec_param *list = *(struct spec_param *const *)at;

	if (n == 0)
		return;
	emit_key(b, key);
	bytes_char(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			bytes_char(b, ',');
		param_write(b, &list[i]);
	}
	bytes_char(b, ']');
}

static void
params_copy(void *at, size_t n)
{
	struct spec_param **list = at, *copy;

	if (*list == NULL)
		return;
	copy = xmalloc(n * sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct spec_param){ xstrdup((*list)[i].name),
			(*list)[i].from == NULL ? NULL : xstrdup((*list)[i].from),
			(*list)[i].as };
	*list = copy;
}

static void
params_free(void *at, size_t n)
{
	struct spec_param *list = *(struct spec_param **)at;

	for (size_t i = 0; i < n; i++) {
		free(list[i].name);
		free(list[i].from);
	}
	free(list);
}

const struct value_type value_type_params = { "list", params_read, params_write, params_copy, params_free };
const struct value_type value_type_secrets = { "list", secrets_read, params_write, params_copy, params_free };
