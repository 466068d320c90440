#include "methods.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "kernel.h"
#include "memory.h"

#define DIGESTS 4096
#define NAMES 64
#define LISTED 1000

void
blob_told(void *server, struct span line)
{
	struct blob_server *s = server;

	news_post(s->news, line);
}

/* The scope that it asks in; -1, and the request is answered. */
static int
scope(struct blob_server *s, struct request *r, bool *stranger)
{
	struct error e;

	if (sessions_admit(s->sessions, r) < 0)
		return -1;
	if (store_scope(request_text(r, "scope"), stranger, &e) == 0)
		return 0;
	request_fail_with(r, &e);
	return -1;
}

/* NULL, and the request is answered. */
static struct ask *
ask(void *self, struct request *r, int (*work)(struct ask *a, struct store *store, struct error *e))
{
	struct blob_server *s = self;
	struct ask *a;
	bool stranger;

	if (scope(s, r, &stranger) < 0 || (a = sessions_ask(s->sessions, r, work)) == NULL)
		return NULL;
	a->record.stranger = stranger;
	return a;
}

/* The texts of an array, at most so many, into a->texts. 0, or -1: a is gone. */
static int
take_texts(struct ask *a, const char *name, size_t most)
{
	struct span raw = request_raw(a->request, name);
	struct scan scan;
	struct scan_member m;
	struct error e;
	int more = scan_open(&scan, raw.p, raw.n, &e);

	while (more == 0 && (more = scan_next(&scan, &m, &e)) > 0) {
		more = scan_text(&m.value, &a->texts, &e);
		bytes_char(&a->texts, '\0');
		if (++a->n > most)
			more = error_set(&e, ERROR_LIMIT, "%s: more than %zu", name, most);
	}
	if (more == 0 && a->n > 0)
		return 0;
	if (more == 0)
		request_fail(a->request, "invalid-params", "%s: there are none", name);
	else
		request_fail_with(a->request, &e);
	sessions_drop(a);
	return -1;
}

static int
parse_digests(struct ask *a)
{
	const char *p = a->texts.data;

	a->digests = xmalloc((a->n + 1) * sizeof(*a->digests));
	for (size_t i = 0; i < a->n; i++, p += strlen(p) + 1) {
		if (digest_parse(&a->digests[i], (struct span){ p, strlen(p) }))
			continue;
		request_fail(a->request, "invalid-params", "digests: \"%s\" is none", p);
		sessions_drop(a);
		return -1;
	}
	return 0;
}

static int
work_locate(struct ask *a, struct store *store, struct error *e)
{
	AUTO_FREE struct place *places = xmalloc((a->n + 1) * sizeof(*places));
	char hex[DIGEST_HEX + 1];

	if (store->type->locate(store, a->digests, a->n, a->usable, places, e) < 0)
		return -1;
	if (sessions_grants(a) != NULL)
		grants_narrow(sessions_grants(a), a->digests, a->n, places);
	emit_open(&a->result);
	if (sessions_grants(a) != NULL)
		emit_bool(&a->result, "whole", true);
	emit_key(&a->result, "places");
	bytes_char(&a->result, '[');
	for (size_t i = 0; i < a->n; i++) {
		const struct place *p = &places[i];

		if (i > 0)
			bytes_char(&a->result, ',');
		digest_hex(&p->pack, hex);
		if (p->packed == 0)
			bytes_text(&a->result, "null");
		else
			bytes_format(&a->result, "[\"%s\",\"%s\",%llu,%u,%u,%u,%u]", hex,
			    p->stranger ? "stranger" : "trusted", (unsigned long long)p->at,
			    p->packed, p->raw,
			    p->from, p->size);
	}
	bytes_char(&a->result, ']');
	return 0;
}

static void
blob_locate(void *self, struct request *r)
{
	struct ask *a = ask(self, r, work_locate);

	if (a == NULL)
		return;
	a->usable = request_flag(r, "usable");
	if (take_texts(a, "digests", DIGESTS) < 0 || parse_digests(a) < 0)
		return;
	sessions_give(a);
}

static int
work_open(struct ask *a, struct store *store, struct error *e)
{
	if (sessions_grants(a) != NULL)
		return error_set(e, ERROR_REFUSED, "a pack is for who may see all of it");
	a->fd = direct_open_pack(store, &a->digests[0], e);
	if (a->fd < 0)
		return -1;
	emit_open(&a->result);
	return 0;
}

static void
blob_open(void *self, struct request *r)
{
	const char *pack = request_text(r, "pack");
	struct digest id;
	struct ask *a;

	if (!digest_parse(&id, (struct span){ pack, strlen(pack) })) {
		request_fail(r, "invalid-params", "pack: \"%s\" is no digest", pack);
		return;
	}
	if (!request_carries_fds(r)) {
		request_fail(r, "refused", "this link carries no descriptors");
		return;
	}
	a = ask(self, r, work_open);
	if (a == NULL)
		return;
	a->digests = xmalloc(sizeof(id));
	a->digests[0] = id;
	sessions_give(a);
}

static int
work_read(struct ask *a, struct store *store, struct error *e)
{
	struct grants *g = sessions_grants(a);
	ssize_t got = 0;

	a->gives = true;
	emit_open(&a->result);
	if (g != NULL)
		return grants_frame(g, store, &a->digests[0], (uint64_t)a->offset, &a->data, e);
	got = direct_read(store, &a->digests[0], a->offset, bytes_reserve(&a->data, (size_t)a->limit),
	    (size_t)a->limit, e);

	if (got < 0)
		return -1;
	a->data.len = (size_t)got;
	return 0;
}

static void
blob_read(void *self, struct request *r)
{
	const char *pack = request_text(r, "pack");
	int64_t offset = request_integer(r, "offset", 0), length = request_integer(r, "length", 0);
	struct digest id;
	struct ask *a;

	if (!digest_parse(&id, (struct span){ pack, strlen(pack) })) {
		request_fail(r, "invalid-params", "pack: \"%s\" is no digest", pack);
		return;
	}
	if (offset < 0 || length < 1 || length > CONTRACT_DATA_LIMIT) {
		request_fail(r, "invalid-params", "length: expected 1 to %d, and offset from 0",
		    CONTRACT_DATA_LIMIT);
		return;
	}
	a = ask(self, r, work_read);
	if (a == NULL)
		return;
	a->digests = xmalloc(sizeof(id));
	a->digests[0] = id;
	a->offset = offset;
	a->limit = length;
	sessions_give(a);
}

static void
blob_put(void *self, struct request *r)
{
	struct blob_server *s = self;
	bool stranger;

	if (scope(s, r, &stranger) == 0)
		sessions_put(s->sessions, r, request_text(r, "pack"), request_integer(r, "offset", 0),
		    request_integer(r, "size", 0), stranger);
}

static void
data_came(void *self, struct request *r, struct span piece, uint64_t left)
{
	struct blob_server *s = self;

	sessions_data(s->sessions, r, piece, left);
}

static void
tell(struct ask *a, const char *type, const struct record *r, bool whole)
{
	char hex[DIGEST_HEX + 1];

	digest_hex(&r->root, hex);
	emit_event(&a->event, type);
	if (r->build != NULL && whole)
		emit_text(&a->event, "build", r->build);
	if (r->run > 0 && whole)
		emit_integer(&a->event, "run", r->run);
	emit_text(&a->event, "name", r->name);
	emit_text(&a->event, "digest", hex);
	if (whole) {
		emit_integer(&a->event, "bytes", r->bytes);
		emit_integer(&a->event, "files", r->files);
	}
	emit_text(&a->event, "scope", a->record.stranger ? "stranger" : "trusted");
	emit_line(&a->event);
}

static int
check_commit(struct ask *a, struct store *store, struct error *e)
{
	struct grants *g = sessions_grants(a);

	if (g == NULL)
		return 0;
	if (!grants_name(g, a->record.name) || (a->record.build != NULL && !grants_build(g, a->record.build)))
		return error_set(e, ERROR_REFUSED, "%s: this token has the names of %s alone, as KIND/%s/...",
		    a->record.name, grants_within(g), grants_within(g));
	return grants_check(g, store, &a->record.root, e) == 0 ? 0 : error_before(e, "%s: ", a->record.name);
}

static int
work_commit(struct ask *a, struct store *store, struct error *e)
{
	struct place p;

	if (check_commit(a, store, e) < 0)
		return -1;
	if (store->type->locate(store, &a->record.root, 1, false, &p, e) < 0)
		return -1;
	if (p.packed == 0)
		return error_set(e, ERROR_NOT_FOUND, "the manifest of %s is not stored", a->record.name);
	a->record.created = kernel.wall();
	if (store->type->commit(store, &a->record, e) < 0)
		return -1;
	tell(a, "blob/saved", &a->record, true);
	return 0;
}

static void
blob_commit(void *self, struct request *r)
{
	const char *digest = request_text(r, "digest"), *build = request_text(r, "build");
	struct ask *a = ask(self, r, work_commit);

	if (a == NULL)
		return;
	if (!digest_parse(&a->record.root, (struct span){ digest, strlen(digest) })) {
		request_fail(r, "invalid-params", "digest: \"%s\" is none", digest);
		sessions_drop(a);
		return;
	}
	a->record.name = xstrdup(request_text(r, "name"));
	a->record.build = build == NULL ? NULL : xstrdup(build);
	a->record.run = request_integer(r, "run", 0);
	a->record.bytes = request_integer(r, "bytes", 0);
	a->record.files = request_integer(r, "files", 0);
	sessions_give(a);
}

static int
work_find(struct ask *a, struct store *store, struct error *e)
{
	AUTO_FREE const char **names = xmalloc((a->n + 1) * sizeof(*names));
	const char *p = a->texts.data;
	struct grants *g = sessions_grants(a);
	struct record found;
	bool hit;
	int result;

	for (size_t i = 0; i < a->n; i++, p += strlen(p) + 1) {
		names[i] = p;
		if (g != NULL && !grants_name(g, p))
			return error_set(e, ERROR_NOT_FOUND, "%s: there is no such name", p);
	}
	if (store->type->find(store, names, a->n, &found, &hit, e) < 0) {
		if (e->code == ERROR_NOT_FOUND)
			sessions_note(a, names[0], false);
		return -1;
	}
	sessions_note(a, names[0], true);
	emit_open(&a->result);
	record_members(&a->result, &found);
	emit_bool(&a->result, "hit", hit);
	tell(a, "blob/restored", &found, false);
	result = g == NULL ? 0 : grants_tree(g, store, &found.root, e);
	record_free(&found);
	return result;
}

static void
blob_find(void *self, struct request *r)
{
	struct ask *a = ask(self, r, work_find);

	if (a != NULL && take_texts(a, "names", NAMES) == 0)
		sessions_give(a);
}

struct page {
	const struct grants *grants;
	const char *after;
	struct record *all;
	size_t n, limit;
	bool more;
	struct bytes damaged; /* what is said of each, a JSON string, with commas between */
	size_t ndamaged;
};

#define DAMAGED 100 /* told of at once */

static int
by_name(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int by = strcmp(x->name, y->name);

	return by != 0 ? by : x->stranger - y->stranger;
}

/* Keeps the first of them: when there are twice as many as wanted the last half goes. */
static void
shorten(struct page *p, size_t to)
{
	if (p->n > 0)
		qsort(p->all, p->n, sizeof(*p->all), by_name);
	while (p->n > to) {
		record_free(&p->all[--p->n]);
		p->more = true;
	}
}

static int
add_to_page(void *arg, struct record *r)
{
	struct page *p = arg;

	if ((p->after != NULL && strcmp(r->name, p->after) <= 0) ||
	    (p->grants != NULL && !grants_name(p->grants, r->name))) {
		record_free(r);
		return 0;
	}
	if (p->n == 2 * p->limit)
		shorten(p, p->limit);
	p->all[p->n++] = *r;
	return 0;
}

/* A first page tells of all. */
static int
add_damaged(void *arg, const char *object, const struct error *why)
{
	struct page *p = arg;

	(void)object;
	if (p->after != NULL || p->ndamaged == DAMAGED)
		return 0;
	if (p->ndamaged++ > 0)
		bytes_char(&p->damaged, ',');
	emit_string(&p->damaged, why->text, strlen(why->text));
	return 0;
}

static int
work_list(struct ask *a, struct store *store, struct error *e)
{
	struct page p = { .grants = sessions_grants(a), .after = a->name, .limit = (size_t)a->limit };
	int result;

	p.all = xmalloc((2 * p.limit + 1) * sizeof(*p.all));
	result = store->type->list(store, a->texts.data, add_to_page, add_damaged, &p, e);
	shorten(&p, p.limit);
	if (result == 0) {
		emit_open(&a->result);
		emit_key(&a->result, "names");
		bytes_char(&a->result, '[');
		for (size_t i = 0; i < p.n; i++) {
			if (i > 0)
				bytes_char(&a->result, ',');
			emit_open(&a->result);
			record_members(&a->result, &p.all[i]);
			bytes_char(&a->result, '}');
		}
		bytes_char(&a->result, ']');
		emit_bool(&a->result, "more", p.more);
		if (p.ndamaged > 0) {
			emit_key(&a->result, "damaged");
			bytes_char(&a->result, '[');
			bytes_add(&a->result, p.damaged.data, p.damaged.len);
			bytes_char(&a->result, ']');
		}
	}
	for (size_t i = 0; i < p.n; i++)
		record_free(&p.all[i]);
	free(p.all);
	bytes_free(&p.damaged);
	return result;
}

static void
blob_list(void *self, struct request *r)
{
	const char *prefix = request_text(r, "prefix"), *after = request_text(r, "after");
	int64_t limit = request_integer(r, "limit", 100);
	struct ask *a;

	if (limit < 1 || limit > LISTED) {
		request_fail(r, "invalid-params", "limit: expected 1 to %d", LISTED);
		return;
	}
	a = ask(self, r, work_list);
	if (a == NULL)
		return;
	bytes_text(&a->texts, prefix == NULL ? "" : prefix);
	bytes_char(&a->texts, '\0');
	a->name = after == NULL ? NULL : xstrdup(after);
	a->limit = limit;
	sessions_give(a);
}

static int
work_remove(struct ask *a, struct store *store, struct error *e)
{
	if (sessions_grants(a) != NULL && !grants_name(sessions_grants(a), a->name))
		return error_set(e, ERROR_NOT_FOUND, "%s: there is no such name", a->name);
	if (store->type->remove(store, a->name, e) < 0)
		return -1;
	emit_event(&a->event, "blob/removed");
	emit_text(&a->event, "name", a->name);
	emit_text(&a->event, "reason", "asked");
	emit_text(&a->event, "scope", a->record.stranger ? "stranger" : "trusted");
	emit_line(&a->event);
	return 0;
}

static void
blob_remove(void *self, struct request *r)
{
	struct ask *a = ask(self, r, work_remove);

	if (a == NULL)
		return;
	a->name = xstrdup(request_text(r, "name"));
	sessions_give(a);
}

static void
blob_leave(void *self, struct request *r)
{
	struct blob_server *s = self;

	sessions_leave(s->sessions, r);
}

static void
gone(void *self, uint64_t connection)
{
	struct blob_server *s = self;

	sessions_gone(s->sessions, connection);
}

static int
status(void *self, struct bytes *into, struct error *e)
{
	struct blob_server *s = self;
	struct sessions_counts c = sessions_counts(s->sessions);

	(void)e;
	emit_integer(into, "names", c.names);
	emit_integer(into, "objects", c.objects);
	emit_integer(into, "bytes", c.bytes);
	emit_integer(into, "hits", c.hits[SESSIONS_ALL]);
	emit_integer(into, "misses", c.misses[SESSIONS_ALL]);
	emit_integer(into, "cache-hits", c.hits[SESSIONS_CACHE]);
	emit_integer(into, "cache-misses", c.misses[SESSIONS_CACHE]);
	emit_integer(into, "result-hits", c.hits[SESSIONS_RESULT]);
	emit_integer(into, "result-misses", c.misses[SESSIONS_RESULT]);
	return 0;
}

static const struct service_method methods[] = {
	{ "blob/locate", blob_locate }, { "blob/open", blob_open }, { "blob/read", blob_read },
	{ "blob/put", blob_put },
	{ "blob/commit", blob_commit }, { "blob/find", blob_find }, { "blob/list", blob_list },
	{ "blob/remove", blob_remove }, { "blob/leave", blob_leave },
};

const struct service blob_service = {
	.contract = &contract_blob,
	.methods = methods,
	.nmethods = sizeof(methods) / sizeof(methods[0]),
	.data = data_came,
	.gone = gone,
	.status = status,
};
