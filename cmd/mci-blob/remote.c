#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "connect.h"
#include "contract.h"
#include "emit.h"
#include "kernel.h"
#include "loop.h"
#include "memory.h"
#include "message.h"
#include "scratch.h"
#include "store.h"

/* Another mci-blob serve: chunks are compressed and unpacked here, and only packs and names go there. A
 * pack is read from its own file, whose descriptor the server hands over; where the link carries none, its
 * bytes come over it. */

#define DIGESTS 4096
#define OPEN 16
/* Of a pack in one request, whose params are counted with it. */
#define PIECE (CONTRACT_DATA_LIMIT - 4096)
#define LIST 500
/* Threads read on in so many places, and so much at once. */
#define WINDOWS 4
#define WINDOW (2 * 1024 * 1024)
/* Between tries, while the server has too much to do. */
#define BUSY_MS 50
#define BUSY_TRIES 600
#define LIMIT (120 * SECOND)
/* The server keeps a session a minute without a connection. */
#define OUTAGE (50 * SECOND)
/* Nobody waits longer for the goodbye. */
#define GOODBYE (2 * SECOND)

struct opened {
	struct digest pack;
	int fd; /* -1: free */
	unsigned users;
	uint64_t turn;
};

/* Bytes of a pack that came over the link: more than were asked for, where those before them were read. */
struct window {
	struct digest pack;
	uint64_t at, turn;
	struct bytes bytes;
};

struct remote {
	struct store store;
	pthread_mutex_t lock; /* of all of it: one asks at a time */
	struct loop *loop;
	struct client *client;
	struct opened open[OPEN];
	struct window windows[WINDOWS];
	uint64_t turn;
	char session[33];
	bool leaving;
	bool whole; /* frames come one at a time, and not as they are in their packs */
	bool plain; /* the link carries no descriptors */
	bool answered, failed;
	struct bytes result, data;
	int fd;
	struct error error;
};

static void begin(struct remote *r, struct bytes *params);
static int ask(struct remote *r, const char *method, struct bytes *params, struct span data, struct error *e);

/* Nobody waits for what it might still refer to. */
static void
leave(struct remote *r)
{
	AUTO_BYTES params = { 0 };

	r->leaving = true;
	begin(r, &params);
	(void)ask(r, "blob/leave", &params, (struct span){ 0 }, NULL);
}

static void
remote_close(struct store *s)
{
	struct remote *r = (struct remote *)s;

	if (r->store.began)
		leave(r);
	for (size_t i = 0; i < OPEN; i++) {
		if (r->open[i].fd >= 0)
			close(r->open[i].fd);
	}
	client_close(r->client);
	if (r->loop != NULL) {
		connect_reap(r->loop);
		loop_free(r->loop);
	}
	bytes_free(&r->result);
	bytes_free(&r->data);
	for (size_t i = 0; i < WINDOWS; i++)
		bytes_free(&r->windows[i].bytes);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void
done(void *arg, struct span result, const struct error *e)
{
	struct remote *r = arg;
	struct span data;

	r->answered = true;
	r->failed = e->code != ERROR_NONE;
	r->result.len = 0;
	if (r->failed)
		r->error = *e;
	else
		bytes_add(&r->result, result.p, result.n);
	data = client_data(r->client);
	r->data.len = 0;
	bytes_add(&r->data, data.p, data.n);
	if (client_fds(r->client, &r->fd, 1) == 0)
		r->fd = -1;
}

/* Asks once. What was begun goes on over the next connection, when one is lost. */
static int
ask_once(struct remote *r, const char *method, struct span params, struct span data, struct error *e)
{
	const struct client_wish w = { .again = r->store.began && !r->leaving ? CLIENT_AGAIN : CLIENT_ONCE,
		.limit = r->leaving ? GOODBYE : LIMIT, .outage = OUTAGE, .data = data };

	r->answered = false;
	r->fd = -1;
	client_call(r->client, method, params, &w, done, r);
	while (!r->answered) {
		if (loop_round(r->loop, -1, e) != 0)
			return -1;
	}
	r->store.began = r->store.began || !r->failed;
	if (r->failed && e != NULL)
		*e = r->error;
	return r->failed ? -1 : 0;
}

/* Asks, and waits; the result is r's, until the next one. The lock is held. */
static int
ask(struct remote *r, const char *method, struct bytes *params, struct span data, struct error *e)
{
	int result = -1;

	emit_text(params, "session", r->session);
	if (r->store.began)
		emit_bool(params, "resumed", true);
	bytes_char(params, '}');
	for (int i = 0; i < BUSY_TRIES && result < 0; i++) {
		if (i > 0)
			poll(NULL, 0, BUSY_MS);
		result = ask_once(r, method, (struct span){ params->data, params->len }, data, e);
		if (r->error.code != ERROR_BUSY || r->leaving)
			break;
	}
	return result;
}

static void
begin(struct remote *r, struct bytes *params)
{
	emit_open(params);
	emit_text(params, "scope", r->store.stranger ? "stranger" : "trusted");
}

/* ["HEX","trusted",at,packed,raw,from,size] */
static int
read_place(struct place *p, struct span raw, struct error *e)
{
	int64_t numbers[5];
	struct scan scan;
	struct scan_member m;

	if (scan_open(&scan, raw.p, raw.n, e) < 0)
		return -1;
	for (size_t i = 0; i < 7; i++) {
		bool text = i < 2;

		if (scan_next(&scan, &m, e) <= 0 || (m.value.type == SCAN_STRING) != text)
			return error_set(e, ERROR_INPUT, "blob/locate: a place that is none");
		if (i == 0 && !digest_parse(&p->pack, (struct span){ m.value.raw.p + 1, m.value.raw.n - 2 }))
			return error_set(e, ERROR_INPUT, "blob/locate: a pack that is none");
		if (i == 1)
			p->stranger = scan_text_is(&m.value, "stranger");
		if (!text && scan_integer(&m.value, 0, i == 2 ? INT64_MAX : UINT32_MAX,
		    &numbers[i - 2], e) < 0)
			return -1;
	}
	p->at = (uint64_t)numbers[0];
	p->packed = (uint32_t)numbers[1];
	p->raw = (uint32_t)numbers[2];
	p->from = (uint32_t)numbers[3];
	p->size = (uint32_t)numbers[4];
	return 0;
}

static int
read_places(struct remote *r, struct place *places, size_t n, struct error *e)
{
	struct scan scan;
	struct scan_value v;
	struct scan_member m;

	r->whole = message_true((struct span){ r->result.data, r->result.len }, "whole");
	if (message_member(r->result.data, r->result.len, "places", &v, e) <= 0 || v.type != SCAN_ARRAY ||
	    scan_open(&scan, v.raw.p, v.raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "blob/locate: no places");
	for (size_t i = 0; i < n; i++) {
		places[i] = (struct place){ 0 };
		if (scan_next(&scan, &m, e) <= 0)
			return error_set(e, ERROR_INPUT, "blob/locate: too few places");
		if (m.value.type == SCAN_ARRAY && read_place(&places[i], m.value.raw, e) < 0)
			return -1;
	}
	return 0;
}

static int
locate_some(struct remote *r, const struct digest *chunks, size_t n, bool usable, struct place *places,
    struct error *e)
{
	AUTO_BYTES params = { 0 };
	char hex[DIGEST_HEX + 1];

	begin(r, &params);
	emit_bool(&params, "usable", usable);
	emit_key(&params, "digests");
	for (size_t i = 0; i < n; i++) {
		digest_hex(&chunks[i], hex);
		bytes_format(&params, "%c\"%s\"", i == 0 ? '[' : ',', hex);
	}
	bytes_char(&params, ']');
	return ask(r, "blob/locate", &params, (struct span){ 0 }, e) < 0 ? -1 : read_places(r, places, n, e);
}

static int
remote_locate(struct store *s, const struct digest *chunks, size_t n, bool usable, struct place *places,
    struct error *e)
{
	struct remote *r = (struct remote *)s;
	int result = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t from = 0; from < n && result == 0; from += DIGESTS)
		result = locate_some(r, chunks + from, n - from < DIGESTS ? n - from : DIGESTS, usable,
		    places + from, e);
	pthread_mutex_unlock(&r->lock);
	return result;
}

/* The lock is held. -1 with an error. */
static int
open_pack(struct remote *r, const struct place *p, struct error *e)
{
	AUTO_BYTES params = { 0 };
	char hex[DIGEST_HEX + 1];

	begin(r, &params);
	digest_hex(&p->pack, hex);
	emit_text(&params, "pack", hex);
	if (ask(r, "blob/open", &params, (struct span){ 0 }, e) < 0)
		return -1;
	return r->fd >= 0 ? r->fd : error_set(e, ERROR_INPUT, "blob/open: the pack did not come");
}

/* The pack's file, held until users is less again; *fd is another's to close when there is no room. */
static struct opened *
hold(struct remote *r, const struct place *p, int *fd, struct error *e)
{
	struct opened *found = NULL, *spare = NULL;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < OPEN && found == NULL; i++) {
		struct opened *o = &r->open[i];

		if (o->fd >= 0 && digest_compare(&o->pack, &p->pack) == 0)
			found = o;
		else if (o->users == 0 && (spare == NULL || o->turn < spare->turn))
			spare = o;
	}
	*fd = found != NULL ? found->fd : open_pack(r, p, e);
	if (found == NULL && *fd >= 0 && spare != NULL) {
		if (spare->fd >= 0)
			close(spare->fd);
		spare->fd = *fd;
		spare->pack = p->pack;
		found = spare;
	}
	if (found != NULL) {
		found->users++;
		found->turn = ++r->turn;
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

static bool
holds(const struct window *w, const struct place *p)
{
	return w->bytes.len > 0 && digest_compare(&w->pack, &p->pack) == 0 && p->at >= w->at &&
	    p->at - w->at + p->packed <= w->bytes.len;
}

/* How much to read for it: four times what was read in front of it, else what it has. */
static size_t
reach(const struct window *w, const struct place *p)
{
	size_t n = w->bytes.len, more;

	if (n == 0 || digest_compare(&w->pack, &p->pack) != 0 || p->at < w->at || p->at > w->at + n)
		return 0;
	more = 4 * n < WINDOW ? 4 * n : WINDOW;
	return more > p->packed ? more : p->packed;
}

/* Into r->data. */
static int
ask_bytes(struct remote *r, const struct place *p, size_t length, struct error *e)
{
	AUTO_BYTES params = { 0 };
	char hex[DIGEST_HEX + 1];

	digest_hex(&p->pack, hex);
	begin(r, &params);
	emit_text(&params, "pack", hex);
	emit_integer(&params, "offset", (int64_t)p->at);
	emit_integer(&params, "length", (int64_t)length);
	return ask(r, "blob/read", &params, (struct span){ 0 }, e);
}

static int
window_read(struct remote *r, struct window *w, const struct place *p, size_t length, struct error *e)
{
	struct bytes spare = w->bytes;

	w->bytes.len = 0;
	if (ask_bytes(r, p, length, e) < 0)
		return -1;
	if (r->data.len < p->packed)
		return error_set(e, ERROR_INPUT, "a pack is cut short");
	spare.len = 0;
	w->bytes = r->data;
	r->data = spare;
	w->pack = p->pack;
	w->at = p->at;
	return 0;
}

/* Of who may not see all: there are bytes of others in it as it lies there. */
static ssize_t
read_frame(struct remote *r, const struct place *p, void *into, size_t room, struct error *e)
{
	if (ask_bytes(r, p, p->packed, e) < 0)
		return -1;
	if (r->data.len > room)
		return error_set(e, ERROR_INPUT, "a frame is larger than it may be");
	memcpy(into, r->data.data, r->data.len);
	return (ssize_t)r->data.len;
}

/* Bytes of a pack, over the link. Neighbours are mostly wanted one after the other. */
static ssize_t
read_bytes(struct remote *r, const struct place *p, void *into, size_t room, struct error *e)
{
	struct window *w = &r->windows[0], *oldest = w;
	size_t length = 0;
	ssize_t result = 0;

	pthread_mutex_lock(&r->lock);
	if (r->whole) {
		result = read_frame(r, p, into, room, e);
		pthread_mutex_unlock(&r->lock);
		return result;
	}
	for (size_t i = 0; i < WINDOWS && !holds(w, p) && length == 0; i++) {
		w = &r->windows[i];
		length = holds(w, p) ? 0 : reach(w, p);
		if (w->turn < oldest->turn)
			oldest = w;
	}
	if (!holds(w, p)) {
		w = length > 0 ? w : oldest;
		result = window_read(r, w, p, length > 0 ? length : p->packed, e);
	}
	if (result == 0) {
		w->turn = ++r->turn;
		memcpy(into, w->bytes.data + (p->at - w->at), p->packed);
		result = (ssize_t)p->packed;
	}
	pthread_mutex_unlock(&r->lock);
	return result;
}

static ssize_t
remote_fetch(struct store *s, const struct place *p, void *into, size_t room, struct error *e)
{
	struct remote *r = (struct remote *)s;
	int fd = -1;
	struct error why = { 0 };
	struct opened *o = r->plain ? NULL : hold(r, p, &fd, &why);
	size_t did = 0;
	ssize_t got = 1;

	if (!r->plain && fd < 0 && why.code == ERROR_REFUSED)
		r->plain = true;
	if (p->packed > room)
		return error_set(e, ERROR_INPUT, "a frame is larger than it may be");
	if (r->plain)
		return read_bytes(r, p, into, room, e);
	if (fd < 0) {
		*e = why;
		return -1;
	}
	while (did < p->packed && got > 0) {
		got = kernel.pread(fd, (char *)into + did, p->packed - did, (off_t)(p->at + did));
		did += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		error_sys(e, "read a pack");
	else if (did < p->packed)
		error_set(e, ERROR_INPUT, "a pack is cut short");
	pthread_mutex_lock(&r->lock);
	if (o != NULL)
		o->users--;
	else
		close(fd);
	pthread_mutex_unlock(&r->lock);
	return did == p->packed ? (ssize_t)did : -1;
}

static int
remote_draft(struct store *s, struct backend_draft *d, struct error *e)
{
	int reader;

	(void)s;
	/* appended to by one descriptor, and read by the other, which is kept for that */
	d->fd = scratch_file(&reader, e);
	if (d->fd < 0)
		return -1;
	d->name = xformat("%d", reader);
	return 0;
}

static void
remote_drop(struct store *s, struct backend_draft *d)
{
	(void)s;
	if (d->name != NULL)
		close(atoi(d->name));
	if (d->fd >= 0)
		close(d->fd);
	free(d->name);
	*d = (struct backend_draft){ -1, NULL };
}

static int
send_pack(struct remote *r, int fd, const struct digest *pack, int64_t size, struct error *e)
{
	AUTO_FREE char *piece = xmalloc(PIECE);
	char hex[DIGEST_HEX + 1];
	int64_t at = 0;

	digest_hex(pack, hex);
	while (at < size) {
		AUTO_BYTES params = { 0 };
		ssize_t got = kernel.pread(fd, piece, PIECE, at);

		if (got <= 0)
			return error_sys(e, "read a pack");
		begin(r, &params);
		emit_text(&params, "pack", hex);
		emit_integer(&params, "offset", at);
		emit_integer(&params, "size", size);
		emit_integer(&params, "data", got);
		if (ask(r, "blob/put", &params, (struct span){ piece, (size_t)got }, e) < 0)
			return -1;
		at = message_integer((struct span){ r->result.data, r->result.len }, "offset", -1);
		if (at < 0 || at > size)
			return error_set(e, ERROR_INPUT, "blob/put: no offset came back");
	}
	return 0;
}

static int
remote_publish(struct store *s, struct backend_draft *d, const struct digest *pack, int64_t size,
    struct error *e)
{
	struct remote *r = (struct remote *)s;
	int result;

	pthread_mutex_lock(&r->lock);
	result = send_pack(r, atoi(d->name), pack, size, e);
	pthread_mutex_unlock(&r->lock);
	remote_drop(s, d);
	return result;
}

static int
remote_commit(struct store *s, const struct record *record, struct error *e)
{
	struct remote *r = (struct remote *)s;
	AUTO_BYTES params = { 0 };
	char hex[DIGEST_HEX + 1];

	digest_hex(&record->root, hex);
	begin(r, &params);
	emit_text(&params, "name", record->name);
	emit_text(&params, "digest", hex);
	emit_integer(&params, "bytes", record->bytes);
	emit_integer(&params, "files", record->files);
	if (record->build != NULL)
		emit_text(&params, "build", record->build);
	if (record->run > 0)
		emit_integer(&params, "run", record->run);
	return ask(r, "blob/commit", &params, (struct span){ 0 }, e);
}

static int
remote_find(struct store *s, const char *const *names, size_t n, struct record *record, bool *hit,
    struct error *e)
{
	struct remote *r = (struct remote *)s;
	AUTO_BYTES params = { 0 };
	struct span result;

	begin(r, &params);
	emit_list(&params, "names", names, n);
	if (ask(r, "blob/find", &params, (struct span){ 0 }, e) < 0)
		return -1;
	result = (struct span){ r->result.data, r->result.len };
	*hit = message_true(result, "hit");
	return record_parse(record, result, e);
}

/* What a page says of names that cannot be read. */
static int
tell_damaged(struct span result, int (*damaged)(void *arg, const char *object, const struct error *why),
    void *arg, struct error *e)
{
	struct scan scan;
	struct scan_value all;
	struct scan_member m;
	int more;

	if (message_member(result.p, result.n, "damaged", &all, e) <= 0)
		return 0;
	if (all.type != SCAN_ARRAY || scan_open(&scan, all.raw.p, all.raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "blob/list: damaged is no array");
	while ((more = scan_next(&scan, &m, e)) > 0) {
		AUTO_BYTES text = { 0 };
		struct error why;

		if (scan_text(&m.value, &text, e) < 0)
			return -1;
		error_set(&why, ERROR_INPUT, "%.*s", (int)text.len, text.data);
		if (damaged == NULL) {
			*e = why;
			return -1;
		}
		if (damaged(arg, "", &why) < 0)
			return -1;
	}
	return more;
}

/* One page; *after is the last name, NULL when nothing follows. */
static int
list_page(struct remote *r, const char *prefix, char **after, int (*each)(void *arg, struct record *r),
    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg, struct error *e)
{
	AUTO_BYTES params = { 0 };
	AUTO_FREE char *text = NULL;
	struct span result;
	struct scan scan;
	struct scan_value v;
	struct scan_member m;
	int more;

	begin(r, &params);
	emit_text(&params, "prefix", prefix);
	if (*after != NULL)
		emit_text(&params, "after", *after);
	emit_integer(&params, "limit", LIST);
	free(*after);
	*after = NULL;
	if (ask(r, "blob/list", &params, (struct span){ 0 }, e) < 0)
		return -1;
	/* each may ask something itself */
	text = xmemdup(r->result.data, r->result.len);
	result = (struct span){ text, r->result.len };
	if (message_member(result.p, result.n, "names", &v, e) <= 0 || v.type != SCAN_ARRAY ||
	    scan_open(&scan, v.raw.p, v.raw.n, e) < 0)
		return error_set(e, ERROR_INPUT, "blob/list: no names");
	if (tell_damaged(result, damaged, arg, e) < 0)
		return -1;
	while ((more = scan_next(&scan, &m, e)) > 0) {
		struct record record;

		if (record_parse(&record, m.value.raw, e) < 0)
			return -1;
		if (message_true(result, "more")) {
			free(*after);
			*after = xstrdup(record.name);
		}
		more = each(arg, &record);
		if (more != 0)
			return more;
	}
	return more;
}

static int
remote_list(struct store *s, const char *prefix, int (*each)(void *arg, struct record *r),
    int (*damaged)(void *arg, const char *object, const struct error *why), void *arg, struct error *e)
{
	char *after = NULL;
	int result;

	do
		result = list_page((struct remote *)s, prefix, &after, each, damaged, arg, e);
	while (result == 0 && after != NULL);
	free(after);
	return result;
}

static int
remote_remove(struct store *s, const char *name, struct error *e)
{
	struct remote *r = (struct remote *)s;
	AUTO_BYTES params = { 0 };

	begin(r, &params);
	emit_text(&params, "name", name);
	return ask(r, "blob/remove", &params, (struct span){ 0 }, e);
}

static const struct store_type remote_type = {
	.close = remote_close,
	.locate = remote_locate,
	.fetch = remote_fetch,
	.draft = remote_draft,
	.publish = remote_publish,
	.drop = remote_drop,
	.commit = remote_commit,
	.find = remote_find,
	.list = remote_list,
	.remove = remote_remove,
};

static void
name_session(struct remote *r)
{
	struct digest bytes;
	char hex[DIGEST_HEX + 1];

	kernel.random(&bytes, sizeof(bytes));
	digest_hex(&bytes, hex);
	memcpy(r->session, hex, sizeof(r->session) - 1);
	r->session[sizeof(r->session) - 1] = '\0';
}

struct store *
remote_open(const char *address, bool stranger, struct error *e)
{
	struct remote *r = xmalloc(sizeof(*r));

	r->store.type = &remote_type;
	r->store.stranger = stranger;
	for (size_t i = 0; i < OPEN; i++)
		r->open[i].fd = -1;
	pthread_mutex_init(&r->lock, NULL);
	name_session(r);
	r->loop = loop_new(e);
	r->client = r->loop == NULL ? NULL : client_open(r->loop, address, NULL, NULL, e);
	if (r->client != NULL && client_connect(r->client, e) == 0)
		return &r->store;
	remote_close(&r->store);
	return NULL;
}
