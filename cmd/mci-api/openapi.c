#include "openapi.h"

#include <ctype.h>
#include <string.h>

#include "jsontree.h"
#include "memory.h"
#include "params.h"
#include "shape.h"

/* "GET /api/v1/orgs/{org}" as "getOrgsOrg": a name of the operation for who generates a client. */
static json_t *
operation_id(const struct route *r)
{
	static const char api[] = "/api/v1";
	const char *path = r->path;
	AUTO_BYTES id = { 0 };
	bool up = false;

	for (const char *p = http_verb_name(r->verb); *p != '\0'; p++)
		bytes_char(&id, (char)tolower((unsigned char)*p));
	/* what is elsewhere may be called the same */
	if (strncmp(r->path, api, sizeof(api) - 1) != 0)
		bytes_text(&id, "Plain");
	else
		path += sizeof(api) - 1;
	for (const char *p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p))
			bytes_char(&id, up ? (char)toupper((unsigned char)*p) : *p);
		else if (*p == '{')
			bytes_text(&id, "By");
		up = !isalnum((unsigned char)*p);
	}
	return json_stringn(id.data, id.len);
}

static json_t *
reference(const char *method)
{
	AUTO_FREE char *name = xformat("#/components/schemas/%s", method);

	for (char *p = strchr(name + 21, '/'); p != NULL; p = strchr(p, '/'))
		*p = '.';
	return json_pack("{s:s}", "$ref", name);
}

static bool
is_json(const struct route *r)
{
	return r->media == ROUTE_JSON || r->media == ROUTE_LINES;
}

/* ---- schemas */

static json_t *
type_schema(const struct contract_field *f, const char *element)
{
	switch (f->type) {
	case CONTRACT_TEXT:
		return json_pack("{s:s}", "type", "string");
	case CONTRACT_INTEGER:
	case CONTRACT_DATA:
	case CONTRACT_FDS:
		return json_pack("{s:s, s:s}", "type", "integer", "format", "int64");
	case CONTRACT_SECONDS:
		return json_pack("{s:s}", "type", "number");
	case CONTRACT_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case CONTRACT_TEXTS:
		return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
	case CONTRACT_ARRAY:
		return json_pack("{s:s, s:o}", "type", "array", "items",
		    element != NULL ? reference(element) : json_pack("{s:s}", "type", "object"));
	case CONTRACT_OBJECT:
		return json_pack("{s:s}", "type", "object");
	case CONTRACT_ANY:
		break;
	}
	return json_object();
}

/* An object of fields; those that left(arg, name) is true for are left out. */
static json_t *
object_schema(struct shape s, const char *method,
    bool (*left)(const struct route *r, const char *name), const struct route *r)
{
	json_t *properties = json_object(), *required = json_array(), *schema;
	bool others = false;

	for (size_t i = 0; i < s.n; i++) {
		const struct contract_field *f = &s.fields[i];
		json_t *one;

		others = others || strcmp(f->name, "*") == 0;
		if (strcmp(f->name, "*") == 0 || (left != NULL && left(r, f->name)))
			continue;
		one = type_schema(f, shape_element(method, f->name));
		json_object_set_new(one, "description", json_string(f->help));
		json_object_set_new(properties, f->name, one);
		if (f->required)
			json_array_append_new(required, json_string(f->name));
	}
	schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties,
	    "additionalProperties", others);
	if (json_array_size(required) > 0)
		json_object_set(schema, "required", required);
	json_decref(required);
	return schema;
}

static void
add_schema(json_t *schemas, const char *method)
{
	json_t *ref = reference(method);
	const char *name = json_string_value(json_object_get(ref, "$ref")) + 21;

	if (json_object_get(schemas, name) == NULL)
		json_object_set_new(
		    schemas, name, object_schema(shape_results(method), method, NULL, NULL));
	json_decref(ref);
}

/* The results of each method that answers a row, and of what their arrays hold. */
static json_t *
all_schemas(const struct route *routes, size_t n)
{
	json_t *schemas = json_pack(
	    "{s:{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:s}}, s:[s, s, s]}}", "problem",
	    "type", "object", "properties", "title", "type", "string", "status", "type", "integer",
	    "detail", "type", "string", "field", "type", "string", "description",
	    "the parameter or member that is meant", "required", "title", "status", "detail");

	for (size_t i = 0; i < n; i++) {
		const char *method =
		    routes[i].answer_of != NULL ? routes[i].answer_of : routes[i].call;
		struct shape s = shape_of(&routes[i]);

		if (method == NULL || routes[i].answer != NULL || s.n == 0 ||
		    !is_json(&routes[i]))
			continue;
		add_schema(schemas, method);
		for (size_t k = 0; k < s.n; k++) {
			if (shape_element(method, s.fields[k].name) != NULL)
				add_schema(schemas, shape_element(method, s.fields[k].name));
		}
	}
	return schemas;
}

/* ---- parameters */

static bool
in_path(const struct route *r, const char *name)
{
	const char *p = r->with;
	size_t n = strlen(name);

	while (p != NULL && *p != '\0') {
		if (strncmp(p, name, n) == 0 && p[n] == '=')
			return true;
		p += strcspn(p, " ");
		p += *p == ' ';
	}
	return params_among(r->query, name);
}

static void
add_path(json_t *list, const struct route *r)
{
	for (const char *p = r->path; (p = strchr(p, '{')) != NULL; p++) {
		size_t n = strcspn(p + 1, "*}");
		bool number = n == 6 && strncmp(p + 1, "number", 6) == 0;
		json_t *schema = p[1 + n] == '*' ? json_pack("{s:s, s:i}", "type", "string", "minLength", 1) :
		    number ? json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum",
					      1, "maximum", 999999999) :
					  json_pack("{s:s, s:s}", "type", "string", "pattern",
					      "^[A-Za-z0-9][A-Za-z0-9._+,-]{0,127}$");

		json_array_append_new(list,
		    json_pack("{s:s#, s:s, s:b, s:o}", "name", p + 1, n, "in", "path", "required",
			1, "schema", schema));
	}
}

static void
add_query(json_t *list, const struct route *r)
{
	const struct contract_method *m = route_takes(r);

	for (size_t i = 0; m != NULL && i < m->nparams; i++) {
		const struct contract_field *f = &m->params[i];

		if (params_among(r->query, f->name))
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:s, s:o}", "name", f->name, "in", "query",
				"description", f->help, "schema", type_schema(f, NULL)));
	}
}

static json_t *
body_of(const struct route *r)
{
	const struct contract_method *m = route_takes(r);
	json_t *schema;

	if (r->body_raw)
		return json_pack("{s:{s:{}}}", "content", "application/octet-stream");
	schema = object_schema((struct shape){ m->params, m->nparams }, m->name, in_path, r);
	return json_pack("{s:b, s:{s:{s:o}}}", "required",
	    json_object_get(schema, "required") != NULL, "content", "application/json", "schema",
	    schema);
}

/* ---- answers */

static json_t *
success_of(const struct route *r)
{
	const char *method = r->answer_of != NULL ? r->answer_of : r->call;
	json_t *schema = r->answer != NULL ? object_schema(shape_of(r), NULL, NULL, NULL) : NULL;

	if (r->media == ROUTE_LINES)
		return json_pack("{s:s, s:{s:{s:o}, s:{}}}", "description", r->summary, "content",
		    "application/json", "schema", schema != NULL ? schema : reference(method),
		    "application/x-ndjson");
	if (r->media == ROUTE_JSON && shape_of(r).n > 0)
		return json_pack("{s:s, s:{s:{s:o}}}", "description", r->summary, "content",
		    "application/json", "schema", schema != NULL ? schema : reference(method));
	if (r->media != ROUTE_JSON)
		return json_pack("{s:s, s:{s:{}}}", "description", r->summary, "content",
		    r->media == ROUTE_TEXT        ? "text/plain" :
			r->media == ROUTE_SVG     ? "image/svg+xml" :
			r->media == ROUTE_METRICS ? "application/openmetrics-text" :
						    "*/*");
	return json_pack("{s:s}", "description", r->summary);
}

static json_t *
responses_of(const struct route *r)
{
	int status = r->status != 0                      ? r->status :
	    is_json(r) && shape_of(r).n == 0 ? 204 :
							   200;
	AUTO_FREE char *code = xformat("%d", status);
	json_t *all = json_pack("{s:o, s:{s:s}}", code, success_of(r), "default", "$ref",
	    "#/components/responses/problem");
	struct shape s = shape_of(r);

	/* what may have been there before, or has been made */
	for (size_t i = 0; i < s.n; i++) {
		if (strcmp(s.fields[i].name, "created") == 0 && s.fields[i].type == CONTRACT_BOOL)
			json_object_set_new(all, status == 201 ? "200" : "201", success_of(r));
	}
	if (r->answer_of != NULL)
		json_object_set_new(all, "204", json_pack("{s:s}", "description", "there is none"));
	return all;
}

static json_t *
operation(const struct route *r)
{
	json_t *list = json_array(), *o;

	add_path(list, r);
	add_query(list, r);
	o = json_pack("{s:o, s:s, s:o, s:o}", "operationId", operation_id(r), "summary", r->summary,
	    "parameters", list, "responses", responses_of(r));
	if (r->body > 0)
		json_object_set_new(o, "requestBody", body_of(r));
	if (route_scope(r) == RIGHTS_ANYBODY)
		json_object_set_new(o, "security", json_array());
	else
		json_object_set_new(o, "x-scope", json_string(rights_scope_name(route_scope(r))));
	return o;
}

static json_t *
all_paths(const struct route *routes, size_t n)
{
	json_t *paths = json_object();

	for (size_t i = 0; i < n; i++) {
		const char *name = http_verb_name(routes[i].verb);
		AUTO_FREE char *path = xstrdup(routes[i].path);
		char *star = strchr(path, '*');
		AUTO_FREE char *verb = xstrdup(name);
		json_t *item;

		/* OpenAPI has no name for what takes slashes: they are escaped there */
		if (star != NULL)
			memmove(star, star + 1, strlen(star));
		item = json_object_get(paths, path);
		if (item == NULL) {
			item = json_object();
			json_object_set_new(paths, path, item);
		}
		for (char *p = verb; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		json_object_set_new(item, verb, operation(&routes[i]));
	}
	return paths;
}

void
openapi_write(struct bytes *into, const struct route *routes, size_t n)
{
	json_auto_t *components =
	    json_pack("{s:o, s:{s:{s:s, s:{s:{s:{s:s}}}}}, s:{s:{s:s, s:s, s:s}}}", "schemas",
		all_schemas(routes, n), "responses", "problem", "description",
		"what is wrong (RFC 9457)", "content", "application/problem+json", "schema", "$ref",
		"#/components/schemas/problem", "securitySchemes", "token", "type", "http",
		"scheme", "bearer", "description", "'mci token create' makes one");
	json_auto_t *document =
	    json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:o, s:O, s:[{s:[]}]}", "openapi",
		"3.1.0", "info", "title", "mci", "version", MCI_VERSION, "description",
		"What a continuous-integration server holds, and does.", "servers", "url", "/",
		"paths", all_paths(routes, n), "components", components, "security", "token");

	jsontree_write(into, document);
}

void
openapi_lines(struct bytes *into, const struct route *routes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct route *r = &routes[i];

		bytes_format(into, "%s\t%s\t%s\t%s\t%s\n", http_verb_name(r->verb), r->path,
		    rights_scope_name(route_scope(r)), r->call == NULL ? "-" : r->call, r->summary);
	}
}
