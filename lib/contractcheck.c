#include "contractcheck.h"

#include <stdbool.h>
#include <string.h>

#include "scan.h"

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
