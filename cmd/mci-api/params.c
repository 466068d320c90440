#include "params.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "memory.h"
#include "scan.h"

const char *
params_query(const struct ask *a, const char *name)
{
	return target_value(&a->target, name);
}

const char *
params_value(const struct ask *a, const char *name)
{
	const char *p = a->route->path;
	size_t i = 0, n = strlen(name);

	while ((p = strchr(p, '{')) != NULL) {
		if (strncmp(p + 1, name, n) == 0 && p[1 + n + (p[1 + n] == '*')] == '}')
			return a->values[i];
		p++;
		i++;
	}
	return NULL;
}

/* The row of a parameter. */
static const struct contract_field *
param_of(const struct contract_method *m, struct span name)
{
	for (size_t i = 0; m != NULL && i < m->nparams; i++) {
		if (span_is(name, m->params[i].name))
			return &m->params[i];
	}
	return NULL;
}

/* "build={org}/{repo}/{number} job={job}" as members. */
static void
put_path(struct ask *a, struct bytes *params)
{
	const char *p = a->route->with;

	while (p != NULL && *p != '\0') {
		size_t key = strcspn(p, "="), end = strcspn(p, " ");
		AUTO_FREE char *name = xmemdup(p, key);
		AUTO_BYTES value = { 0 };

		for (size_t i = key + 1; i < end; i++) {
			if (p[i] == '{') {
				size_t n = strcspn(p + i, "}");
				AUTO_FREE char *of = xmemdup(p + i + 1, n - 1);

				bytes_text(&value, params_value(a, of));
				i += n;
			} else {
				bytes_char(&value, p[i]);
			}
		}
		emit_text(params, name, bytes_string(&value));
		p += end + (p[end] == ' ');
	}
}

static bool
is_number(const char *text)
{
	size_t n = strspn(text + (text[0] == '-'), "0123456789");

	return n > 0 && n < 19 && text[n + (text[0] == '-')] == '\0';
}

/* A value of the query as JSON of its type. 0, or -1 and it is answered. */
static int
put_query(struct ask *a, const struct contract_field *f, const char *text, struct bytes *params)
{
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || text[0] == '\0';

	switch (f->type) {
	case CONTRACT_TEXT:
		emit_text(params, f->name, text);
		return 0;
	case CONTRACT_INTEGER:
		if (!is_number(text))
			break;
		emit_key(params, f->name);
		bytes_text(params, text);
		return 0;
	case CONTRACT_BOOL:
		if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
			break;
		emit_bool(params, f->name, yes);
		return 0;
	default:
		break;
	}
	answer_problem(a, 400, f->name, "%s: expected %s in the query", f->name,
	    f->type == CONTRACT_BOOL ? "true or false" : contract_type_name(f->type));
	return -1;
}

bool
params_among(const char *words, const char *name)
{
	size_t n = strlen(name);

	while (words != NULL && *words != '\0') {
		size_t word = strcspn(words, " ");

		if (word == n && strncmp(words, name, n) == 0)
			return true;
		words += word + (words[word] == ' ');
	}
	return false;
}

static int
put_queries(struct ask *a, const struct contract_method *m, struct bytes *params)
{
	for (size_t i = 0; i < a->target.npairs; i++) {
		const struct target_pair *p = &a->target.pairs[i];
		const struct contract_field *f =
		    param_of(m, (struct span){ p->name, strlen(p->name) });

		if (f != NULL && params_among(a->route->query, p->name) &&
		    put_query(a, f, p->value, params) < 0)
			return -1;
	}
	return 0;
}

/* Whether the path says it. */
static bool
in_path(const struct route *r, struct span name)
{
	const char *p = r->with;

	while (p != NULL && *p != '\0') {
		size_t key = strcspn(p, "=");

		if (key == name.n && strncmp(p, name.p, key) == 0)
			return true;
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	return false;
}

static int
put_member(struct ask *a, const struct contract_method *m, const struct scan_member *member,
    struct bytes *params)
{
	int shown = member->key.n > 64 ? 64 : (int)member->key.n;
	const struct contract_field *f = param_of(m, member->key);
	AUTO_FREE char *name = xmemdup(member->key.p, (size_t)shown);
	struct error e;

	if (f == NULL || in_path(a->route, member->key)) {
		answer_problem(a, 400, name,
		    f == NULL ? "%s: there is no such member" : "%s: it is in the path", name);
		return -1;
	}
	if (scan_carried(member->value.raw, &e) < 0) {
		answer_problem(a, 400, name, "%s: %s", name, e.text);
		return -1;
	}
	emit_raw(params, f->name, member->value.raw);
	return 0;
}

static int
put_body(struct ask *a, const struct contract_method *m, struct bytes *params)
{
	struct span body = exchange_body(a->x);
	struct scan s;
	struct scan_member member;
	struct error e;
	int got;

	if (a->route->body == 0 || a->route->body_raw || body.n == 0)
		return 0;
	if (scan_open(&s, body.p, body.n, &e) < 0) {
		answer_problem(a, 400, NULL, "the body: %s", e.text);
		return -1;
	}
	if (s.close != '}') {
		answer_problem(a, 400, NULL, "the body: expected an object");
		return -1;
	}
	while ((got = scan_next(&s, &member, &e)) > 0) {
		if (put_member(a, m, &member, params) < 0)
			return -1;
	}
	if (got < 0)
		answer_problem(a, 400, NULL, "the body: %s", e.text);
	return got;
}

int
params_read(struct ask *a, const struct contract_method *m, struct bytes *params)
{
	struct error e;

	a->method = m;
	emit_open(params);
	put_path(a, params);
	if (put_queries(a, m, params) < 0 || put_body(a, m, params) < 0)
		return -1;
	bytes_char(params, '}');
	if (contract_check_params(m, (struct span){ params->data, params->len }, NULL, &e) == 0)
		return 0;
	answer_error(a, &e);
	return -1;
}

int
params_first(struct ask *a, const struct contract_method *m, struct bytes *params)
{
	if (params_read(a, m, params) < 0)
		return -1;
	params->len--;
	emit_integer(params, "limit", 1);
	bytes_char(params, '}');
	return 0;
}
