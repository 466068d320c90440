#include "upload.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "markup.h"
#include "memory.h"
#include "sums.h"

/* Parts of one object that are under way at once. */
#define ABREAST 4
/* What is hashed in one go before the loop has its turn. */
#define STEP (8 * 1024 * 1024)

struct part {
	struct sums_text sums;
	int64_t size;
	char etag[SUMS_MD5]; /* what arrived before, or now */
	bool sent;
};

/* What an upload's part is under way with. */
struct sending {
	struct upload *upload;
	int64_t number; /* from 0 */
	struct exchange *exchange;
};

struct upload {
	struct traffic *traffic;
	struct upload_wish wish;
	char *name, *sha256;
	struct sums sums;
	int64_t hashed;
	struct sums_text text;
	struct loop_timer *step;
	char *id; /* of an upload in parts; NULL */
	bool resumed; /* it was begun by another run of us */
	int64_t part;
	struct part *parts;
	int64_t nparts, next, done_parts;
	struct sending sending[ABREAST];
	struct bytes document; /* what completes it */
	char etag[SUMS_MD5 + 8];
	struct error why; /* the first thing that failed while parts are under way */
	object_done *done;
	void *arg;
};

static void
finish(struct upload *u, const struct object *o, const struct error *e)
{
	u->done(u->arg, o, e);
	loop_cancel(traffic_loop(u->traffic), u->step);
	sums_end(&u->sums, NULL);
	bytes_free(&u->document);
	free(u->parts);
	free(u->id);
	free(u->name);
	free(u->sha256);
	free(u);
}

static void
fail(struct upload *u, const struct error *e)
{
	const struct object none = { .name = u->name, .etag = "", .sha256 = "" };

	finish(u, &none, e);
}

static void
stored(struct upload *u, const char *etag, bool there)
{
	const struct object o = { u->name, u->wish.size, etag, u->text.sha256, 0, there };
	const struct error fine = { 0 };

	finish(u, &o, &fine);
}

static void
set_named(struct upload *u, struct error *e, const char *text)
{
	error_set(e, ERROR_REFUSED, "%s/%s: %s", traffic_place(u->traffic)->name, u->name, text);
}

/* ---- an object of that name that is there */

static void
compared(void *arg, const struct object *o, const struct error *e)
{
	struct upload *u = arg;
	struct error wrong = *e;
	bool plain = strlen(o->etag) == 32 && u->text.md5[0] != '\0';
	bool same = o->size == u->wish.size && (plain || *o->sha256 != '\0') &&
	    (!plain || strcmp(o->etag, u->text.md5) == 0) &&
	    (*o->sha256 == '\0' || strcmp(o->sha256, u->text.sha256) == 0);

	if (wrong.code == ERROR_NONE && same) {
		stored(u, o->etag, true);
		return;
	}
	if (wrong.code == ERROR_NONE)
		set_named(u, &wrong, "another object has that name: it is not replaced");
	fail(u, &wrong);
}

/* ---- in one piece */

static int
single_check(void *arg, const struct answer *a, struct error *e)
{
	const struct upload *u = arg;

	if (a->encrypted || strlen(a->etag) != 32 || u->text.md5[0] == '\0' ||
	    strcmp(a->etag, u->text.md5) == 0)
		return 0;
	return error_set(e, ERROR_SYSTEM, "PUT: the ETag of what arrived is %s, of what was sent %s",
	    a->etag, u->text.md5);
}

static void
single_done(void *arg, const struct answer *a, const struct error *e)
{
	struct upload *u = arg;

	if (e->code == ERROR_NONE)
		stored(u, a->etag, false);
	else if (a->status == 412)
		objects_stat(u->traffic, u->name, compared, u);
	else
		fail(u, e);
}

static void
single(struct upload *u)
{
	exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "PUT",
		.name = u->name,
		.fd = u->wish.fd,
		.from = u->wish.from,
		.size = u->wish.size,
		.sha256 = u->text.sha256,
		.to = -1,
		.headers = { { "x-amz-meta-sha256", u->text.sha256 }, { "if-none-match", "*" } },
		.nheaders = u->wish.replace ? 1 : 2,
		.check = single_check,
		.done = single_done,
		.arg = u });
}

/* ---- in parts */

static void begin_anew(struct upload *u);
static void send_parts(struct upload *u);

static void
part_place(const struct upload *u, int64_t number, int64_t *from, int64_t *size)
{
	int64_t left = u->wish.size - number * u->part;

	*from = u->wish.from + number * u->part;
	*size = left < u->part ? left : u->part;
}

/* After the last exchange of it: what failed first is what is told. The parts stay for the next time. */
static bool
given_up(struct upload *u)
{
	if (u->why.code == ERROR_NONE)
		return false;
	for (int i = 0; i < ABREAST; i++) {
		if (u->sending[i].exchange != NULL)
			return true;
	}
	fail(u, &u->why);
	return true;
}

static int
part_check(void *arg, const struct answer *a, struct error *e)
{
	const struct sending *s = arg;
	const struct part *p = &s->upload->parts[s->number];

	if (a->etag[0] == '\0')
		return error_set(e, ERROR_SYSTEM, "PUT: part %lld got no ETag", (long long)s->number + 1);
	if (a->encrypted || strlen(a->etag) != 32 || p->sums.md5[0] == '\0' ||
	    strcmp(a->etag, p->sums.md5) == 0)
		return 0;
	return error_set(e, ERROR_SYSTEM,
	    "PUT: the ETag of part %lld as it arrived is %s, as it was sent %s", (long long)s->number + 1,
	    a->etag, p->sums.md5);
}

static void
part_done(void *arg, const struct answer *a, const struct error *e)
{
	struct sending *s = arg;
	struct upload *u = s->upload;
	struct part *p = &u->parts[s->number];

	s->exchange = NULL;
	if (e->code == ERROR_NONE) {
		p->sent = true;
		u->done_parts++;
		if (strlen(a->etag) < sizeof(p->etag))
			memcpy(p->etag, a->etag, strlen(a->etag) + 1);
	} else if (u->why.code == ERROR_NONE) {
		u->why = *e;
	}
	send_parts(u);
}

/* Hashes the part, and sends it unless it had arrived. 0; -1 with u->why. */
static int
send_part(struct upload *u, struct sending *s, int64_t number)
{
	struct part *p = &u->parts[number];
	AUTO_FREE char *text = xformat("%lld", (long long)number + 1);
	struct sums sums;
	int64_t from;

	part_place(u, number, &from, &p->size);
	sums_begin(&sums, true);
	if (sums_add_file(&sums, u->wish.fd, from, p->size, &u->why) < 0) {
		sums_end(&sums, NULL);
		return error_before(&u->why, "%s: ", u->name);
	}
	sums_end(&sums, &p->sums);
	if (p->etag[0] != '\0' && strcmp(p->etag, p->sums.md5) == 0) {
		p->sent = true;
		u->done_parts++;
		return 0;
	}
	*s = (struct sending){ u, number, NULL };
	s->exchange = exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "PUT",
		.name = u->name,
		.query = { { "partNumber", text }, { "uploadId", u->id } },
		.nquery = 2,
		.fd = u->wish.fd,
		.from = from,
		.size = p->size,
		.sha256 = p->sums.sha256,
		.to = -1,
		.check = part_check,
		.done = part_done,
		.arg = s });
	return 0;
}

static void
mislabeled_removed(void *arg, const struct object *o, const struct error *e)
{
	(void)o;
	if (e->code != ERROR_NONE)
		fail(arg, e);
	else
		begin_anew(arg);
}

static void
completed_stat(void *arg, const struct object *o, const struct error *e)
{
	struct upload *u = arg;
	struct error wrong = *e;

	if (wrong.code == ERROR_NONE && o->size == u->wish.size &&
	    (*o->sha256 == '\0' || strcmp(o->sha256, u->text.sha256) == 0)) {
		stored(u, o->etag, false);
		return;
	}
	/* ours, with the digest of other bytes that began as these do and were cut */
	if (wrong.code == ERROR_NONE && u->resumed && strcmp(o->etag, u->etag) == 0) {
		objects_remove(u->traffic, u->name, mislabeled_removed, u);
		return;
	}
	if (wrong.code == ERROR_NONE)
		set_named(u, &wrong, "another object took that name while it was uploaded");
	fail(u, &wrong);
}

static void
root_field(void *arg, int item, const char *name, const char *text)
{
	char *etag = arg;
	size_t n = strlen(text);

	if (!item && strcmp(name, "ETag") == 0 && n > 2 && n - 2 < 128) {
		bool quoted = text[0] == '"';

		n -= quoted ? 2 : 0;
		memcpy(etag, text + quoted, n);
		etag[n] = '\0';
	}
}

/* The server answers 200 before it knows: the body says whether it went well. */
static int
complete_check(void *arg, const struct answer *a, struct error *e)
{
	static const struct markup_events events = { .field = root_field };
	const struct upload *u = arg;
	struct span body = { a->body.data, a->body.len };
	struct markup_error m;
	char etag[128] = "";

	if (markup_error(body, &m) == 0)
		return error_set(e, ERROR_SYSTEM, "POST: %s: %s", m.code, m.message);
	if (markup_read(body, "CompleteMultipartUploadResult", &events, etag, e) < 0)
		return -1;
	if (!a->encrypted && u->etag[0] != '\0' && strchr(etag, '-') != NULL && strcmp(etag, u->etag) != 0)
		return error_set(e, ERROR_SYSTEM,
		    "POST: the ETag of what arrived is %s, of what was sent %s", etag, u->etag);
	return 0;
}

static void
complete_done(void *arg, const struct answer *a, const struct error *e)
{
	struct upload *u = arg;

	/* a lost answer, or another one who completed the same upload: it is gone, and the object is there
	 */
	if (e->code == ERROR_NONE || e->code == ERROR_NOT_FOUND)
		objects_stat(u->traffic, u->name, completed_stat, u);
	else if (a->status == 412)
		objects_stat(u->traffic, u->name, compared, u);
	else
		fail(u, e);
}

/* The ETag of an object in parts: the MD5 of their MD5s, and how many. */
static void
whole_etag(struct upload *u)
{
	struct sums sums;
	struct sums_text text;
	AUTO_FREE char *etag = NULL;

	sums_begin(&sums, true);
	for (int64_t i = 0; i < u->nparts; i++)
		sums_add(&sums, u->parts[i].sums.md5_raw, sizeof(u->parts[i].sums.md5_raw));
	sums_end(&sums, &text);
	etag = xformat("%s-%lld", text.md5, (long long)u->nparts);
	if (text.md5[0] != '\0' && strlen(etag) < sizeof(u->etag))
		memcpy(u->etag, etag, strlen(etag) + 1);
}

static void
complete(struct upload *u)
{
	whole_etag(u);
	bytes_text(&u->document, "<CompleteMultipartUpload>");
	for (int64_t i = 0; i < u->nparts; i++)
		bytes_format(&u->document, "<Part><PartNumber>%lld</PartNumber><ETag>\"%s\"</ETag></Part>",
		    (long long)i + 1, u->parts[i].etag);
	bytes_text(&u->document, "</CompleteMultipartUpload>");
	exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "POST",
		.name = u->name,
		.query = { { "uploadId", u->id } },
		.nquery = 1,
		.fd = -1,
		.to = -1,
		.headers = { { "content-type", "application/xml" }, { "if-none-match", "*" } },
		.nheaders = u->wish.replace ? 1 : 2,
		.text = { u->document.data, u->document.len },
		.check = complete_check,
		.done = complete_done,
		.arg = u });
}

static void
stepped_parts(void *arg)
{
	struct upload *u = arg;

	u->step = NULL;
	send_parts(u);
}

/* One part a turn of the loop, for hashing it takes a moment. */
static void
send_parts(struct upload *u)
{
	struct sending *idle = NULL;

	if (given_up(u))
		return;
	if (u->done_parts == u->nparts) {
		complete(u);
		return;
	}
	for (int i = 0; i < ABREAST && idle == NULL; i++) {
		if (u->sending[i].exchange == NULL)
			idle = &u->sending[i];
	}
	if (idle == NULL || u->next == u->nparts || u->step != NULL)
		return;
	if (send_part(u, idle, u->next++) < 0)
		(void)given_up(u);
	else
		u->step = loop_after(traffic_loop(u->traffic), 0, stepped_parts, u);
}

static void
id_field(void *arg, int item, const char *name, const char *text)
{
	struct upload *u = arg;

	if (!item && strcmp(name, "UploadId") == 0 && u->id == NULL)
		u->id = xstrdup(text);
}

static int
begun_check(void *arg, const struct answer *a, struct error *e)
{
	static const struct markup_events events = { .field = id_field };
	struct upload *u = arg;

	if (markup_read((struct span){ a->body.data, a->body.len }, "InitiateMultipartUploadResult",
		&events, u, e) < 0)
		return -1;
	return u->id != NULL && *u->id != '\0' ?
	    0 :
	    error_set(e, ERROR_SYSTEM, "POST: an upload began that has no id");
}

static void
begun(void *arg, const struct answer *a, const struct error *e)
{
	struct upload *u = arg;

	(void)a;
	if (e->code != ERROR_NONE)
		fail(u, e);
	else
		send_parts(u);
}

static void
begin(struct upload *u)
{
	free(u->id);
	u->id = NULL;
	exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "POST",
		.name = u->name,
		.query = { { "uploads", "" } },
		.nquery = 1,
		.fd = -1,
		.to = -1,
		.headers = { { "x-amz-meta-sha256", u->text.sha256 } },
		.nheaders = 1,
		.check = begun_check,
		.done = begun,
		.arg = u });
}

/* ---- what arrived before */

static void
part_came(void *arg, int64_t number, const char *etag)
{
	struct upload *u = arg;

	if (number <= u->nparts)
		memcpy(u->parts[number - 1].etag, etag, SUMS_MD5);
}

static int
parts_check(void *arg, const struct answer *a, struct error *e)
{
	return listing_parts((struct span){ a->body.data, a->body.len }, part_came, arg, e);
}

/* With an upload of its own. */
static void
begin_anew(struct upload *u)
{
	memset(u->parts, 0, (size_t)u->nparts * sizeof(*u->parts));
	u->resumed = false;
	u->next = u->done_parts = 0;
	u->document.len = 0;
	begin(u);
}

/* Whether what arrived may be of these bytes: the first part of it is. */
static bool
is_ours(const struct upload *u)
{
	struct sums sums;
	struct sums_text text = { 0 };
	int64_t number = 0, from, size;
	bool read;

	while (number < u->nparts && u->parts[number].etag[0] == '\0')
		number++;
	if (number == u->nparts)
		return false;
	part_place(u, number, &from, &size);
	sums_begin(&sums, true);
	read = sums_add_file(&sums, u->wish.fd, from, size, NULL) == 0;
	sums_end(&sums, &text);
	return read && strcmp(text.md5, u->parts[number].etag) == 0;
}

static void
parts_listed(void *arg, const struct answer *a, const struct error *e)
{
	struct upload *u = arg;

	(void)a;
	/* it was of other bytes, was taken back meanwhile, or the server does not list */
	if (e->code != ERROR_NONE || !is_ours(u)) {
		begin_anew(u);
		return;
	}
	u->resumed = true;
	send_parts(u);
}

static int
uploads_check(void *arg, const struct answer *a, struct error *e)
{
	struct upload *u = arg;
	AUTO_FREE char *key = xformat("%s%s", traffic_place(u->traffic)->prefix, u->name);

	return listing_newest((struct span){ a->body.data, a->body.len }, key, &u->id, e);
}

static void
uploads_listed(void *arg, const struct answer *a, const struct error *e)
{
	struct upload *u = arg;

	(void)a;
	if (e->code != ERROR_NONE || u->id == NULL) {
		begin(u);
		return;
	}
	exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "GET",
		.name = u->name,
		.query = { { "max-parts", "1000" }, { "uploadId", u->id } },
		.nquery = 2,
		.fd = -1,
		.to = -1,
		.check = parts_check,
		.done = parts_listed,
		.arg = u });
}

static void
find_upload(struct upload *u)
{
	AUTO_FREE char *prefix = xformat("%s%s", traffic_place(u->traffic)->prefix, u->name);

	exchange_start(u->traffic,
	    &(struct exchange_wish){ .method = "GET",
		.query = { { "max-uploads", "1000" }, { "prefix", prefix }, { "uploads", "" } },
		.nquery = 3,
		.fd = -1,
		.to = -1,
		.check = uploads_check,
		.done = uploads_listed,
		.arg = u });
}

static void
looked(void *arg, const struct object *o, const struct error *e)
{
	struct upload *u = arg;

	if (e->code == ERROR_NOT_FOUND)
		find_upload(u);
	else
		compared(u, o, e);
}

static void
in_parts(struct upload *u)
{
	int64_t least = (u->wish.size + LISTING_PARTS_MOST - 1) / LISTING_PARTS_MOST;

	u->part = u->wish.part > least ? u->wish.part : least;
	u->nparts = (u->wish.size + u->part - 1) / u->part;
	u->parts = xmalloc((size_t)u->nparts * sizeof(*u->parts));
	if (u->wish.replace)
		find_upload(u);
	else
		objects_stat(u->traffic, u->name, looked, u);
}

/* ---- first of all its digest, for S3 wants it in front of the bytes */

static void
hash(void *arg)
{
	struct upload *u = arg;
	int64_t left = u->wish.size - u->hashed;
	int64_t n = left < STEP ? left : STEP;
	struct error e;

	u->step = NULL;
	if (sums_add_file(&u->sums, u->wish.fd, u->wish.from + u->hashed, n, &e) < 0) {
		error_before(&e, "%s: ", u->name);
		fail(u, &e);
		return;
	}
	u->hashed += n;
	if (u->hashed < u->wish.size) {
		u->step = loop_after(traffic_loop(u->traffic), 0, hash, u);
		return;
	}
	sums_end(&u->sums, &u->text);
	if (u->sha256 != NULL && strcmp(u->sha256, u->text.sha256) != 0) {
		error_set(&e, ERROR_INPUT, "%s: its bytes have the SHA-256 %s, not %s", u->name,
		    u->text.sha256, u->sha256);
		fail(u, &e);
	} else if (u->wish.size <= u->wish.part) {
		single(u);
	} else {
		in_parts(u);
	}
}

void
upload_start(struct traffic *t, const struct upload_wish *w, object_done *done, void *arg)
{
	struct upload *u = xmalloc(sizeof(*u));

	*u = (struct upload){ .traffic = t,
		.wish = *w,
		.name = xstrdup(w->name),
		.done = done,
		.arg = arg,
		.sha256 = w->sha256 == NULL ? NULL : xstrdup(w->sha256) };
	sums_begin(&u->sums, true);
	u->step = loop_after(traffic_loop(t), 0, hash, u);
}
