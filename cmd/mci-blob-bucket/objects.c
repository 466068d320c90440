#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include "hexdump.h"
#include "markup.h"
#include "memory.h"
#include "number.h"
#include "sign.h"
#include "timestamp.h"

struct call {
	struct traffic *traffic;
	char *name, *sha256;
	bool ranged;
	struct exchange *exchange;
	object_done *done;
	void *arg;
};

static struct call *
call_new(struct traffic *t, const char *name, object_done *done, void *arg)
{
	struct call *c = xmalloc(sizeof(*c));

	*c = (struct call){ .traffic = t, .name = xstrdup(name), .done = done, .arg = arg };
	return c;
}

static void
call_end(struct call *c, const struct answer *a, int64_t size, const struct error *e)
{
	/* that of an object which the server encrypted by a key of its own says nothing about the bytes */
	const struct object o = { c->name, size, a->encrypted ? "" : a->etag, a->sha256, a->modified, true };

	c->done(c->arg, &o, e);
	free(c->name);
	free(c->sha256);
	free(c);
}

static void
headed(void *arg, const struct answer *a, const struct error *e)
{
	call_end(arg, a, a->size, e);
}

void
objects_stat(struct traffic *t, const char *name, object_done *done, void *arg)
{
	struct call *c = call_new(t, name, done, arg);

	exchange_start(t,
	    &(struct exchange_wish){
		.method = "HEAD", .name = name, .fd = -1, .to = -1, .done = headed, .arg = c });
}

static void
removed(void *arg, const struct answer *a, const struct error *e)
{
	struct error fine = { 0 };

	call_end(arg, a, 0, e->code == ERROR_NOT_FOUND ? &fine : e);
}

void
objects_remove(struct traffic *t, const char *name, object_done *done, void *arg)
{
	struct call *c = call_new(t, name, done, arg);

	exchange_start(t,
	    &(struct exchange_wish){
		.method = "DELETE", .name = name, .fd = -1, .to = -1, .done = removed, .arg = c });
}

static int
touch_check(void *arg, const struct answer *a, struct error *e)
{
	struct markup_error m;

	(void)arg;
	/* the server answers 200 before it knows */
	return markup_error((struct span){ a->body.data, a->body.len }, &m) < 0 ?
	    0 :
	    error_set(e, ERROR_SYSTEM, "PUT: %s: %s", m.code, m.message);
}

/* What it was put with has to be said again: S3 refuses a copy onto itself that changes nothing. */
static void
touch_found(void *arg, const struct answer *a, const struct error *e)
{
	struct call *c = arg;
	const struct place *p = traffic_place(c->traffic);
	AUTO_BYTES source = { 0 };

	if (e->code != ERROR_NONE) {
		call_end(c, a, 0, e);
		return;
	}
	bytes_char(&source, '/');
	sign_encode(&source, p->bucket, false);
	bytes_char(&source, '/');
	sign_encode(&source, p->prefix, true);
	sign_encode(&source, c->name, true);
	exchange_start(c->traffic,
	    &(struct exchange_wish){ .method = "PUT",
		.name = c->name,
		.fd = -1,
		.to = -1,
		.headers = { { "x-amz-copy-source", bytes_string(&source) },
		    { "x-amz-metadata-directive", "REPLACE" }, { "x-amz-meta-sha256", a->sha256 } },
		.nheaders = a->sha256[0] == '\0' ? 2 : 3,
		.check = touch_check,
		.done = headed,
		.arg = c });
}

void
objects_touch(struct traffic *t, const char *name, object_done *done, void *arg)
{
	struct call *c = call_new(t, name, done, arg);

	exchange_start(t,
	    &(struct exchange_wish){
		.method = "HEAD", .name = name, .fd = -1, .to = -1, .done = touch_found, .arg = c });
}

/* Whether the bytes that came are the object's; those of a range nobody here can tell. */
static int
check_digest(const struct call *c, const struct answer *a, const struct sums_text *came, struct error *e)
{
	const char *name = traffic_place(c->traffic)->name;
	const char *wanted = c->sha256 != NULL ? c->sha256 : a->sha256;

	if (c->ranged && c->sha256 == NULL)
		return 0;
	if (*wanted != '\0' && strcmp(wanted, came->sha256) != 0)
		return error_set(e, ERROR_INPUT,
		    "%s/%s: damaged: its bytes have the SHA-256 %s, it was put with %s", name, c->name,
		    came->sha256, wanted);
	if (*wanted == '\0' && !a->encrypted && strlen(a->etag) == 32 && came->md5[0] != '\0' &&
	    strcmp(a->etag, came->md5) != 0)
		return error_set(e, ERROR_INPUT,
		    "%s/%s: damaged: its bytes have the MD5 %s, its ETag is %s", name, c->name, came->md5,
		    a->etag);
	return 0;
}

static void
got(void *arg, const struct answer *a, const struct error *e)
{
	struct call *c = arg;
	struct error wrong = *e;

	/* a range behind its end is empty */
	if (c->ranged && a->status == 416)
		wrong = (struct error){ 0 };
	if (wrong.code == ERROR_NONE && check_digest(c, a, exchange_sums(c->exchange), &wrong) == 0)
		wrong = (struct error){ 0 };
	call_end(c, a, exchange_taken(c->exchange), &wrong);
}

void
objects_get(struct traffic *t, const struct objects_get *g, object_done *done, void *arg)
{
	struct call *c = call_new(t, g->name, done, arg);

	c->sha256 = g->sha256 == NULL ? NULL : xstrdup(g->sha256);
	c->ranged = g->ranged;
	c->exchange = exchange_start(t,
	    &(struct exchange_wish){ .method = "GET",
		.name = g->name,
		.fd = -1,
		.to = g->to,
		.ranged = g->ranged,
		.first = g->first,
		.length = g->length,
		.done = got,
		.arg = c });
}

/* ---- a page of a list */

struct page {
	struct traffic *traffic;
	struct object *all;
	size_t n, size;
	struct object item;
	bool more, encoded;
	objects_listed *done;
	void *arg;
};

static void
page_clear(struct page *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free((char *)p->all[i].name);
		free((char *)p->all[i].etag);
	}
	free((char *)p->item.name);
	free((char *)p->item.etag);
	p->item = (struct object){ 0 };
	p->n = 0;
	p->more = p->encoded = false;
}

static void
item_begin(void *arg)
{
	((struct page *)arg)->item = (struct object){ .size = -1, .sha256 = "" };
}

/* As encoding-type=url has it: %XX, and + for a blank. */
static char *
name_of(const char *key, bool encoded)
{
	AUTO_BYTES name = { 0 };

	for (; *key != '\0'; key++) {
		int high = encoded && *key == '%' ? hexdump_digit(key[1]) : -1;
		int low = high < 0 ? -1 : hexdump_digit(key[2]);

		if (low >= 0 && high + low > 0) {
			bytes_char(&name, (char)(high * 16 + low));
			key += 2;
		} else {
			bytes_char(&name, encoded && *key == '+' ? ' ' : *key);
		}
	}
	bytes_string(&name);
	return bytes_give(&name);
}

static void
item_end(void *arg)
{
	struct page *p = arg;
	const char *prefix = traffic_place(p->traffic)->prefix;
	AUTO_FREE char *key = p->item.name == NULL ? NULL : name_of(p->item.name, p->encoded);
	bool ours = key != NULL && strncmp(key, prefix, strlen(prefix)) == 0 && key[strlen(prefix)] != '\0';

	free((char *)p->item.name);
	p->item.name = ours ? xstrdup(key + strlen(prefix)) : NULL;
	/* the place-holder of a folder that some tools make, or what was not asked for */
	if (!ours) {
		free((char *)p->item.etag);
		p->item = (struct object){ 0 };
		return;
	}
	if (p->item.etag == NULL)
		p->item.etag = xstrdup("");
	if (p->n == p->size) {
		p->size = p->size == 0 ? 64 : p->size * 2;
		p->all = xrealloc(p->all, p->size, sizeof(*p->all));
	}
	p->all[p->n++] = p->item;
	p->item = (struct object){ 0 };
}

static void
replace(const char **field, const char *text)
{
	free((char *)*field);
	*field = xstrdup(text);
}

static void
list_field(void *arg, int item, const char *name, const char *text)
{
	struct page *p = arg;
	size_t n = strlen(text);

	if (!item) {
		if (strcmp(name, "IsTruncated") == 0)
			p->more = strcmp(text, "true") == 0;
		else if (strcmp(name, "EncodingType") == 0)
			p->encoded = strcmp(text, "url") == 0;
	} else if (strcmp(name, "Key") == 0) {
		replace(&p->item.name, text);
	} else if (strcmp(name, "Size") == 0) {
		(void)number_parse(text, n, 0, INT64_MAX, &p->item.size, NULL);
	} else if (strcmp(name, "LastModified") == 0) {
		(void)timestamp_parse(text, n, &p->item.modified, NULL);
	} else if (strcmp(name, "ETag") == 0) {
		AUTO_FREE char *bare = n >= 2 && text[0] == '"' ? xmemdup(text + 1, n - 2) : xstrdup(text);

		replace(&p->item.etag, bare);
	}
}

/* The fields that say how names are written may stand behind them: they are read twice. */
static int
page_check(void *arg, const struct answer *a, struct error *e)
{
	static const struct markup_events events = { "Contents", item_begin, item_end, list_field };
	struct page *p = arg;
	struct span text = { a->body.data, a->body.len };
	bool encoded;

	page_clear(p);
	if (markup_read(text, "ListBucketResult", &events, p, e) < 0)
		return -1;
	encoded = p->encoded;
	if (encoded) {
		page_clear(p);
		p->encoded = true;
		if (markup_read(text, "ListBucketResult", &events, p, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (p->all[i].size < 0)
			return error_set(e, ERROR_INPUT, "the list says no size of %s", p->all[i].name);
	}
	if (p->more && p->n == 0)
		return error_set(e, ERROR_INPUT, "the list goes on behind nothing");
	return 0;
}

static void
page_done(void *arg, const struct answer *a, const struct error *e)
{
	struct page *p = arg;

	(void)a;
	p->done(p->arg, p->all, e->code == ERROR_NONE ? p->n : 0, p->more, e);
	page_clear(p);
	free(p->all);
	free(p);
}

void
objects_list(struct traffic *t, const struct objects_list *l, objects_listed *done, void *arg)
{
	const char *below = traffic_place(t)->prefix;
	AUTO_FREE char *prefix = xformat("%s%s", below, l->prefix);
	AUTO_FREE char *marker = xformat("%s%s", *l->after == '\0' ? "" : below, l->after);
	AUTO_FREE char *limit = xformat("%lld", (long long)l->limit);
	struct page *p = xmalloc(sizeof(*p));

	*p = (struct page){ .traffic = t, .done = done, .arg = arg };
	/* the first version of the call: Oracle's endpoint has no other */
	exchange_start(t,
	    &(struct exchange_wish){ .method = "GET",
		.fd = -1,
		.to = -1,
		.nquery = 4,
		.query = { { "encoding-type", "url" }, { "marker", marker }, { "max-keys", limit },
		    { "prefix", prefix } },
		.check = page_check,
		.done = page_done,
		.arg = p });
}
