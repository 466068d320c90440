#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "nearest.h"
#include "number.h"
#include "option.h"

const struct entity *
members_entity(const char *noun, struct error *e)
{
	const struct entity *x = entity_of(noun);
	const char *nouns[16], *near;

	if (x != NULL)
		return x;
	for (size_t i = 0; i < nentities; i++)
		nouns[i] = entities[i].noun;
	near = nearest_word(noun, nouns, nentities);
	error_set(e, ERROR_USAGE, "'%s': expected org, repo, param, key, token or agent%s%s%s",
	    noun, near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
	    near == NULL ? "" : "?");
	return NULL;
}

int
members_name(const struct entity *x, const char *text, json_t *into, struct error *e)
{
	const char *slash = strchr(text, '/'), *id = text;

	if (entity_of_org(x)) {
		if (slash == NULL || slash == text)
			return error_set(e, ERROR_USAGE, "'%s': expected ORG/%s", text,
			    strcmp(x->noun, "repo") == 0 ? "REPO" : "NAME");
		json_object_set_new(into, "org", json_stringn(text, (size_t)(slash - text)));
		id = slash + 1;
	}
	if (strchr(id, '/') != NULL)
		return error_set(
		    e, ERROR_USAGE, "'%s': no name of a %s has a slash", text, x->noun);
	if (id[0] != '\0' && json_object_set_new(into, "id", json_string(id)) < 0)
		return error_set(e, ERROR_USAGE, "'%s' is not UTF-8", text);
	return 0;
}

/* K=V[,K=V] as an object of texts. */
static json_t *
read_texts(const char *text, struct error *e)
{
	json_t *object = json_object();

	while (*text != '\0') {
		size_t n = strcspn(text, ",");
		AUTO_FREE char *pair = xmemdup(text, n);
		AUTO_FREE char *key = NULL;
		const char *value;

		if (option_pair(pair, &key, &value, e) < 0 ||
		    json_object_set_new(object, key, json_string(value)) < 0) {
			error_set(e, ERROR_USAGE, "'%s': expected NAME=TEXT[,NAME=TEXT]", text);
			json_decref(object);
			return NULL;
		}
		text += n + (text[n] == ',');
	}
	return object;
}

/* A[,B] */
static json_t *
read_words(const char *text)
{
	json_t *array = json_array();

	while (*text != '\0') {
		size_t n = strcspn(text, ",");

		json_array_append_new(array, json_stringn(text, n));
		text += n + (text[n] == ',');
	}
	return array;
}

static json_t *
read_typed(enum member_type type, const char *text, struct error *e)
{
	int64_t number;

	switch (type) {
	case MEMBER_INTEGER:
		return number_parse(text, strlen(text), 0, INT32_MAX, &number, e) < 0 ?
		    NULL :
		    json_integer(number);
	case MEMBER_BOOL:
		if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
			return json_boolean(text[0] == 't');
		error_set(e, ERROR_USAGE, "expected true or false, found '%s'", text);
		return NULL;
	case MEMBER_OBJECT:
		return read_texts(text, e);
	case MEMBER_TEXTS:
		return read_words(text);
	case MEMBER_ARRAY:
		error_set(e, ERROR_USAGE, "expected JSON (K:=JSON), or --only");
		return NULL;
	case MEMBER_TEXT:
	case MEMBER_TIME:
		break;
	}
	return json_string(text);
}

static const struct member *
member_of(const struct entity *x, const char *name)
{
	for (size_t i = 0; i < x->n; i++) {
		if (strcmp(x->members[i].name, name) == 0)
			return &x->members[i];
	}
	return NULL;
}

/* Which ones can be given at all: for the error. */
static int
no_member(const struct entity *x, const char *name, struct error *e)
{
	AUTO_BYTES all = { 0 };

	for (size_t i = 0; i < x->n; i++) {
		const struct member *m = &x->members[i];

		if (m->set == MEMBER_ANY || m->set == MEMBER_NEW)
			bytes_format(&all, "%s%s", all.len > 0 ? ", " : "", m->name);
	}
	return error_set(e, ERROR_USAGE, "a %s has no %s; what can be given is %s", x->noun, name,
	    bytes_string(&all));
}

static int
read_pair(const struct entity *x, const char *text, json_t *into, struct error *e)
{
	AUTO_FREE char *key = NULL;
	const struct member *m;
	const char *value;
	json_t *tree;
	size_t n;
	bool json;

	if (option_pair(text, &key, &value, e) < 0)
		return error_set(e, ERROR_USAGE, "'%s': expected K=V or K:=JSON", text);
	n = strlen(key);
	json = n > 1 && key[n - 1] == ':';
	if (json)
		key[n - 1] = '\0';
	m = member_of(x, key);
	if (m == NULL || m->set == MEMBER_STORE)
		return no_member(x, key, e);
	if (m->set == MEMBER_SEAL || m->set == MEMBER_HIDE)
		return error_set(e, ERROR_USAGE,
		    "%s: others can see what is on a command line: give it on standard "
		    "input or with --file",
		    key);
	tree = json ? jsontree_read((struct span){ value, strlen(value) }, e) :
		      read_typed(m->type, value, e);
	if (tree == NULL && !json && m->type == MEMBER_TEXT)
		return error_set(e, ERROR_USAGE, "%s: its text is not UTF-8", key);
	if (tree == NULL)
		return error_before(e, "%s: ", key);
	json_object_set_new(into, m->name, tree);
	return 0;
}

int
members_pairs(const struct entity *x, int n, char **texts, json_t *into, struct error *e)
{
	for (int i = 0; i < n; i++) {
		if (read_pair(x, texts[i], into, e) < 0)
			return -1;
	}
	return 0;
}

int
members_only(const struct option_list *only, json_t *into, struct error *e)
{
	json_t *list = only->n == 0 ? NULL : json_array();

	for (size_t i = 0; i < only->n; i++) {
		json_t *object = read_texts(only->items[i], e);

		if (object == NULL) {
			json_decref(list);
			return error_before(e, "--only ");
		}
		json_array_append_new(list, object);
	}
	if (list != NULL)
		json_object_set_new(into, "only", list);
	return 0;
}
