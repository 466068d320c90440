/*
 * http: requests over HTTP to one server, by libcurl in our loop. HTTP/2 where the server offers it
 * with TLS. Proxies come from http_proxy, https_proxy, all_proxy and no_proxy, authorities from
 * CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR, else the system's. No redirect is followed: the token
 * is for this server alone.
 */
#ifndef MCI_RELAY_HTTP_H
#define MCI_RELAY_HTTP_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

struct http;
struct exchange;

/* Of an exchange; all are called from the loop, and exchange_close may be called in them. */
struct exchange_events {
	/* The head of the answer: its status, and its content type without parameters, "" without one;
	 * where is what a redirect names, or NULL. Borrowed. */
	void (*head)(void *arg, long status, const char *type, const char *where);
	/* A piece of the body. False: it takes none of it now, exchange_go_on asks for it again. */
	bool (*body)(void *arg, const char *p, size_t n);
	/* The end: e->code is ERROR_NONE when the answer came whole. The exchange is gone behind this. */
	void (*over)(void *arg, const struct error *e);
};

/* url as login_url gives it, token "" for none: both are copied. NULL with an error. */
struct http *http_new(struct loop *loop, const char *url, const char *token, struct error *e);
/* Asks: path is behind the url, headers are lines without their ends, NULL at the end (copied); body is
 * taken over and sent whole. Never NULL: what fails is told by over. */
struct exchange *http_ask(struct http *h, const char *method, const char *path, const char *const *headers,
    struct bytes *body, const struct exchange_events *events, void *arg);
/* Inside over: what was sent comes back to who gave it. */
void exchange_take_back(struct exchange *x, struct bytes *body);
void exchange_go_on(struct exchange *x);
/* Gives it up: nothing more is told. NULL is allowed. */
void exchange_close(struct exchange *x);
/* No exchange may be left. NULL is allowed. */
void http_free(struct http *h);

#endif
