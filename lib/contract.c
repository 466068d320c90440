#include "contract.h"

#include <string.h>

#define CONTRACT_PLACE(name) &contract_##name,
const struct contract_service *const contract_services[] = { CONTRACT_SERVICES(CONTRACT_PLACE) };
const size_t contract_nservices = sizeof(contract_services) / sizeof(contract_services[0]);

const struct contract_error contract_errors[] = {
	{ -32700, "not-json", ERROR_INPUT, "the line is not JSON, or too long" },
	{ -32600, "invalid-request", ERROR_INPUT, "JSON, but no request or event that is well formed" },
	{ -32601, "unknown-method", ERROR_INPUT, "the service has no such method" },
	{ -32602, "invalid-params", ERROR_INPUT, "a parameter is missing, unknown or of the wrong type" },
	{ -32603, "internal", ERROR_INTERNAL, "the service itself is at fault" },
	{ -32000, "not-found", ERROR_NOT_FOUND, "what was asked for is not there" },
	{ -32001, "limit", ERROR_LIMIT, "a stated bound would be exceeded" },
	{ -32002, "busy", ERROR_BUSY, "not now: try again" },
	{ -32003, "refused", ERROR_REFUSED, "understood, but not allowed" },
	{ -32004, "disconnected", ERROR_DISCONNECTED, "the link was lost before the reply came" },
	{ -32005, "system", ERROR_SYSTEM, "a system call failed; the message says which" },
	{ -32006, "fenced", ERROR_FENCED, "a newer run of the build has begun: this one is to stop" },
};
const size_t contract_nerrors = sizeof(contract_errors) / sizeof(contract_errors[0]);

const struct contract_method *
contract_method(const struct contract_service *s, struct span name)
{
	for (size_t i = 0; i < s->nmethods; i++) {
		if (span_is(name, s->methods[i].name))
			return &s->methods[i];
	}
	return NULL;
}

const struct contract_method *
contract_any_method(struct span name)
{
	const struct contract_method *found = NULL;

	for (size_t i = 0; i < contract_nservices && found == NULL; i++)
		found = contract_method(contract_services[i], name);
	return found;
}

/* What stands in front of the slash. */
static struct span
noun_of(struct span name)
{
	const char *slash = name.n > 0 ? memchr(name.p, '/', name.n) : NULL;

	return (struct span){ name.p, slash == NULL ? name.n : (size_t)(slash - name.p) };
}

bool
contract_has_noun(const struct contract_service *s, struct span name)
{
	struct span noun = noun_of(name);

	for (size_t i = 0; i < s->nmethods; i++) {
		const char *method = s->methods[i].name;

		if (strncmp(method, noun.p, noun.n) == 0 && method[noun.n] == '/')
			return true;
	}
	return false;
}

static const struct contract_event *
event_of(const struct contract_service *s, struct span type)
{
	for (size_t i = 0; i < s->nevents; i++) {
		if (span_is(type, s->events[i].type))
			return &s->events[i];
	}
	return NULL;
}

const struct contract_event *
contract_event(struct span type)
{
	const struct contract_event *found = NULL;

	for (size_t i = 0; i < contract_nservices && found == NULL; i++)
		found = event_of(contract_services[i], type);
	return found;
}

const struct contract_error *
contract_error(const char *name)
{
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (strcmp(name, contract_errors[i].name) == 0)
			return &contract_errors[i];
	}
	return NULL;
}

const struct contract_error *
contract_error_for(enum error_code code)
{
	if (code == ERROR_INPUT || code == ERROR_USAGE)
		return contract_error("invalid-params");
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (contract_errors[i].is == code)
			return &contract_errors[i];
	}
	return contract_error("internal");
}

enum error_code
contract_error_code(long code)
{
	for (size_t i = 0; i < contract_nerrors; i++) {
		if (contract_errors[i].code == code)
			return contract_errors[i].is;
	}
	return ERROR_INTERNAL;
}

static bool
has_data(const struct contract_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fields[i].type == CONTRACT_DATA)
			return true;
	}
	return false;
}

bool
contract_brings_data(const struct contract_method *m)
{
	return has_data(m->params, m->nparams);
}

bool
contract_gives_data(const struct contract_method *m)
{
	return has_data(m->results, m->nresults);
}

const char *
contract_type_name(enum contract_type type)
{
	static const char *const names[] = {
		[CONTRACT_TEXT] = "text",
		[CONTRACT_INTEGER] = "integer",
		[CONTRACT_SECONDS] = "seconds",
		[CONTRACT_BOOL] = "boolean",
		[CONTRACT_TEXTS] = "texts",
		[CONTRACT_OBJECT] = "object",
		[CONTRACT_ARRAY] = "array",
		[CONTRACT_ANY] = "any",
		[CONTRACT_DATA] = "data",
		[CONTRACT_FDS] = "descriptors",
	};

	return names[type];
}

/* One half of a type: letters, digits and '-', first a letter. */
static bool
word_ok(const char *p, size_t n)
{
	if (n == 0 || p[0] < 'a' || p[0] > 'z')
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((p[i] < 'a' || p[i] > 'z') && (p[i] < '0' || p[i] > '9') && p[i] != '-')
			return false;
	}
	return true;
}

bool
contract_type_ok(struct span type)
{
	const char *slash = type.n > 0 && type.n <= 128 ? memchr(type.p, '/', type.n) : NULL;
	size_t noun;

	if (slash == NULL)
		return false;
	noun = (size_t)(slash - type.p);
	return word_ok(type.p, noun) && word_ok(slash + 1, type.n - noun - 1);
}

bool
contract_noun_reserved(struct span type)
{
	static const char *const nouns[] = { "build", "job", "script", "command", "container", "artifact",
		"cache", "workspace", "result" };
	struct span noun = noun_of(type);

	for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
		if (span_is(noun, nouns[i]))
			return true;
	}
	return false;
}

/* ---- parameters of a request */

static int
expected(const struct scan_value *v, const char *what, struct error *e)
{
	return error_set(e, ERROR_INPUT, "expected %s, found %s", what, scan_type_name(v->type));
}

static int
check_texts(const struct scan_value *v, struct error *e)
{
	struct scan s;
	struct scan_member m;
	int got;

	if (v->type != SCAN_ARRAY)
		return expected(v, "an array of strings", e);
	if (scan_open(&s, v->raw.p, v->raw.n, e) < 0)
		return -1;
	while ((got = scan_next(&s, &m, e)) > 0) {
		if (m.value.type != SCAN_STRING)
			return expected(&m.value, "an array of strings", e);
	}
	return got;
}

static int
check_type(enum contract_type type, const struct scan_value *v, struct error *e)
{
	AUTO_BYTES text = { 0 };
	int64_t number;

	switch (type) {
	case CONTRACT_TEXT:
		return scan_text(v, &text, e);
	case CONTRACT_INTEGER:
		return scan_integer(v, INT64_MIN, INT64_MAX, &number, e);
	case CONTRACT_SECONDS:
		return scan_seconds(v, &number, e);
	case CONTRACT_BOOL:
		return v->type == SCAN_TRUE || v->type == SCAN_FALSE ? 0 :
		    expected(v, "true or false", e);
	case CONTRACT_TEXTS:
		return check_texts(v, e);
	case CONTRACT_OBJECT:
		return v->type == SCAN_OBJECT ? 0 : expected(v, "an object", e);
	case CONTRACT_ARRAY:
		return v->type == SCAN_ARRAY ? 0 : expected(v, "an array", e);
	case CONTRACT_DATA:
		return scan_integer(v, 0, CONTRACT_DATA_LIMIT, &number, e);
	case CONTRACT_FDS:
		return scan_integer(v, 0, CONTRACT_FDS_LIMIT, &number, e);
	case CONTRACT_ANY:
		return 0;
	}
	return 0;
}

/* The row of a parameter; the one named "*" when there is no other; -1 when neither is there. */
static int
param_row(const struct contract_method *m, struct span key)
{
	int any = -1;

	for (size_t i = 0; i < m->nparams; i++) {
		if (span_is(key, m->params[i].name))
			return (int)i;
		if (strcmp(m->params[i].name, "*") == 0)
			any = (int)i;
	}
	return any;
}

static int
check_param(const struct contract_method *m, const struct scan_member *p, unsigned *seen,
    struct scan_value *values, struct error *e)
{
	int shown = p->key.n > 64 ? 64 : (int)p->key.n;
	int row = param_row(m, p->key);

	if (row < 0)
		return error_set(e, ERROR_INPUT, "%s: unknown parameter %.*s", m->name, shown,
		    p->key.p);
	if (m->params[row].name[0] == '*')
		return 0;
	if (*seen & 1U << row)
		return error_set(e, ERROR_INPUT, "%s: parameter %s comes twice", m->name,
		    m->params[row].name);
	*seen |= 1U << row;
	if (values != NULL)
		values[row] = p->value;
	if (check_type(m->params[row].type, &p->value, e) < 0)
		return error_before(e, "%s: parameter %s: ", m->name, m->params[row].name);
	return 0;
}

int
contract_check_params(const struct contract_method *m, struct span params,
    struct scan_value *values, struct error *e)
{
	struct scan s;
	struct scan_member p;
	unsigned seen = 0;
	int got = 0;

	if (values != NULL)
		memset(values, 0, CONTRACT_PARAMS * sizeof(*values));
	if (params.n > 0) {
		if (params.p[0] != '{')
			return error_set(e, ERROR_INPUT, "%s: params: expected an object", m->name);
		if (scan_open(&s, params.p, params.n, e) < 0)
			return -1;
		while ((got = scan_next(&s, &p, e)) > 0) {
			if (check_param(m, &p, &seen, values, e) < 0)
				return -1;
		}
		if (got < 0)
			return -1;
	}
	for (size_t i = 0; i < m->nparams; i++) {
		if (m->params[i].required && !(seen & 1U << i))
			return error_set(e, ERROR_INPUT, "%s: parameter %s is missing (%s)",
			    m->name, m->params[i].name, m->params[i].help);
	}
	return 0;
}
