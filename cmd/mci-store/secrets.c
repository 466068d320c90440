#include "secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "query.h"

/* What is bound to a sealed value: the parts of its place, each with its NUL. */
static void
bind_place(struct bytes *bound, const char *what, const char *org, const char *name, int64_t row)
{
	bytes_add(bound, what, strlen(what) + 1);
	bytes_add(bound, org, strlen(org) + 1);
	bytes_add(bound, name, strlen(name) + 1);
	bytes_number(bound, row);
}

static struct span
span_of(const struct bytes *b)
{
	return (struct span){ b->data, b->len };
}

/* The name of the master key that all is sealed with; "" where nothing is. */
static int
sealed_name(struct database *db, char name[static SEAL_NAME], struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	name[0] = '\0';
	query_begin(&q, db, STATEMENT_MASTER_NAME);
	got = query_next(&q, e);
	if (got > 0)
		snprintf(name, SEAL_NAME, "%s", query_column_text(&q, 0));
	return got < 0 ? -1 : 0;
}

static int rotate_all(struct database *db, const struct seal_key *before,
    const struct seal_key *next, int64_t *count, struct error *e);

/* What the one before has sealed is sealed with the new one. */
static int
change_master(
    struct secrets *s, struct database *db, const char *old, const char *sealed, struct error *e)
{
	struct master before;
	int64_t count;
	int result = master_open(&before, s->master.folder, old, sealed, e);

	if (result == 0)
		result = database_begin(db, e);
	if (result == 0)
		result = rotate_all(db, &before.key, &s->master.key, &count, e);
	if (result == 0)
		result = database_commit(db, e);
	database_rollback(db);
	master_close(&before);
	return result < 0 ? error_before(e, "--old-master-key: ") : 0;
}

int
secrets_open(struct secrets *s, struct database *db, const char *folder, const char *source,
    const char *old, struct error *e)
{
	char sealed[SEAL_NAME], name[SEAL_NAME];

	if (sealed_name(db, sealed, e) < 0)
		return -1;
	if (old == NULL || sealed[0] == '\0')
		return master_open(&s->master, folder, source, sealed, e);
	if (master_open(&s->master, folder, source, "", e) < 0)
		return -1;
	seal_key_name(&s->master.key, name);
	return strcmp(name, sealed) == 0 ? 0 : change_master(s, db, old, sealed, e);
}

void
secrets_close(struct secrets *s)
{
	master_close(&s->master);
}

/* ---- keys */

static int
open_key(const struct seal_key *by, const struct bytes *bound, struct span sealed,
    struct seal_key *key, struct error *e)
{
	AUTO_CLEAR raw = { 0 };

	if (seal_open(by, span_of(bound), sealed, &raw, e) < 0)
		return -1;
	if (raw.len != sizeof(key->bytes))
		return error_set(e, ERROR_SYSTEM, "it is no key");
	memcpy(key->bytes, raw.data, raw.len);
	return 0;
}

static int
close_key(const struct seal_key *by, const struct bytes *bound, const struct seal_key *key,
    struct bytes *into, struct error *e)
{
	return seal_close(by, span_of(bound),
	    (struct span){ (const char *)key->bytes, sizeof(key->bytes) }, into, e);
}

static int
store_org_key(struct database *db, const struct seal_key *master, int64_t org, const char *name,
    const struct seal_key *key, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_BYTES sealed = { 0 };
	char by[SEAL_NAME];
	AUTO_QUERY q = { 0 };

	bind_place(&bound, "org key", name, "", org);
	if (close_key(master, &bound, key, &sealed, e) < 0)
		return -1;
	seal_key_name(master, by);
	query_begin(&q, db, STATEMENT_ORG_SECRET_PUT);
	query_integer(&q, org);
	query_text(&q, by);
	query_span(&q, span_of(&sealed));
	return query_run(&q, e);
}

/* The organisation's key; made where it has none. */
static int
org_key(struct secrets *s, struct database *db, int64_t org, const char *name, struct seal_key *key,
    struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, STATEMENT_ORG_SECRET_GET);
	query_integer(&q, org);
	got = query_next(&q, e);
	if (got == 0) {
		seal_key_new(key);
		return store_org_key(db, &s->master.key, org, name, key, e);
	}
	bind_place(&bound, "org key", name, "", org);
	if (got > 0 && open_key(&s->master.key, &bound, query_column_span(&q, 0), key, e) == 0)
		return 0;
	return error_before(e, "the key of %s: ", name);
}

/* ---- values */

static int
put_with(struct database *db, const struct secret_place *p, const struct seal_key *by,
    struct span value, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_BYTES wrapped = { 0 };
	AUTO_BYTES sealed = { 0 };
	struct seal_key own;
	int result;
	AUTO_QUERY q = { 0 };

	bind_place(&bound, p->kind, p->org_name, p->name, p->owner);
	seal_key_new(&own);
	result = seal_close(&own, span_of(&bound), value, &sealed, e);
	if (result == 0)
		result = close_key(by, &bound, &own, &wrapped, e);
	seal_key_clear(&own);
	if (result < 0)
		return -1;
	query_begin(&q, db, STATEMENT_SECRET_PUT);
	query_text(&q, p->kind);
	query_integer(&q, p->owner);
	query_integer(&q, p->org);
	query_span(&q, span_of(&wrapped));
	query_span(&q, span_of(&sealed));
	return query_run(&q, e);
}

int
secrets_put(struct secrets *s, struct database *db, const struct secret_place *p, struct span value,
    struct error *e)
{
	struct seal_key by;
	int result = org_key(s, db, p->org, p->org_name, &by, e);

	if (result == 0)
		result = put_with(db, p, &by, value, e);
	seal_key_clear(&by);
	return result;
}

static int
get_with(struct database *db, const struct secret_place *p, const struct seal_key *by,
    struct bytes *into, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	struct seal_key own;
	AUTO_QUERY q = { 0 };
	int result;

	query_begin(&q, db, STATEMENT_SECRET_GET);
	query_text(&q, p->kind);
	query_integer(&q, p->owner);
	result = query_next(&q, e);
	if (result < 0)
		return -1;
	if (result == 0)
		return error_set(e, ERROR_NOT_FOUND, "%s %s/%s has no sealed value", p->kind,
		    p->org_name, p->name);
	bind_place(&bound, p->kind, p->org_name, p->name, p->owner);
	result = open_key(by, &bound, query_column_span(&q, 0), &own, e);
	if (result == 0)
		result = seal_open(&own, span_of(&bound), query_column_span(&q, 1), into, e);
	seal_key_clear(&own);
	return result == 0 ? 0 : error_before(e, "%s %s/%s: ", p->kind, p->org_name, p->name);
}

int
secrets_get(struct secrets *s, struct database *db, const struct secret_place *p,
    struct bytes *into, struct error *e)
{
	struct seal_key by;
	int result = org_key(s, db, p->org, p->org_name, &by, e);

	if (result == 0)
		result = get_with(db, p, &by, into, e);
	seal_key_clear(&by);
	return result;
}

int
secrets_remove(struct database *db, const char *kind, int64_t owner, struct error *e)
{
	AUTO_QUERY q = { 0 };

	query_begin(&q, db, STATEMENT_SECRET_REMOVE);
	query_text(&q, kind);
	query_integer(&q, owner);
	return query_run(&q, e);
}

/* ---- new keys */

/* Seals one with a new key of its own, which the organisation's new one seals. */
static int
rotate_secret(struct database *db, const struct secret_place *p, const struct seal_key *before,
    const struct seal_key *next, struct error *e)
{
	AUTO_CLEAR value = { 0 };

	if (get_with(db, p, before, &value, e) < 0)
		return -1;
	return put_with(db, p, next, (struct span){ value.data, value.len }, e);
}

/* All of one kind; statement gives their rows and what is bound to them. */
static int
rotate_kind(struct database *db, struct secret_place *p, int statement, const struct seal_key *keys,
    int64_t *count, struct error *e)
{
	AUTO_QUERY q = { 0 };
	int got;

	query_begin(&q, db, statement);
	query_integer(&q, p->org);
	while ((got = query_next(&q, e)) > 0) {
		p->owner = query_column_integer(&q, 0);
		p->name = query_column_text(&q, 1);
		if (rotate_secret(db, p, &keys[0], &keys[1], e) < 0)
			return -1;
		++*count;
	}
	return got;
}

int
secrets_rotate_org(struct secrets *s, struct database *db, int64_t org, const char *name,
    int64_t *count, struct error *e)
{
	struct secret_place param = { .kind = "param", .org = org, .org_name = name };
	struct secret_place key = { .kind = "key", .org = org, .org_name = name };
	struct seal_key keys[2];
	int result = org_key(s, db, org, name, &keys[0], e);

	*count = 1;
	seal_key_new(&keys[1]);
	if (result == 0)
		result = rotate_kind(db, &param, STATEMENT_PARAMS_SEALED, keys, count, e);
	if (result == 0)
		result = rotate_kind(db, &key, STATEMENT_KEYS_SEALED, keys, count, e);
	if (result == 0)
		result = store_org_key(db, &s->master.key, org, name, &keys[1], e);
	seal_key_clear(&keys[0]);
	seal_key_clear(&keys[1]);
	return result;
}

/* The next organisation's key, sealed by the new master key: 1, 0 when there is none behind it. */
static int
rotate_next(struct database *db, const struct seal_key *before, const struct seal_key *next,
    int64_t *org, struct error *e)
{
	AUTO_BYTES bound = { 0 };
	AUTO_FREE char *name = NULL;
	struct seal_key key;
	AUTO_QUERY q = { 0 };
	int got, result;

	query_begin(&q, db, STATEMENT_ORG_SECRET_NEXT);
	query_integer(&q, *org);
	got = query_next(&q, e);
	if (got <= 0)
		return got;
	*org = query_column_integer(&q, 0);
	name = xstrdup(query_column_text(&q, 1));
	bind_place(&bound, "org key", name, "", *org);
	result = open_key(before, &bound, query_column_span(&q, 2), &key, e);
	if (result == 0)
		result = store_org_key(db, next, *org, name, &key, e);
	seal_key_clear(&key);
	return result < 0 ? error_before(e, "the key of %s: ", name) : 1;
}

static int
rotate_all(struct database *db, const struct seal_key *before, const struct seal_key *next,
    int64_t *count, struct error *e)
{
	int64_t org = 0;
	int got;

	for (*count = 0; (got = rotate_next(db, before, next, &org, e)) > 0;)
		++*count;
	return got;
}

int
secrets_rotate_master(struct secrets *s, struct database *db, int64_t *count, struct error *e)
{
	struct seal_key next;

	if (s->rotating)
		return error_set(e, ERROR_BUSY, "the master key is being changed");
	/* what is beside the file is written over: it must not be all that there is of this one */
	if (s->beside && master_replace(&s->master, e) < 0)
		return -1;
	s->beside = false;
	seal_key_new(&next);
	/* beside the old one, on the disk, before anything is sealed with it: wherever this is cut
	 * off, the one that the database names is there */
	if (master_next(&s->master, &next, e) < 0)
		return -1;
	if (rotate_all(db, &s->master.key, &next, count, e) < 0)
		return -1;
	s->rotating = true;
	s->before = s->master.key;
	s->master.key = next;
	seal_key_clear(&next);
	return 0;
}

void
secrets_settle_master(struct secrets *s, bool kept)
{
	if (!s->rotating)
		return;
	/* where the file cannot be replaced, the next change of keys does it, or the next start */
	if (kept)
		s->beside = master_replace(&s->master, NULL) < 0;
	else
		s->master.key = s->before;
	seal_key_clear(&s->before);
	s->rotating = false;
}
