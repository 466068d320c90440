#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "grant.h"
#include "mask.h"
#include "memory.h"
#include "query.h"
#include "readable.h"
#include "specvalue.h"

/* Rows of one readable name. */
#define NAMESAKES 10000

static const char *
text_of(const json_t *row, const char *member)
{
	return json_string_value(json_object_get(row, member));
}

int
entry_place(struct entry_place *p, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	if (!entity_of_org(p->entity))
		return 0;
	query_begin(&q, p->db, STATEMENT_ORG_OF_NAME);
	query_text(&q, p->org_name);
	got = query_next(&q, e);
	if (got > 0)
		p->org = query_column_integer(&q, 0);
	else if (got == 0)
		error_set(e, ERROR_NOT_FOUND,
		    "there is no organisation %s: 'mci org put %s' makes it", p->org_name,
		    p->org_name);
	return got > 0 ? 0 : -1;
}

int
entry_id(const struct entry_place *p, const char *title, char **id, struct error *e)
{
	char name[READABLE_SIZE], numbered[READABLE_SIZE];
	int64_t number;
	int got = 1;

	readable_name(title, p->entity->noun, name);
	for (int n = 1; n <= NAMESAKES && got > 0; n++) {
		readable_number(name, n, numbered);
		/* the builds of a folder are called local/FOLDER/N */
		if (strcmp(numbered, "local") == 0 && strcmp(p->entity->noun, "org") == 0)
			continue;
		got = entity_find(p->db, p->entity, p->org_name, numbered, &number, NULL, e);
	}
	if (got > 0)
		return error_set(e, ERROR_LIMIT, "%s: %d of them have that name", name, NAMESAKES);
	*id = got == 0 ? xstrdup(numbered) : NULL;
	return got;
}

/* ---- what is sealed */

/* The entities with something sealed. */
static const struct sealing {
	const char *noun;
	const char *member; /* that is sealed */
	const char *bound;  /* the member that is bound to it besides */
	int size;           /* the statement that says what it takes */
	bool masked;        /* builds keep it out of what jobs print */
} sealings[] = {
	{ "param", "value", "name", STATEMENT_PARAM_SIZE, true },
	{ "key", "private", "id", STATEMENT_KEY_SIZE, false },
};

static const struct sealing *
sealing_of(const struct entity *x)
{
	for (size_t i = 0; i < sizeof(sealings) / sizeof(sealings[0]); i++) {
		if (strcmp(sealings[i].noun, x->noun) == 0)
			return &sealings[i];
	}
	return NULL;
}

/* One row on its way into the table. */
struct entry {
	const struct entry_place *place;
	const struct sealing *sealing; /* NULL: nothing is */
	const json_t *given;
	json_t *row;    /* as it is to be */
	int64_t number; /* 0: it is new */
	bool plain;     /* its value is told */
	json_t *value;  /* what is to be sealed, or stands in the row; NULL: it stays as it is */
};

/* Takes what is sealed out of the row. */
static int
part_value(struct entry *x, bool was_plain, struct error *e)
{
	const char *member = x->sealing->member;
	json_t *old = x->number == 0 ? NULL : json_object_get(x->row, member);
	json_t *given = json_object_get(x->given, member);

	x->plain = json_is_true(json_object_get(x->row, "plain"));
	if (given == NULL && x->number == 0)
		return error_set(
		    e, ERROR_INPUT, "%s: expected the text of a new %s", member, x->sealing->noun);
	if (given == NULL && x->plain && !was_plain)
		return error_set(
		    e, ERROR_REFUSED, "%s: it is sealed: to make it plain, give it again", member);
	x->value = json_incref(given != NULL ? given : old);
	if (!x->plain)
		json_object_del(x->row, member);
	return 0;
}

static int
write_size(struct entry *x, struct error *e)
{
	const struct entry_place *p = x->place;
	const char *name = text_of(x->row, x->sealing->bound);
	AUTO_CLEAR line = { 0 };
	AUTO_QUERY q = { 0 };

	emit_string(&line, name, strlen(name));
	emit_string(&line, json_string_value(x->value), json_string_length(x->value));
	query_begin(&q, p->db, x->sealing->size);
	query_integer(&q, (int64_t)line.len + 64);
	query_integer(&q, x->number);
	return query_run(&q, e);
}

static int
write_value(struct entry *x, struct error *e)
{
	const struct entry_place *p = x->place;
	struct secret_place at = { x->sealing->noun, x->number, p->org, p->org_name,
		text_of(x->row, x->sealing->bound) };
	struct span value = { json_string_value(x->value), json_string_length(x->value) };

	if (x->plain && secrets_remove(p->db, at.kind, at.owner, e) < 0)
		return -1;
	if (x->value == NULL)
		return 0;
	if (!x->plain && secrets_put(p->secrets, p->db, &at, value, e) < 0)
		return -1;
	return write_size(x, e);
}

/* ---- what an entity asks of its rows besides */

static int
check_org(struct entry *x, struct error *e)
{
	/* the builds of a folder are called local/FOLDER/N */
	if (strcmp(text_of(x->row, "id"), "local") != 0)
		return 0;
	return error_set(e, ERROR_REFUSED, "id: local is where the builds of folders are");
}

/* git(1) takes more: helpers that run what the address says, and options. */
static bool
url_ok(const char *url)
{
	static const char *const schemes[] = { "https://", "http://", "ssh://", "git://",
		"file://" };
	size_t host = strcspn(url, ":/");

	if (url[0] == '/')
		return true;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);

		if (strncmp(url, schemes[i], n) == 0)
			return url[n] != '-' && url[n] != '\0' && strstr(url, "@-") == NULL;
	}
	return host > 0 && url[0] != '-' && url[host] == ':' && url[host + 1] != ':' &&
	    url[host + 1] != '\0' && strstr(url, "@-") == NULL;
}

static int
check_repo(struct entry *x, struct error *e)
{
	const char *url = text_of(x->row, "url"), *main = text_of(x->row, "main");

	if (url != NULL && url[0] != '\0' && !url_ok(url))
		return error_set(e, ERROR_INPUT,
		    "url: expected https://..., ssh://..., USER@HOST:PATH or an absolute "
		    "path, found '%.200s'",
		    url);
	if (main == NULL || main[0] == '\0')
		json_object_set_new(x->row, "main", json_string("main"));
	else if (main[0] == '-')
		return error_set(e, ERROR_INPUT, "main: no branch begins with '-'");
	return 0;
}

static int
check_param(struct entry *x, struct error *e)
{
	const char *name = text_of(x->row, "name");

	if (name == NULL || !value_name_ok(name, strlen(name)))
		return error_set(e, ERROR_INPUT,
		    "name: expected letters, digits and _, no digit first, found '%.128s'",
		    name == NULL ? "" : name);
	return 0;
}

/* ssh(1) does not read a key without its last line end. */
static int
check_key(struct entry *x, struct error *e)
{
	const char *text = json_string_value(x->value);
	AUTO_CLEAR whole = { 0 };

	if (text == NULL)
		return 0;
	if (strncmp(text, "-----BEGIN ", 11) != 0)
		return error_set(e, ERROR_INPUT,
		    "private: expected a key as ssh-keygen writes it, which begins with "
		    "-----BEGIN");
	if (text[strlen(text) - 1] == '\n')
		return 0;
	bytes_text(&whole, text);
	bytes_char(&whole, '\n');
	json_decref(x->value);
	x->value = json_stringn(whole.data, whole.len);
	return 0;
}

static int
check_entry(struct entry *x, struct error *e)
{
	static const struct check {
		const char *noun;
		int (*check)(struct entry *x, struct error *e);
	} checks[] = {
		{ "org", check_org },
		{ "repo", check_repo },
		{ "param", check_param },
		{ "key", check_key },
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(checks[i].noun, x->place->entity->noun) == 0)
			return checks[i].check(x, e);
	}
	return 0;
}

/* ---- one row */

/* The row that is meant: of the id, or the parameter of that name and filter. 1, 0: it is a new
 * one. */
static int
find(struct entry *x, struct error *e)
{
	const struct entry_place *p = x->place;
	const char *id = text_of(x->given, "id");
	const json_t *only = json_object_get(x->given, "only");
	AUTO_FREE char *found = NULL;
	AUTO_BYTES filters = { 0 };
	AUTO_QUERY q = { 0 };
	int got;

	if (id != NULL)
		return entity_find(p->db, p->entity, p->org_name, id, &x->number, &x->row, e);
	if (strcmp(p->entity->noun, "param") != 0)
		return 0;
	if (json_array_size(only) > 0)
		entity_write_value(&filters, only);
	query_begin(&q, p->db, STATEMENT_PARAM_FIND);
	query_integer(&q, p->org);
	query_text(&q, text_of(x->given, "name") == NULL ? "" : text_of(x->given, "name"));
	query_text(&q, bytes_string(&filters));
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	found = xstrdup(query_column_text(&q, 0));
	return entity_find(p->db, p->entity, p->org_name, found, &x->number, &x->row, e);
}

/* What a new row is to be: what is given, with an id and a name. */
static int
begin_row(struct entry *x, struct error *e)
{
	const char *id = text_of(x->given, "id"), *name = text_of(x->given, "name");
	char *made = NULL;

	x->row = json_copy((json_t *)x->given);
	if (id != NULL) {
		if (name == NULL && strcmp(x->place->entity->noun, "param") == 0)
			json_object_set_new(x->row, "name", json_string(id));
		return 0;
	}
	if (name == NULL)
		return error_set(e, ERROR_INPUT, "id or name: expected one of them");
	if (entry_id(x->place, name, &made, e) < 0)
		return -1;
	json_object_set_new(x->row, "id", json_string(made));
	free(made);
	return 0;
}

/* What is given of a row that is there. */
static int
change_row(struct entry *x, struct error *e)
{
	const struct entity *entity = x->place->entity;

	for (size_t i = 0; i < entity->n; i++) {
		const struct member *member = &entity->members[i];
		json_t *value = json_object_get(x->given, member->name);

		if (value == NULL)
			continue;
		if (member->set == MEMBER_NEW &&
		    !json_equal(value, json_object_get(x->row, member->name)))
			return error_set(e, ERROR_REFUSED,
			    "%s: it stays what it was when the %s was made", member->name,
			    entity->noun);
		if (member->set == MEMBER_ANY)
			json_object_set(x->row, member->name, value);
	}
	return 0;
}

/* Refuses a secret that no build could keep out of its logs: it would end every build that is given it. */
static int
check_masked(const struct entry *x, struct error *e)
{
	struct mask *m;
	struct error why;
	int result;

	if (x->sealing == NULL || !x->sealing->masked || x->plain || x->value == NULL)
		return 0;
	m = mask_new();
	result = mask_add(m, json_string_value(x->value), json_string_length(x->value), &why);
	mask_free(m);
	return result == 0 ? 0 : error_set(e, why.code, "%s: %s; --plain says that it is none",
	    x->sealing->member, why.text);
}

static int
write_entry(struct entry *x, struct error *e)
{
	const struct entry_place *p = x->place;
	bool was_plain = x->number != 0 && json_is_true(json_object_get(x->row, "plain"));

	if ((x->number == 0 ? begin_row(x, e) : change_row(x, e)) < 0 ||
	    (x->sealing != NULL && part_value(x, was_plain, e) < 0) || check_entry(x, e) < 0 ||
	    check_masked(x, e) < 0)
		return -1;
	if (x->plain && x->value != NULL)
		json_object_set(x->row, x->sealing->member, x->value);
	if ((x->number == 0 ? entity_insert(p->db, p->entity, p->org, x->row, &x->number, e) :
			      entity_update(p->db, p->entity, x->number, x->row, e)) < 0)
		return -1;
	return x->sealing == NULL ? 0 : write_value(x, e);
}

int
entry_put(
    const struct entry_place *p, const json_t *given, char **id, bool *created, struct error *e)
{
	struct entry x = { .place = p, .sealing = sealing_of(p->entity), .given = given };
	int result = find(&x, e);

	*created = result == 0;
	if (result >= 0)
		result = write_entry(&x, e);
	if (result == 0)
		*id = xstrdup(text_of(x.row, "id"));
	json_decref(x.value);
	json_decref(x.row);
	return result;
}

/* What goes with a row: its sealed value, an organisation's key, an agent's tokens, a
 * token's sessions. */
static int
remove_with(const struct entry_place *p, const char *id, int64_t number, struct error *e)
{
	const char *noun = p->entity->noun;
	AUTO_QUERY q = { 0 };

	if (sealing_of(p->entity) != NULL)
		return secrets_remove(p->db, noun, number, e);
	if (strcmp(noun, "token") == 0) {
		query_begin(&q, p->db, STATEMENT_SESSIONS_REMOVE);
		query_text(&q, id);
		return query_run(&q, e);
	}
	/* another one of that name is not what they were for */
	if (strcmp(noun, "repo") == 0) {
		query_begin(&q, p->db, STATEMENT_TOKENS_OF_REPO_REMOVE);
		query_text(&q, p->org_name);
		query_text(&q, id);
		return query_run(&q, e);
	}
	if (strcmp(noun, "org") == 0) {
		query_begin(&q, p->db, STATEMENT_TOKENS_OF_ORG_REMOVE);
		query_text(&q, id);
		if (query_run(&q, e) < 0)
			return -1;
		query_begin(&q, p->db, STATEMENT_ORG_SECRET_REMOVE);
		query_integer(&q, number);
		return query_run(&q, e);
	}
	if (strcmp(noun, "agent") == 0) {
		query_begin(&q, p->db, STATEMENT_TOKENS_REMOVE);
		query_text(&q, id);
		return query_run(&q, e);
	}
	return 0;
}

int
entry_remove(const struct entry_place *p, const char *id, struct error *e)
{
	int64_t number;
	int got = entity_find(p->db, p->entity, p->org_name, id, &number, NULL, e);

	if (got < 0)
		return -1;
	if (got == 0)
		return error_set(e, ERROR_NOT_FOUND, "there is no %s %s%s%s", p->entity->noun,
		    p->org_name == NULL ? "" : p->org_name, p->org_name == NULL ? "" : "/", id);
	if (remove_with(p, id, number, e) < 0)
		return -1;
	if (entity_delete(p->db, p->entity, number, e) == 0)
		return 0;
	if (e->code == ERROR_REFUSED)
		return error_set(e, ERROR_REFUSED,
		    "%s %s is in use: what belongs to it goes first (mci store ls)",
		    p->entity->noun, id);
	return -1;
}

int
entry_fits(const struct entry_place *p, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int64_t size;

	if (sealing_of(p->entity) == NULL)
		return 0;
	query_begin(&q, p->db, STATEMENT_ORG_SIZE);
	query_integer(&q, p->org);
	if (query_next(&q, e) < 0)
		return -1;
	size = query_column_integer(&q, 0);
	if (size <= GRANT_LIMIT)
		return 0;
	return error_set(e, ERROR_REFUSED,
	    "the parameters and keys of %s would take %lld bytes of a claim, together "
	    "at most %d",
	    p->org_name, (long long)size, GRANT_LIMIT);
}
