/* The verbs get, ls, put and rm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asking.h"
#include "members.h"
#include "memory.h"
#include "option.h"
#include "seal.h"
#include "secretfile.h"
#include "table.h"
#include "textfile.h"
#include "verbs.h"

/* What standard input may hold of a whole list; a line of the service has no room for more. */
#define LIST_LIMIT (1024 * 1024)
#define PAGE 1000

struct options {
	const char *address, *file, *known_hosts;
	struct option_list only;
	bool json, plain, all, keep;
};

#define ADDRESS_OPTION \
	{ .letter = 'a', .name = "address", .value = "ADDRESS", .help = "the store", \
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, address) }
#define JSON_OPTION \
	{ .name = "json", .help = "one JSON object a line", .kind = OPTION_FLAG, \
	  .offset = offsetof(struct options, json) }

/* One verb at work. */
struct asking {
	const struct options *options;
	const struct entity *entity;
	char *address;
};

static int
begin(struct asking *a, const struct options *o, const char *noun, struct error *e)
{
	*a = (struct asking){ .options = o, .entity = members_entity(noun, e) };
	if (a->entity == NULL)
		return -1;
	a->address = asking_address(o->address, e);
	return a->address == NULL ? -1 : 0;
}

static int
finish(struct asking *a, int result, const struct error *e)
{
	free(a->address);
	return result < 0 ? asking_complain(e) : result;
}

static json_t *
call(const struct asking *a, const char *verb, const json_t *params, struct error *e)
{
	AUTO_FREE char *method = xformat("%s/%s", a->entity->noun, verb);

	return asking_call(a->address, method, params, e);
}

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* ---- how a row is shown */

/* A member's value in one line: texts as they are, objects as K=V[,K=V], alternatives with " | "
 * between. */
static void
show_value(struct bytes *into, const json_t *value)
{
	const char *name, *between = "";
	const json_t *one;
	size_t i;

	if (json_is_object(value)) {
		json_object_foreach((json_t *)value, name, one) {
			bytes_format(into, "%s%s=%s", between, name, json_string_value(one));
			between = ",";
		}
	} else if (json_is_array(value)) {
		json_array_foreach((json_t *)value, i, one) {
			bytes_text(into, i == 0 ? "" : json_is_string(one) ? "," : " | ");
			show_value(into, one);
		}
	} else if (json_is_string(value)) {
		bytes_add(into, json_string_value(value), json_string_length(value));
	} else if (value != NULL) {
		jsontree_write(into, value);
	}
}

static void
show_cell(struct table *t, const json_t *value)
{
	AUTO_BYTES text = { 0 };

	show_value(&text, value);
	table_cell(t, (struct span){ text.data, text.len }, NULL);
}

static void
print_json(const json_t *row)
{
	AUTO_BYTES line = { 0 };

	jsontree_write(&line, row);
	bytes_char(&line, '\n');
	fwrite(line.data, 1, line.len, stdout);
}

/* The columns of a list, behind the name. */
#define COLUMNS 6
static const struct columns {
	const char *noun;
	const char *members[COLUMNS];
	const char *headings[COLUMNS + 1];
	size_t n;
} columns[] = {
	{ "org", { "name", "max-builds" }, { "ORG", "NAME", "BUILDS AT ONCE" }, 2 },
	{ "repo", { "url", "main", "labels", "name" }, { "REPO", "URL", "MAIN", "LABELS", "NAME" },
	    4 },
	{ "param", { "name", "value", "only", "description" },
	    { "PARAM", "NAME", "VALUE", "ONLY", "DESCRIPTION" }, 4 },
	{ "key", { "host", "only", "description", "public" },
	    { "KEY", "HOST", "ONLY", "DESCRIPTION", "PUBLIC" }, 4 },
	{ "token", { "scopes", "org", "repo", "expires", "used", "name" },
	    { "TOKEN", "SCOPES", "ORG", "REPO", "EXPIRES", "USED", "NAME" }, 6 },
	{ "agent", { "labels", "isolates", "seen", "name" },
	    { "AGENT", "LABELS", "ISOLATES", "SEEN", "NAME" }, 4 },
};

static const struct columns *
columns_of(const struct entity *x)
{
	size_t i = 0;

	while (strcmp(columns[i].noun, x->noun) != 0)
		i++;
	return &columns[i];
}

/* "ORG/ID", or "ID". */
static char *
name_of(const struct entity *x, const json_t *row)
{
	const char *org = entity_of_org(x) ? text_of(row, "org") : NULL;

	return org == NULL ? xstrdup(text_of(row, "id")) :
			     xformat("%s/%s", org, text_of(row, "id"));
}

static void
print_row(const struct options *o, const struct entity *x, struct table *t, const json_t *row)
{
	const struct columns *c = columns_of(x);
	AUTO_FREE char *name = name_of(x, row);

	if (o->json) {
		print_json(row);
		return;
	}
	if (option_common.quiet) {
		printf("%s\n", name);
		return;
	}
	table_text(t, name, NULL);
	for (size_t i = 0; i < c->n; i++) {
		const char *member = c->members[i];

		/* a secret has a value, which is not told */
		if (strcmp(member, "value") == 0 && !json_is_true(json_object_get(row, "plain")))
			table_text(t, "(secret)", NULL);
		else
			show_cell(t, json_object_get(row, member));
	}
}

/* ---- ls */

/* All pages; print may be NULL. rows gets them where it is not NULL. */
static int
list(const struct asking *a, json_t *params, void (*print)(void *arg, const json_t *row), void *arg,
    struct error *e)
{
	AUTO_FREE char *plural = xformat("%ss", a->entity->noun);
	bool more = true;

	json_object_set_new(params, "limit", json_integer(PAGE));
	while (more) {
		json_auto_t *result = call(a, "list", params, e);
		json_t *rows = json_object_get(result, plural), *row = NULL;
		size_t i;

		if (result == NULL)
			return -1;
		json_array_foreach(rows, i, row) {
			print(arg, row);
		}
		more = json_is_true(json_object_get(result, "more")) && row != NULL;
		if (more) {
			AUTO_FREE char *last =
			    name_of(a->entity, json_array_get(rows, json_array_size(rows) - 1));

			json_object_set_new(params, "after", json_string(last));
		}
	}
	return 0;
}

struct printing {
	const struct options *options;
	const struct entity *entity;
	struct table table;
};

static void
print_listed(void *arg, const json_t *row)
{
	struct printing *p = arg;

	print_row(p->options, p->entity, &p->table, row);
}

static int
ls_rows(struct asking *a, int n, char **operands, struct error *e)
{
	struct printing p = { .options = a->options, .entity = a->entity };
	const struct columns *c = columns_of(a->entity);
	json_auto_t *params = json_object();
	bool of_org = entity_of_org(a->entity) && n > 0 && strchr(operands[0], '=') == NULL;
	int result;

	if (of_org)
		json_object_set_new(params, "org", json_string(operands[0]));
	if (members_pairs(a->entity, n - of_org, operands + of_org, params, e) < 0)
		return -1;
	table_open(&p.table, c->headings, c->n + 1);
	result = list(a, params, print_listed, &p, e);
	if (result == 0 && !a->options->json && !option_common.quiet)
		table_close(&p.table);
	return result;
}

static int
ls_run(void *arg, int argc, char **argv)
{
	struct error e;
	struct asking a;
	int result = begin(&a, arg, argv[0], &e);

	if (result == 0)
		result = ls_rows(&a, argc - 1, argv + 1, &e);
	return finish(&a, result, &e);
}

/* ---- get */

static void
gather(void *arg, const json_t *row)
{
	json_array_append((json_t *)arg, (json_t *)row);
}

/* A parameter is meant by what builds call it, too, where only one is called so. */
static int
look_up(const struct asking *a, json_t *named, struct error *e)
{
	json_auto_t *found = json_array();
	json_auto_t *params = NULL;
	const char *name = text_of(named, "id");

	if (strcmp(a->entity->noun, "param") != 0 || name == NULL)
		return 0;
	params = json_pack("{s:O, s:s}", "org", json_object_get(named, "org"), "name", name);
	if (list(a, params, gather, found, e) < 0)
		return -1;
	if (json_array_size(found) > 1)
		return error_set(e, ERROR_REFUSED,
		    "%zu parameters are called %s: 'mci param ls %s' shows their ids",
		    json_array_size(found), name, text_of(named, "org"));
	if (json_array_size(found) == 1)
		json_object_set(named, "id", json_object_get(json_array_get(found, 0), "id"));
	return 0;
}

static void
print_values(const struct asking *a, const json_t *row)
{
	static const char *const headings[] = { "MEMBER", "VALUE" };
	struct table t;

	table_open(&t, headings, 2);
	for (size_t i = 0; i < a->entity->n; i++) {
		const char *name = a->entity->members[i].name;

		if (json_object_get(row, name) == NULL)
			continue;
		table_text(&t, name, NULL);
		show_cell(&t, json_object_get(row, name));
	}
	table_close(&t);
}

static int
get_row(struct asking *a, const char *name, struct error *e)
{
	json_auto_t *params = json_object();
	json_auto_t *row = NULL;

	if (members_name(a->entity, name, params, e) < 0 || look_up(a, params, e) < 0)
		return -1;
	row = call(a, "get", params, e);
	if (row == NULL)
		return -1;
	if (a->options->json)
		print_json(row);
	else
		print_values(a, row);
	return 0;
}

static int
get_run(void *arg, int argc, char **argv)
{
	struct error e;
	struct asking a;
	int result = begin(&a, arg, argv[0], &e);

	(void)argc;
	if (result == 0)
		result = get_row(&a, argv[1], &e);
	return finish(&a, result, &e);
}

/* ---- rm */

static int
rm_row(struct asking *a, const char *name, struct error *e)
{
	json_auto_t *params = json_object();
	json_auto_t *result = NULL;

	if (members_name(a->entity, name, params, e) < 0 || look_up(a, params, e) < 0)
		return -1;
	result = call(a, "remove", params, e);
	return result == NULL ? -1 : 0;
}

static int
rm_run(void *arg, int argc, char **argv)
{
	struct error e;
	struct asking a;
	int result = begin(&a, arg, argv[0], &e);

	for (int i = 1; i < argc && result == 0; i++)
		result = rm_row(&a, argv[i], &e);
	return finish(&a, result, &e);
}

/* ---- put */

/* The member that is sealed, NULL: none. */
static const struct member *
sealed_member(const struct entity *x)
{
	for (size_t i = 0; i < x->n; i++) {
		if (x->members[i].set == MEMBER_SEAL || x->members[i].set == MEMBER_HIDE)
			return &x->members[i];
	}
	return NULL;
}

/* From the file, or standard input where somebody has something there. */
static int
read_value(const struct options *o, const char *member, json_t *into, struct error *e)
{
	AUTO_CLEAR value = { 0 };

	if (o->file == NULL && isatty(STDIN_FILENO))
		return error_set(e, ERROR_USAGE,
		    "the %s comes on standard input, or with --file FILE; --keep leaves "
		    "it as it is",
		    member);
	if ((o->file != NULL ? secretfile_read(&value, o->file, e) :
			       secretfile_take(&value, STDIN_FILENO, "standard input", e)) < 0)
		return -1;
	if (json_object_set_new(
		into, member, json_stringn(value.data == NULL ? "" : value.data, value.len)) < 0)
		return error_set(
		    e, ERROR_INPUT, "the %s is not UTF-8: encode it, as with base64(1)", member);
	return 0;
}

static int
read_known_hosts(const struct options *o, json_t *into, struct error *e)
{
	AUTO_BYTES text = { 0 };

	if (o->known_hosts == NULL)
		return 0;
	if (textfile_read(&text, o->known_hosts, SECRETFILE_LIMIT, e) < 0)
		return -1;
	if (json_object_set_new(into, "known-hosts",
		json_stringn(text.data == NULL ? "" : text.data, text.len)) < 0)
		return error_set(e, ERROR_INPUT, "%s is not UTF-8", o->known_hosts);
	return 0;
}

/* The options that only some entities have something for. */
static int
check_options(const struct asking *a, const struct member *sealed, struct error *e)
{
	const struct options *o = a->options;
	bool param = strcmp(a->entity->noun, "param") == 0,
	     key = strcmp(a->entity->noun, "key") == 0;
	const char *wrong = sealed == NULL && o->file != NULL ? "--file" :
	    sealed == NULL && o->keep                         ? "--keep" :
	    !param && o->plain                                ? "--plain" :
	    !param && !key && o->only.n > 0                   ? "--only" :
	    !key && o->known_hosts != NULL                    ? "--known-hosts" :
	    !param && !key && o->all                          ? "--all" :
								NULL;

	return wrong == NULL ?
	    0 :
	    error_set(e, ERROR_USAGE, "%s: a %s has nothing for it", wrong, a->entity->noun);
}

static int
put_row(struct asking *a, int n, char **operands, struct error *e)
{
	const struct options *o = a->options;
	const struct member *sealed = sealed_member(a->entity);
	bool named = n > 0 && strchr(operands[0], '=') == NULL;
	bool param = strcmp(a->entity->noun, "param") == 0;
	json_auto_t *params = json_object();
	json_auto_t *result = NULL;

	if (check_options(a, sealed, e) < 0 ||
	    (named && members_name(a->entity, operands[0], params, e) < 0))
		return -1;
	/* it is meant by what builds call it, unless its id is given */
	if (named && param) {
		json_object_set(params, "name", json_object_get(params, "id"));
		json_object_del(params, "id");
	}
	if (members_pairs(a->entity, n - named, operands + named, params, e) < 0 ||
	    members_only(&o->only, params, e) < 0 || read_known_hosts(o, params, e) < 0)
		return -1;
	if (param && json_object_get(params, "id") != NULL && named)
		json_object_del(params, "name");
	if (o->plain)
		json_object_set_new(params, "plain", json_true());
	if (sealed != NULL && !o->keep && read_value(o, sealed->name, params, e) < 0)
		return -1;
	result = call(a, "put", params, e);
	if (result == NULL)
		return -1;
	/* the id that was made is all that the caller does not know */
	if (json_object_get(params, "id") == NULL && !(param && named) && !option_common.quiet)
		printf("%s\n", text_of(result, "id"));
	return 0;
}

/* NDJSON or an array on standard input is all that there is to be. */
static json_t *
read_list(struct error *e)
{
	AUTO_CLEAR text = { 0 };
	AUTO_CLEAR array = { 0 };
	struct textfile_lines lines;
	struct span line;

	if (textfile_read(&text, "/dev/stdin", LIST_LIMIT, e) < 0)
		return NULL;
	if (text.len > 0 && text.data[strspn(bytes_string(&text), " \t\r\n")] == '[')
		return jsontree_read((struct span){ text.data, text.len }, e);
	lines = (struct textfile_lines){ .rest = { text.data, text.len } };
	bytes_char(&array, '[');
	while (textfile_line(&lines, &line)) {
		if (line.n == 0)
			continue;
		if (array.len > 1)
			bytes_char(&array, ',');
		bytes_add(&array, line.p, line.n);
		bytes_char(&array, '\n');
	}
	bytes_char(&array, ']');
	return jsontree_read((struct span){ array.data, array.len }, e);
}

static int
put_all(struct asking *a, int n, char **operands, struct error *e)
{
	AUTO_FREE char *plural = xformat("%ss", a->entity->noun);
	json_auto_t *params = NULL;
	json_auto_t *result = NULL;
	json_t *list;

	if (check_options(a, sealed_member(a->entity), e) < 0)
		return -1;
	if (n != 1 || strchr(operands[0], '/') != NULL)
		return error_set(e, ERROR_USAGE, "--all: expected the organisation alone");
	list = read_list(e);
	if (list == NULL)
		return error_before(e, "standard input: ");
	params = json_pack("{s:s, s:o}", "org", operands[0], plural, list);
	result = call(a, "replace", params, e);
	return result == NULL ? -1 : 0;
}

static int
put_run(void *arg, int argc, char **argv)
{
	const struct options *o = arg;
	struct error e;
	struct asking a;
	int result = begin(&a, o, argv[0], &e);

	if (result == 0)
		result = o->all ? put_all(&a, argc - 1, argv + 1, &e) :
				  put_row(&a, argc - 1, argv + 1, &e);
	return finish(&a, result, &e);
}

/* ---- their rows */

static const struct option get_options[] = { ADDRESS_OPTION, JSON_OPTION };
static const struct option rm_options[] = { ADDRESS_OPTION };
static const struct option put_options[] = {
	ADDRESS_OPTION,
	{ .name = "all", .help = "all there are to be, from standard input (JSON)", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, all) },
	{ .letter = 'f', .name = "file", .value = "FILE", .help = "its value, or private key",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, file) },
	{ .name = "keep", .help = "leave its value as it is", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, keep) },
	{ .name = "known-hosts", .value = "FILE", .help = "lines that pin the host's key",
	  .kind = OPTION_TEXT, .offset = offsetof(struct options, known_hosts) },
	{ .name = "only", .value = "K=V[,K=V]", .help = "for repositories with all these labels (again: or)",
	  .kind = OPTION_LIST, .offset = offsetof(struct options, only) },
	{ .name = "plain", .help = "it is no secret", .kind = OPTION_FLAG,
	  .offset = offsetof(struct options, plain) },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct command store_get_command = {
	.program = PROGRAM, .verb = "get", .operands = "ENTITY NAME",
	.summary = "show an org, repo, param, key, token or agent", .options = get_options,
	.noptions = COUNT(get_options), .min_operands = 2, .max_operands = 2, .run = get_run,
	.size = sizeof(struct options),
};

const struct command store_ls_command = {
	.program = PROGRAM, .verb = "ls", .operands = "ENTITY [ORG] [K=V]...", .also = "list",
	.summary = "list orgs, repos, params, keys, tokens or agents", .options = get_options,
	.noptions = COUNT(get_options), .min_operands = 1, .max_operands = SIZE_MAX, .run = ls_run,
	.size = sizeof(struct options),
};

const struct command store_put_command = {
	.program = PROGRAM, .verb = "put", .operands = "ENTITY NAME [K=V|K:=JSON]...", .also = "set add",
	.summary = "make or change one, or all with --all", .options = put_options,
	.noptions = COUNT(put_options), .min_operands = 1, .max_operands = SIZE_MAX, .run = put_run,
	.size = sizeof(struct options),
};

const struct command store_rm_command = {
	.program = PROGRAM, .verb = "rm", .operands = "ENTITY NAME...", .also = "remove delete",
	.summary = "remove some", .options = rm_options, .noptions = COUNT(rm_options), .min_operands = 2,
	.max_operands = SIZE_MAX, .run = rm_run, .size = sizeof(struct options),
};
