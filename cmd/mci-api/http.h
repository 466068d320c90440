/*
 * http: HTTP/1.1 (RFC 9112) by libmicrohttpd inside of the program's loop: connections come in, and
 * a request is an exchange that its owner answers, now or later. What is bounded here: connections,
 * the bytes of a head, how long a head and a body may take, how long nobody need read. Nothing here
 * knows a path.
 */
#ifndef MCI_API_HTTP_H
#define MCI_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes.h"
#include "error.h"
#include "exchange.h"
#include "loop.h"

/* Bytes of a request's first line and header together. */
#define HTTP_HEAD ((size_t)32 * 1024)
/* Headers of a request. */
#define HTTP_FIELDS 100
/* Connections; one more is closed. */
#define HTTP_CONNECTIONS 4096
/* How long a head, and a body, may take to come, in nanoseconds. */
#define HTTP_PATIENCE (30 * INT64_C(1000000000))

struct http;

struct http_events {
	/* The head is here: answer at once to refuse it, else say how much body is taken
	 * (exchange_take);
	 * without that it may have none. */
	void (*begun)(void *arg, struct exchange *x);
	/* All of it is: it is to be answered, now or later. Not called when begun has answered. */
	void (*asked)(void *arg, struct exchange *x);
	/* It is over, or its connection lost: whatever is kept with it goes. */
	void (*ended)(void *arg, struct exchange *x);
};

/* NULL with an error. */
struct http *
http_new(struct loop *loop, const struct http_events *events, void *arg, struct error *e);
/* An address for listening (listener.h). 0 or -1. */
int http_listen(struct http *h, const char *address, mode_t mode, struct error *e);
/* One connection, a socket that it takes over. 0 or -1. */
int http_connect(struct http *h, int fd, struct error *e);
/* How long a head, and a body, may take to come, where it is not HTTP_PATIENCE. */
void http_patience(struct http *h, int64_t patience);
/* Connections that are open. */
size_t http_open(const struct http *h);
/* Ends all. NULL is allowed. */
void http_free(struct http *h);

#endif
