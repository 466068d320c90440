#include "shape.h"

#include <string.h>

/* Of which method's results the elements are. */
static const struct element {
	const char *method, *member, *of;
} elements[] = {
	{ "org/list", "orgs", "org/get" },
	{ "repo/list", "repos", "repo/get" },
	{ "param/list", "params", "param/get" },
	{ "key/list", "keys", "key/get" },
	{ "token/list", "tokens", "token/get" },
	{ "agent/list", "agents", "agent/get" },
	{ "repo/params", "params", "param/get" },
	{ "repo/keys", "keys", "key/get" },
	{ "build/list", "builds", "build/get" },
	{ "build/latest", "builds", "build/get" },
	{ "job/list", "jobs", "job/get" },
	{ "artifact/list", "artifacts", "artifact/get" },
	{ "artifact/search", "artifacts", "artifact/get" },
};

struct shape
shape_results(const char *method)
{
	const struct contract_method *m = route_contract(method);

	return m == NULL ? (struct shape){ NULL, 0 } : (struct shape){ m->results, m->nresults };
}

struct shape
shape_of(const struct route *r)
{
	if (r->answer != NULL)
		return (struct shape){ r->answer, r->nanswer };
	if (r->answer_of != NULL)
		return shape_results(r->answer_of);
	return r->call == NULL ? (struct shape){ NULL, 0 } : shape_results(r->call);
}

const char *
shape_element(const char *method, const char *member)
{
	for (size_t i = 0; method != NULL && i < sizeof(elements) / sizeof(elements[0]); i++) {
		if (strcmp(elements[i].method, method) == 0 &&
		    strcmp(elements[i].member, member) == 0)
			return elements[i].of;
	}
	return NULL;
}

static bool
has_type(const json_t *value, enum contract_type type)
{
	switch (type) {
	case CONTRACT_TEXT:
		return json_is_string(value);
	case CONTRACT_INTEGER:
	case CONTRACT_DATA:
	case CONTRACT_FDS:
		return json_is_integer(value);
	case CONTRACT_SECONDS:
		return json_is_number(value);
	case CONTRACT_BOOL:
		return json_is_boolean(value);
	case CONTRACT_TEXTS:
	case CONTRACT_ARRAY:
		return json_is_array(value);
	case CONTRACT_OBJECT:
		return json_is_object(value);
	case CONTRACT_ANY:
		break;
	}
	return true;
}

static const struct contract_field *
field_of(const struct contract_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, name) == 0 || strcmp(fields[i].name, "*") == 0)
			return &fields[i];
	}
	return NULL;
}

static int
check_object(const json_t *object, struct shape s, const char *method, struct error *e)
{
	const char *name;
	json_t *value, *one;
	size_t i;

	if (!json_is_object(object))
		return error_set(e, ERROR_INTERNAL, "expected an object");
	for (i = 0; i < s.n; i++) {
		if (s.fields[i].required && json_object_get(object, s.fields[i].name) == NULL)
			return error_set(e, ERROR_INTERNAL, "%s is missing", s.fields[i].name);
	}
	json_object_foreach((json_t *)object, name, value) {
		const struct contract_field *f = field_of(s.fields, s.n, name);
		const char *of = shape_element(method, name);

		if (f == NULL || !has_type(value, f->type))
			return error_set(e, ERROR_INTERNAL, "%.64s: %s", name,
			    f == NULL ? "no such member" : "of another type");
		if (of == NULL)
			continue;
		json_array_foreach(value, i, one) {
			/* elements hold no such arrays themselves */
			if (check_object(one, shape_results(of), NULL, e) < 0)
				return error_before(e, "%s: ", name);
		}
	}
	return 0;
}

int
shape_check(const struct route *r, struct span json, struct error *e)
{
	struct shape s = shape_of(r);
	json_auto_t *tree = jsontree_read(json, e);

	if (tree == NULL ||
	    check_object(tree, s, r->answer_of != NULL ? r->answer_of : r->call, e) < 0)
		return error_before(
		    e, "%s %s: its answer has not its shape: ", http_verb_name(r->verb), r->path);
	return 0;
}
