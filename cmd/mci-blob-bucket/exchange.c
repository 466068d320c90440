#include "exchange.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "duration.h"
#include "kernel.h"
#include "memory.h"
#include "option.h"
#include "verbs.h"

#define CONNECT_SECONDS 10L
/* The most that a server may have us wait by Retry-After. */
#define WAIT_SECONDS 60

enum state { QUEUED, RUNNING, RESTING, OVER };

struct exchange {
	struct traffic *traffic;
	struct exchange_wish wish;
	struct bytes texts; /* copies of what the wish names */
	char *url, *path, *query;
	enum state state;
	CURL *easy;
	struct curl_slist *headers;
	int64_t sent;   /* of the body, in this try */
	int64_t taken;  /* of the answer, in all tries */
	char etag[128]; /* of the first try that took bytes: the others have to be of the same object */
	struct sums sums;
	struct sums_text digests;
	struct answer answer;
	struct backoff backoff;
	int64_t tries;
	struct loop_timer *rest;
	struct error why; /* ours: what a callback failed with in this try */
	bool broken;
	struct exchange *next, *previous;
};

struct traffic {
	struct loop *loop;
	const struct place *place;
	struct traffic_options options;
	CURLM *multi;
	struct loop_timer *timer;
	struct exchange *first, *last;
	int64_t running;
};

static void launch(struct traffic *t);
static void reap(struct traffic *t);

/* ---- the loop is libcurl's as well */

static void
act(struct traffic *t, int fd, int events)
{
	int running;

	curl_multi_socket_action(t->multi, fd, events, &running);
	reap(t);
	launch(t);
}

static void
timer_due(void *arg)
{
	struct traffic *t = arg;

	t->timer = NULL;
	act(t, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct traffic *t = arg;

	(void)multi;
	loop_cancel(t->loop, t->timer);
	t->timer = ms < 0 ? NULL : loop_after(t->loop, ms * MILLISECOND, timer_due, t);
	return 0;
}

/* The descriptor with its traffic, for the loop gives back but one pointer. */
struct watch {
	struct traffic *traffic;
	int fd;
};

static void
on_ready(void *arg, uint32_t events)
{
	const struct watch *w = arg;
	int what = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
	    ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
	    ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);

	act(w->traffic, w->fd, what);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
	struct traffic *t = arg;
	struct watch *w = assigned;
	uint32_t events =
	    ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			loop_forget(t->loop, fd);
		free(w);
		curl_multi_assign(t->multi, fd, NULL);
	} else if (w == NULL) {
		w = xmalloc(sizeof(*w));
		*w = (struct watch){ t, fd };
		curl_multi_assign(t->multi, fd, w);
		loop_watch(t->loop, fd, events, on_ready, w, NULL);
	} else {
		loop_change(t->loop, fd, events);
	}
	return 0;
}

struct traffic *
traffic_new(struct loop *loop, const struct place *place, const struct traffic_options *o, struct error *e)
{
	struct traffic *t;
	CURLM *multi;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (multi = curl_multi_init()) == NULL) {
		error_set(e, ERROR_INTERNAL, "libcurl cannot be used");
		return NULL;
	}
	t = xmalloc(sizeof(*t));
	*t = (struct traffic){ .loop = loop, .place = place, .options = *o, .multi = multi };
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, t);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, t);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)o->parallel);
	return t;
}

const struct place *
traffic_place(const struct traffic *t)
{
	return t->place;
}

struct loop *
traffic_loop(const struct traffic *t)
{
	return t->loop;
}

static void
end_try(struct exchange *x)
{
	if (x->easy == NULL)
		return;
	curl_multi_remove_handle(x->traffic->multi, x->easy);
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	x->easy = NULL;
	x->headers = NULL;
	x->traffic->running--;
}

static void
exchange_free(struct exchange *x)
{
	struct traffic *t = x->traffic;

	end_try(x);
	loop_cancel(t->loop, x->rest);
	*(x->previous != NULL ? &x->previous->next : &t->first) = x->next;
	*(x->next != NULL ? &x->next->previous : &t->last) = x->previous;
	sums_end(&x->sums, NULL);
	bytes_free(&x->answer.body);
	bytes_free(&x->texts);
	free(x->url);
	free(x->path);
	free(x->query);
	free(x);
}

void
traffic_free(struct traffic *t)
{
	if (t == NULL)
		return;
	while (t->first != NULL)
		exchange_free(t->first);
	curl_multi_cleanup(t->multi);
	loop_cancel(t->loop, t->timer);
	free(t);
	curl_global_cleanup();
}

/* ---- bytes */

static size_t
give(char *into, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	int64_t left = x->wish.size - x->sent;
	ssize_t got;

	n *= size;
	if ((int64_t)n > left)
		n = (size_t)left;
	if (n == 0)
		return 0;
	if (x->wish.fd < 0) {
		memcpy(into, x->wish.text.p + x->sent, n);
		got = (ssize_t)n;
	} else {
		do
			got = kernel.pread(x->wish.fd, into, n, x->wish.from + x->sent);
		while (got < 0 && errno == EINTR);
	}
	if (got <= 0) {
		x->broken = true;
		if (got < 0)
			error_sys(&x->why, "read what is to be sent");
		else
			error_set(&x->why, ERROR_INPUT, "what is to be sent became shorter");
		return CURL_READFUNC_ABORT;
	}
	x->sent += got;
	return (size_t)got;
}

static int
seek(void *arg, curl_off_t at, int origin)
{
	struct exchange *x = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	x->sent = at;
	return CURL_SEEKFUNC_OK;
}

static int
put_bytes(struct exchange *x, const char *p, size_t n)
{
	if (kernel_write_all(x->wish.to, p, n) < 0)
		return error_sys(&x->why, "write what came");
	sums_add(&x->sums, p, n);
	x->taken += (int64_t)n;
	return 0;
}

/* Whether the body that begins to come is what was asked for, and goes on from what was taken. */
static int
begins(struct exchange *x)
{
	const struct answer *a = &x->answer;
	int64_t first = (x->wish.ranged ? x->wish.first : 0) + x->taken;
	bool all = !x->wish.ranged && x->taken == 0;

	if (x->taken > 0 && strcmp(a->etag, x->etag) != 0)
		return error_set(&x->why, ERROR_INPUT, "it was replaced while it was read");
	memcpy(x->etag, a->etag, sizeof(x->etag));
	if (!all && (a->status != 206 || a->start != first))
		return error_set(&x->why, ERROR_SYSTEM,
		    "asked for its bytes from %lld on, the server sent "
		    "others",
		    (long long)first);
	return 0;
}

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;
	bool kept = x->wish.to < 0 || x->answer.status < 200 || x->answer.status > 299;

	n *= size;
	if (kept && x->answer.body.len + n > EXCHANGE_BODY) {
		error_set(&x->why, ERROR_LIMIT, "the answer has more than %d bytes", EXCHANGE_BODY);
		x->broken = true;
		return 0;
	}
	if (kept) {
		bytes_add(&x->answer.body, p, n);
		return n;
	}
	if ((x->sent == 0 && begins(x) < 0) || put_bytes(x, p, n) < 0) {
		x->broken = true;
		return 0;
	}
	x->sent = 1; /* of this try's answer; a request with a sink has no body */
	return n;
}

static size_t
head(char *p, size_t size, size_t n, void *arg)
{
	struct exchange *x = arg;

	answer_head(&x->answer, (struct span){ p, n * size });
	return n * size;
}

/* ---- a try */

static void
add_header(struct exchange *x, const char *name, const char *value)
{
	AUTO_FREE char *line = *value == '\0' ? xformat("%s;", name) : xformat("%s: %s", name, value);

	x->headers = curl_slist_append(x->headers, line);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct sign_pair *)a)->name, ((const struct sign_pair *)b)->name);
}

static void
sign(struct exchange *x)
{
	const struct place *p = x->traffic->place;
	const struct exchange_wish *w = &x->wish;
	const struct sign_key key = { p->id, p->secret, p->region, "s3" };
	struct sign_pair pairs[EXCHANGE_PAIRS + 4];
	struct sign_request r = { w->method, x->path, x->query, pairs, 0, w->sha256 };
	AUTO_BYTES authorization = { 0 };
	char date[SIGN_DATE];

	sign_date(kernel.wall(), date);
	pairs[r.nheaders++] = (struct sign_pair){ "host", p->host };
	pairs[r.nheaders++] = (struct sign_pair){ "x-amz-content-sha256", w->sha256 };
	pairs[r.nheaders++] = (struct sign_pair){ "x-amz-date", date };
	if (p->token != NULL)
		pairs[r.nheaders++] = (struct sign_pair){ "x-amz-security-token", p->token };
	for (size_t i = 0; i < w->nheaders; i++) {
		if (strncmp(w->headers[i].name, "x-amz-", 6) == 0)
			pairs[r.nheaders++] = w->headers[i];
		else
			add_header(x, w->headers[i].name, w->headers[i].value);
	}
	qsort(pairs, r.nheaders, sizeof(pairs[0]), by_name);
	sign_authorization(&authorization, &key, &r, date);
	for (size_t i = 0; i < r.nheaders; i++)
		add_header(x, pairs[i].name, pairs[i].value);
	add_header(x, "authorization", bytes_string(&authorization));
	/* what libcurl would add of its own */
	x->headers = curl_slist_append(x->headers, "accept:");
	x->headers = curl_slist_append(x->headers, "content-type:");
}

static void
ask_range(struct exchange *x)
{
	int64_t first = (x->wish.ranged ? x->wish.first : 0) + x->taken;
	AUTO_BYTES range = { 0 };

	if (!x->wish.ranged && x->taken == 0)
		return;
	bytes_format(&range, "bytes=%lld-", (long long)first);
	if (x->wish.ranged && x->wish.length >= 0)
		bytes_number(&range, x->wish.first + x->wish.length - 1);
	add_header(x, "range", bytes_string(&range));
	if (x->taken > 0 && x->etag[0] != '\0') {
		AUTO_FREE char *etag = xformat("\"%s\"", x->etag);

		add_header(x, "if-match", etag);
	}
}

static void
set_up(struct exchange *x)
{
	const struct place *p = x->traffic->place;
	CURL *c = x->easy;
	int64_t stall = x->traffic->options.stall / SECOND;

	curl_easy_setopt(c, CURLOPT_URL, x->url);
	curl_easy_setopt(c, CURLOPT_PRIVATE, x);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(stall > 0 ? stall : 1));
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->headers);
	if (p->ca != NULL)
		curl_easy_setopt(c, CURLOPT_CAINFO, p->ca);
	if (strcmp(x->wish.method, "HEAD") == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (strcmp(x->wish.method, "PUT") == 0 || strcmp(x->wish.method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(c, CURLOPT_READDATA, x);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, seek);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, x);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->wish.size);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->wish.method);
}

static void
try(struct exchange *x)
{
	x->state = RUNNING;
	x->tries++;
	x->sent = 0;
	x->broken = false;
	x->why = (struct error){ 0 };
	answer_begin(&x->answer);
	x->easy = curl_easy_init();
	if (x->easy == NULL) {
		fprintf(stderr, "mci-blob-bucket: libcurl has no memory\n");
		exit(125);
	}
	sign(x);
	ask_range(x);
	set_up(x);
	x->traffic->running++;
	curl_multi_add_handle(x->traffic->multi, x->easy);
}

static void
launch(struct traffic *t)
{
	for (struct exchange *x = t->first, *next; x != NULL && t->running < t->options.parallel;
	     x = next) {
		next = x->next;
		if (x->state == QUEUED)
			try(x);
	}
}

static void
rested(void *arg)
{
	struct exchange *x = arg;

	x->rest = NULL;
	x->state = QUEUED;
	launch(x->traffic);
}

/* ---- its outcome */

static bool
passing(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_AGAIN:
		return true;
	default:
		return false;
	}
}

/* What came of a try: 0; -1 with an error, and whether another one may help. */
static int
judge(struct exchange *x, CURLcode code, bool *again, struct error *e)
{
	const struct place *p = x->traffic->place;
	struct answer *a = &x->answer;

	*again = false;
	if (x->broken) {
		*e = x->why;
		return -1;
	}
	if (code != CURLE_OK) {
		*again = passing(code);
		return error_set(e, *again ? ERROR_DISCONNECTED : ERROR_SYSTEM, "%s: %s", p->origin,
		    curl_easy_strerror(code));
	}
	if (a->status < 200 || a->status > 299)
		return answer_error(a, p, x->wish.method, again, e);
	if (x->wish.check != NULL && x->wish.check(x->wish.arg, a, e) < 0) {
		*again = true;
		return -1;
	}
	return 0;
}

static void
over(struct exchange *x, const struct error *e)
{
	x->state = OVER;
	end_try(x);
	sums_end(&x->sums, &x->digests);
	x->wish.done(x->wish.arg, &x->answer, e);
	exchange_free(x);
}

static void
trying_again(const struct error *why)
{
	struct error told = *why;

	error_before(&told, "trying again: ");
	option_complain(PROGRAM, &told);
}

static void
again(struct exchange *x, const struct error *why)
{
	int64_t pause = backoff_next(&x->backoff), said = x->answer.wait;

	if (said > 0 && said * SECOND > pause)
		pause = (said < WAIT_SECONDS ? said : WAIT_SECONDS) * SECOND;
	if (!x->traffic->options.quiet && x->tries == 3)
		trying_again(why);
	end_try(x);
	x->state = RESTING;
	x->rest = loop_after(x->traffic->loop, pause, rested, x);
}

static void
ended(struct exchange *x, CURLcode code)
{
	const struct place *p = x->traffic->place;
	struct error e = { 0 };
	bool may;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &x->answer.status);
	if (judge(x, code, &may, &e) == 0) {
		e = (struct error){ 0 };
	} else {
		error_before(&e, "%s%s%s: ", p->name, x->wish.name == NULL ? "" : "/",
		    x->wish.name == NULL ? "" : x->wish.name);
		if (may && x->tries < p->attempts) {
			again(x, &e);
			return;
		}
		if (may && x->tries > 1) {
			AUTO_FREE char *text = xstrdup(e.text);

			error_set(&e, e.code, "%s (tried %lld times)", text, (long long)x->tries);
		}
	}
	over(x, &e);
}

static void
reap(struct traffic *t)
{
	const CURLMsg *message;
	struct exchange *x;
	int left;

	while ((message = curl_multi_info_read(t->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		ended(x, message->data.result);
	}
}

/* ---- for the others */

static const char *
keep(struct exchange *x, const char *text)
{
	/* offsets would do as well: the room is reserved at once, so that nothing moves */
	const char *at = x->texts.data + x->texts.len;

	bytes_add(&x->texts, text, strlen(text) + 1);
	return at;
}

static void
copy_wish(struct exchange *x, const struct exchange_wish *w)
{
	struct exchange_wish *c = &x->wish;
	size_t room = strlen(w->method) + 1 + (w->name == NULL ? 0 : strlen(w->name) + 1) + SUMS_SHA256;
	struct sums_text sums;

	for (size_t i = 0; i < w->nquery; i++)
		room += strlen(w->query[i].name) + strlen(w->query[i].value) + 2;
	for (size_t i = 0; i < w->nheaders; i++)
		room += strlen(w->headers[i].name) + strlen(w->headers[i].value) + 2;
	bytes_reserve(&x->texts, room);
	*c = *w;
	c->method = keep(x, w->method);
	c->name = w->name == NULL ? NULL : keep(x, w->name);
	for (size_t i = 0; i < w->nquery; i++)
		c->query[i] = (struct sign_pair){ keep(x, w->query[i].name), keep(x, w->query[i].value) };
	for (size_t i = 0; i < w->nheaders; i++)
		c->headers[i] =
		    (struct sign_pair){ keep(x, w->headers[i].name), keep(x, w->headers[i].value) };
	if (w->fd < 0)
		c->size = (int64_t)w->text.n;
	if (w->sha256 == NULL)
		sums_of(w->fd < 0 ? w->text : (struct span){ NULL, 0 }, &sums);
	c->sha256 = keep(x, w->sha256 == NULL ? sums.sha256 : w->sha256);
}

struct exchange *
exchange_start(struct traffic *t, const struct exchange_wish *w)
{
	struct exchange *x = xmalloc(sizeof(*x));
	AUTO_BYTES path = { 0 }, query = { 0 };

	*x = (struct exchange){ .traffic = t,
		.state = RESTING,
		.previous = t->last,
		.backoff = { .first = 100 * MILLISECOND, .longest = 20 * SECOND } };
	copy_wish(x, w);
	place_path(t->place, x->wish.name, &path);
	sign_query(&query, x->wish.query, x->wish.nquery);
	x->path = xstrdup(bytes_string(&path));
	x->query = xstrdup(bytes_string(&query));
	x->url = xformat("%s%s%s%s", t->place->origin, x->path, query.len > 0 ? "?" : "", x->query);
	if (w->to >= 0)
		sums_begin(&x->sums, true);
	*(t->last != NULL ? &t->last->next : &t->first) = x;
	t->last = x;
	/* not at once: it may be called where libcurl runs */
	x->rest = loop_after(t->loop, 0, rested, x);
	return x;
}

int64_t
exchange_taken(const struct exchange *x)
{
	return x->taken;
}

const struct sums_text *
exchange_sums(const struct exchange *x)
{
	return &x->digests;
}
