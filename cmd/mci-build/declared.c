#include "declared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "nearest.h"
#include "scan.h"
#include "spec.h"

#define PARAMS 1000

struct declared_param {
	char *name, *value, *about; /* value: the default; NULL: there is none */
	char **choices;
	size_t nchoices;
	const struct type *type;
};

struct type {
	const char *name;
	const char *expects;
	bool (*fits)(const struct declared_param *p, const char *value);
};

static bool
any_fits(const struct declared_param *p, const char *value)
{
	(void)p;
	(void)value;
	return true;
}

/* As JSON has them. */
static bool
number_fits(const struct declared_param *p, const char *value)
{
	enum scan_type type;

	(void)p;
	return scan_check(value, strlen(value), &type, NULL) == 0 && type == SCAN_NUMBER &&
	    strpbrk(value, " \t\r\n") == NULL;
}

static bool
boolean_fits(const struct declared_param *p, const char *value)
{
	(void)p;
	return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

static bool
choice_fits(const struct declared_param *p, const char *value)
{
	for (size_t i = 0; i < p->nchoices; i++) {
		if (strcmp(p->choices[i], value) == 0)
			return true;
	}
	return false;
}

static const struct type types[] = {
	{ "string", "any text", any_fits },
	{ "number", "a number", number_fits },
	{ "boolean", "true or false", boolean_fits },
	{ "choice", NULL, choice_fits },
	{ "secret", "a secret", any_fits },
};
#define TYPES (sizeof(types) / sizeof(types[0]))
#define STRING (&types[0])
#define CHOICE (&types[3])
#define SECRET (&types[4])

static void
param_free(struct declared_param *p)
{
	free(p->name);
	free(p->value);
	free(p->about);
	value_list_free(p->choices, p->nchoices);
}

/* Numbers and booleans as they are written. */
static int
value_read(struct declared_param *p, const struct scan_value *v, struct error *e)
{
	if (v->type != SCAN_NUMBER && v->type != SCAN_TRUE && v->type != SCAN_FALSE)
		return value_text_into(&p->value, v, e);
	free(p->value);
	p->value = xmemdup(v->raw.p, v->raw.n);
	return 0;
}

static int
type_read(struct declared_param *p, const struct scan_value *v, struct error *e)
{
	AUTO_FREE char *text = value_text(v, e);
	const char *names[TYPES], *near;

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < TYPES; i++) {
		names[i] = types[i].name;
		if (strcmp(text, types[i].name) == 0) {
			p->type = &types[i];
			return 0;
		}
	}
	near = nearest_word(text, names, TYPES);
	return error_set(e, ERROR_INPUT, ": there is no type '%.64s'%s%s%s; there are string, number, "
	    "boolean, choice and secret", text, near != NULL ? ", did you mean '" : "",
	    near != NULL ? near : "", near != NULL ? "'" : "");
}

static int
name_read(struct declared_param *p, const struct scan_value *v, struct error *e)
{
	if (value_text_into(&p->name, v, e) < 0)
		return -1;
	return spec_param_name_ok(p->name, strlen(p->name)) ? 0 :
	    error_set(e, ERROR_INPUT, ": '%.64s' is not a name of letters, digits, _ - and .", p->name);
}

static int
choices_read(struct declared_param *p, const struct scan_value *v, struct error *e)
{
	value_list_free(p->choices, p->nchoices);
	p->choices = NULL;
	if (value_list(&p->choices, &p->nchoices, v, false, e) < 0)
		return -1;
	return p->nchoices > 0 ? 0 : error_set(e, ERROR_INPUT, ": expected at least one");
}

static int
about_read(struct declared_param *p, const struct scan_value *v, struct error *e)
{
	if (value_text_into(&p->about, v, e) < 0)
		return -1;
	return strpbrk(p->about, "\n\t") == NULL ? 0 : error_set(e, ERROR_INPUT, ": expected one line");
}

static const struct {
	const char *key;
	int (*read)(struct declared_param *p, const struct scan_value *v, struct error *e);
} members[] = {
	{ "name", name_read },
	{ "type", type_read },
	{ "default", value_read },
	{ "choices", choices_read },
	{ "about", about_read },
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static int
member_read(struct declared_param *p, const struct scan_member *m, unsigned *seen, struct error *e)
{
	const char *names[MEMBERS];

	for (size_t i = 0; i < MEMBERS; i++) {
		names[i] = members[i].key;
		if (!span_is(m->key, members[i].key) || *seen & 1u << i)
			continue;
		*seen |= 1u << i;
		return members[i].read(p, &m->value, e) < 0 ? error_before(e, ".%s", members[i].key) : 0;
	}
	return value_unknown(m->key, names, MEMBERS, e);
}

static int
expects(const struct declared_param *p, const char *value, struct error *e)
{
	AUTO_BYTES choices = { 0 };

	for (size_t i = 0; i < p->nchoices; i++)
		bytes_format(&choices, "%s%s", i == 0 ? "" : ", ", p->choices[i]);
	return error_set(e, ERROR_USAGE, "'%.64s' is %s%s", value, p->type == CHOICE ? "none of " : "not ",
	    p->type == CHOICE ? bytes_string(&choices) : p->type->expects);
}

static int
param_check(const struct declared *d, const struct declared_param *p, struct error *e)
{
	if (p->name == NULL)
		return error_set(e, ERROR_INPUT, ".name: missing");
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->list[i].name, p->name) == 0)
			return error_set(e, ERROR_INPUT, ".name: '%s' is declared before", p->name);
	}
	if (p->type == CHOICE && p->nchoices == 0)
		return error_set(e, ERROR_INPUT, ".choices: missing; a choice needs some");
	if (p->type != CHOICE && p->nchoices > 0)
		return error_set(e, ERROR_INPUT, ".choices: only a choice has them");
	if (p->type == SECRET && p->value != NULL)
		return error_set(e, ERROR_INPUT, ".default: what stands in a definition is no secret");
	if (p->value == NULL || p->type->fits(p, p->value))
		return 0;
	expects(p, p->value, e);
	e->code = ERROR_INPUT;
	return error_before(e, ".default: ");
}

static int
param_read(struct declared *d, const struct scan_value *v, struct error *e)
{
	struct declared_param p = { .type = STRING };
	struct scan object;
	struct scan_member m;
	unsigned seen = 0;
	int got;

	if (v->type != SCAN_OBJECT)
		return value_expected(v, "an object with name, type and the like", e);
	scan_open(&object, v->raw.p, v->raw.n, e);
	while ((got = scan_next(&object, &m, e)) > 0) {
		if (member_read(&p, &m, &seen, e) < 0)
			break;
	}
	/* choices without a type are one */
	if (got == 0 && p.nchoices > 0 && !(seen & 2u))
		p.type = CHOICE;
	if (got != 0 || param_check(d, &p, e) < 0) {
		param_free(&p);
		return -1;
	}
	d->list = xrealloc(d->list, d->n + 1, sizeof(*d->list));
	d->list[d->n++] = p;
	return 0;
}

int
declared_read(struct declared *d, struct span list, struct error *e)
{
	struct scan s;
	struct scan_member m;
	size_t n = 0;
	int got;

	d->any = true;
	if (list.n == 0 || list.p[0] != '[' || scan_open(&s, list.p, list.n, NULL) < 0)
		return error_set(e, ERROR_INPUT, ": expected a list of objects with name, type and the like");
	for (; (got = scan_next(&s, &m, e)) > 0; n++) {
		if (d->n == PARAMS)
			return error_set(e, ERROR_LIMIT, ": more than %d", PARAMS);
		if (param_read(d, &m.value, e) < 0)
			return error_before(e, "[%zu]", n);
	}
	return got;
}

static int
given_check(const struct declared *d, const struct param *given, struct error *e)
{
	AUTO_FREE const char **names = xmalloc((d->n + 1) * sizeof(*names));
	AUTO_BYTES known = { 0 };
	const char *near;

	for (size_t i = 0; i < d->n; i++) {
		const struct declared_param *p = &d->list[i];

		names[i] = p->name;
		bytes_format(&known, "%s%s", i == 0 ? "; it takes " : ", ", p->name);
		if (strcmp(p->name, given->name) != 0)
			continue;
		if (given->secret || p->type->fits(p, given->value))
			return p->type != SECRET || given->secret ? 0 : error_set(e, ERROR_USAGE,
			    "%s: is declared as a secret: give it by --secret %s, not -p", p->name, p->name);
		expects(p, given->value, e);
		return error_before(e, "-p %s: ", p->name);
	}
	if (given->offered)
		return 0;
	near = nearest_word(given->name, names, d->n);
	return error_set(e, ERROR_USAGE, "%s %s: the definition takes no such param%s%s%s", given->secret ?
	    "--secret" : "-p", given->name, near != NULL ? "; did you mean '" : bytes_string(&known),
	    near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int
missing(const struct declared_param *p, struct error *e)
{
	const char *about = p->about != NULL ? p->about : p->type->expects;

	return error_set(e, ERROR_USAGE, "param %s is missing: give %s %s%s%s%s%s", p->name,
	    p->type == SECRET ? "--secret" : "-p", p->name, p->type == SECRET ? "" : "=VALUE",
	    about == NULL ? "" : " (", about == NULL ? "" : about, about == NULL ? "" : ")");
}

int
declared_apply(const struct declared *d, struct params *p, bool whole, struct error *e)
{
	size_t ngiven = p->n;

	for (size_t i = 0; i < ngiven && d->any; i++) {
		if (given_check(d, &p->list[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct declared_param *one = &d->list[i];

		if (params_has(p, one->name))
			continue;
		if (one->value != NULL)
			params_default(p, one->name, one->value);
		else if (whole)
			return missing(one, e);
	}
	return 0;
}

static void
param_json(const struct declared_param *p, struct bytes *line)
{
	emit_open(line);
	emit_text(line, "name", p->name);
	emit_text(line, "type", p->type->name);
	if (p->value != NULL)
		emit_text(line, "default", p->value);
	if (p->nchoices > 0)
		emit_list(line, "choices", (const char *const *)p->choices, p->nchoices);
	if (p->about != NULL)
		emit_text(line, "about", p->about);
	bytes_char(line, '}');
}

static void
param_text(const struct declared_param *p, struct bytes *line)
{
	bytes_format(line, "%s\t", p->name);
	for (size_t i = 0; i < p->nchoices; i++)
		bytes_format(line, "%s%s", i == 0 ? "" : "|", p->choices[i]);
	bytes_format(line, "%s\t%s\t%s\n", p->nchoices > 0 ? "" : p->type->name,
	    p->value != NULL ? p->value : "", p->about != NULL ? p->about : "");
}

void
declared_print(const struct declared *d, bool json)
{
	AUTO_BYTES lines = { 0 };

	for (size_t i = 0; i < d->n; i++) {
		if (json) {
			param_json(&d->list[i], &lines);
			bytes_char(&lines, '\n');
		} else
			param_text(&d->list[i], &lines);
	}
	fwrite(lines.data, 1, lines.len, stdout);
}

void
declared_plan(const struct declared *d)
{
	AUTO_BYTES line = { 0 };

	if (!d->any)
		return;
	emit_open(&line);
	emit_text(&line, "type", "script/params");
	emit_key(&line, "params");
	bytes_char(&line, '[');
	for (size_t i = 0; i < d->n; i++) {
		bytes_text(&line, i > 0 ? "," : "");
		param_json(&d->list[i], &line);
	}
	bytes_char(&line, ']');
	emit_line(&line);
	fwrite(line.data, 1, line.len, stdout);
}

void
declared_free(struct declared *d)
{
	for (size_t i = 0; i < d->n; i++)
		param_free(&d->list[i]);
	free(d->list);
	*d = (struct declared){ 0 };
}
