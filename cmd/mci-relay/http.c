#include "http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "duration.h"
#include "memory.h"

/* How long it may take to be connected, name and TLS included: whoever waits for us waits as long. */
#define CONNECT (15 * 1000L)
/* TCP asks whether the other side lives when nothing came for so long, in seconds. */
#define ALIVE 20L
/* Read at once: what is behind a reply is megabytes. */
#define BUFFER (256 * 1024L)

struct http {
	struct loop *loop;
	CURLM *multi;
	char *url, *token;
	struct loop_timer *timer;
	struct exchange *exchanges;
};

struct exchange {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct bytes body;
	const struct exchange_events *events;
	void *arg;
	bool headed, inside, closed;
	char why[CURL_ERROR_SIZE];
	struct exchange *next, **at;
};

/* ---- what libcurl waits for */

static void turn(struct http *h, curl_socket_t fd, int flags);

struct watch {
	struct http *http;
	curl_socket_t fd;
};

static void
socket_ready(void *arg, uint32_t events)
{
	struct watch *w = arg;
	int flags = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
	    ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
	    ((events & (EPOLLHUP | EPOLLERR)) != 0 ? CURL_CSELECT_ERR : 0);

	turn(w->http, w->fd, flags);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socketp)
{
	struct http *h = arg;
	struct watch *w = socketp;
	uint32_t events = ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) |
	    ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w == NULL)
			return 0;
		loop_forget(h->loop, fd);
		curl_multi_assign(h->multi, fd, NULL);
		free(w);
		return 0;
	}
	if (w != NULL) {
		loop_change(h->loop, fd, events);
		return 0;
	}
	w = xmalloc(sizeof(*w));
	*w = (struct watch){ .http = h, .fd = fd };
	if (loop_watch(h->loop, fd, events, socket_ready, w, NULL) < 0) {
		free(w);
		return -1;
	}
	curl_multi_assign(h->multi, fd, w);
	return 0;
}

static void
timer_due(void *arg)
{
	struct http *h = arg;

	h->timer = NULL;
	turn(h, CURL_SOCKET_TIMEOUT, 0);
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	loop_cancel(h->loop, h->timer);
	h->timer = ms < 0 ? NULL : loop_after(h->loop, ms * MILLISECOND, timer_due, h);
	return 0;
}

/* ---- one exchange */

static void
exchange_free(struct exchange *x)
{
	*x->at = x->next;
	if (x->next != NULL)
		x->next->at = x->at;
	curl_multi_remove_handle(x->http->multi, x->easy);
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	bytes_free(&x->body);
	free(x);
}

void
exchange_close(struct exchange *x)
{
	if (x == NULL)
		return;
	x->closed = true;
	/* libcurl is using it: turn frees it */
	if (!x->inside)
		exchange_free(x);
}

/* What libcurl says, for people; it names hosts, never headers. */
static void
failure(const struct exchange *x, CURLcode code, struct error *e)
{
	bool nobody = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST;
	bool untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;

	error_set(e, untrusted ? ERROR_REFUSED : ERROR_DISCONNECTED, "%s: %s%s", x->http->url,
	    x->why[0] != '\0' ? x->why : curl_easy_strerror(code),
	    untrusted ? " (SSL_CERT_FILE names other authorities)" : nobody ? "" : "; the link is lost");
}

static void
exchange_over(struct exchange *x, CURLcode code)
{
	struct error e = { 0 };

	if (code != CURLE_OK)
		failure(x, code, &e);
	if (!x->closed) {
		x->closed = x->inside = true;
		x->events->over(x->arg, &e);
	}
	exchange_free(x);
}

static void
turn(struct http *h, curl_socket_t fd, int flags)
{
	struct exchange *x, *next;
	CURLMsg *m;
	int running, left;

	curl_multi_socket_action(h->multi, fd, flags, &running);
	for (x = h->exchanges; x != NULL; x = next) {
		next = x->next;
		if (x->closed)
			exchange_free(x);
	}
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
		exchange_over(x, m->data.result);
	}
}

/* Tells of the head, once the last one has come (1xx are others). */
static void
headed(struct exchange *x)
{
	long status = 0;
	struct curl_header *where = NULL;
	char *type = NULL;
	AUTO_FREE char *plain = NULL;

	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	if (x->headed || status < 200)
		return;
	x->headed = true;
	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
	if (curl_easy_header(x->easy, "Location", 0, CURLH_HEADER, -1, &where) != CURLHE_OK)
		where = NULL;
	plain = type == NULL ? xstrdup("") : xmemdup(type, strcspn(type, "; \t"));
	x->events->head(x->arg, status, plain, where == NULL ? NULL : where->value);
}

static size_t
on_header(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	bool last = n == 2 && memcmp(p, "\r\n", 2) == 0;

	(void)one;
	if (!last || x->closed)
		return x->closed ? 0 : n;
	x->inside = true;
	headed(x);
	x->inside = false;
	return x->closed ? 0 : n;
}

static size_t
on_body(char *p, size_t one, size_t n, void *arg)
{
	struct exchange *x = arg;
	bool taken;

	(void)one;
	if (x->closed)
		return 0;
	x->inside = true;
	headed(x);
	taken = x->closed || x->events->body(x->arg, p, n);
	x->inside = false;
	return x->closed ? 0 : taken ? n : CURL_WRITEFUNC_PAUSE;
}

void
exchange_take_back(struct exchange *x, struct bytes *body)
{
	*body = x->body;
	x->body = (struct bytes){ 0 };
}

void
exchange_go_on(struct exchange *x)
{
	bool inside = x->inside;

	x->inside = true;
	curl_easy_pause(x->easy, CURLPAUSE_CONT);
	x->inside = inside;
	if (!inside && x->closed)
		exchange_free(x);
}

static void
authorities(CURL *easy)
{
	const char *bundle = getenv("CURL_CA_BUNDLE"), *file = getenv("SSL_CERT_FILE"),
	    *folder = getenv("SSL_CERT_DIR");

	if (bundle == NULL || *bundle == '\0')
		bundle = file;
	if (bundle != NULL && *bundle != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
	if (folder != NULL && *folder != '\0')
		curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
}

static void
headers_make(struct exchange *x, const char *const *headers)
{
	AUTO_FREE char *token = xformat("Authorization: Bearer %s", x->http->token);

	if (x->http->token[0] != '\0')
		x->headers = curl_slist_append(x->headers, token);
	/* nobody waits for a 100 */
	x->headers = curl_slist_append(x->headers, "Expect:");
	for (; *headers != NULL; headers++)
		x->headers = curl_slist_append(x->headers, *headers);
}

struct exchange *
http_ask(struct http *h, const char *method, const char *path, const char *const *headers, struct bytes *body,
    const struct exchange_events *events, void *arg)
{
	struct exchange *x = xmalloc(sizeof(*x));
	AUTO_FREE char *url = xformat("%s%s", h->url, path);

	*x = (struct exchange){ .http = h, .easy = curl_easy_init(), .body = *body, .events = events,
		.arg = arg, .next = h->exchanges, .at = &h->exchanges };
	*body = (struct bytes){ 0 };
	if (x->next != NULL)
		x->next->at = &x->next;
	h->exchanges = x;
	headers_make(x, headers);
	curl_easy_setopt(x->easy, CURLOPT_PRIVATE, (char *)x);
	curl_easy_setopt(x->easy, CURLOPT_URL, url);
	curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->why);
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	/* to a proxy goes what is for it, and no token */
	curl_easy_setopt(x->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "POST") == 0) {
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body.len);
		curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, bytes_string(&x->body));
	}
	curl_easy_setopt(x->easy, CURLOPT_BUFFERSIZE, BUFFER);
	curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT);
	curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPIDLE, ALIVE);
	curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPINTVL, ALIVE / 2);
	curl_easy_setopt(x->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(x->easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
	authorities(x->easy);
	curl_multi_add_handle(h->multi, x->easy);
	return x;
}

struct http *
http_new(struct loop *loop, const char *url, const char *token, struct error *e)
{
	struct http *h = xmalloc(sizeof(*h));

	*h = (struct http){ .loop = loop, .url = xstrdup(url), .token = xstrdup(token) };
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
		h->multi = curl_multi_init();
	if (h->multi == NULL) {
		error_set(e, ERROR_INTERNAL, "libcurl cannot be used");
		http_free(h);
		return NULL;
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	return h;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	while (h->exchanges != NULL)
		exchange_free(h->exchanges);
	if (h->multi != NULL)
		curl_multi_cleanup(h->multi);
	loop_cancel(h->loop, h->timer);
	if (h->token != NULL)
		explicit_bzero(h->token, strlen(h->token));
	free(h->token);
	free(h->url);
	free(h);
}
