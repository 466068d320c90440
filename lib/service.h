/*
 * service: a table of methods and an event handler, with no main and no transport in it. A server
 * puts one service behind any number of listeners and links. Handlers run on the loop, finish
 * within a millisecond, and answer now or later.
 */
#ifndef MCI_SERVICE_H
#define MCI_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "contract.h"
#include "error.h"
#include "link.h"
#include "loop.h"
#include "message.h"

/* At most so many connections a server; more are told so and closed. */
#define SERVER_CONNECTIONS 4096
/* At most so many unanswered requests a connection, or with so many bytes of params; its further
 * lines wait. */
#define SERVER_REQUESTS 64
#define SERVER_PARAMS LINE_LIMIT

struct request;

struct service_method {
	const char *name; /* a row of the contract */
	void (*call)(void *self, struct request *r);
};

struct service {
	const struct contract_service *contract; /* that its methods are rows of */
	const struct service_method *methods;
	size_t nmethods;
	/* A posted event; m points into the line. Return -1 with an error to have it reported back as a
	 * line {"type":"error",...}. NULL: events are refused. */
	int (*event)(void *self, const struct link_peer *peer, const struct message *m,
	    struct error *e);
	/* A piece of the data that follows a request (its contract row has a parameter of that type),
	 * after its call, unless that has answered; left is how many more bytes there will be, 0 in the
	 * last piece, which may be empty. When the connection is lost before, the request is gone: gone
	 * tells. */
	void (*data)(void *self, struct request *r, struct span piece, uint64_t left);
	/* The connection of that number (request_connection) is lost. May be NULL. */
	void (*gone)(void *self, uint64_t connection);
};

struct server;
struct server *server_new(struct loop *loop, const struct service *s, void *self);
int server_listen(struct server *s, const char *address, mode_t mode, struct error *e);
/* Serves one connection on descriptors that it takes over, closed on failure. */
int server_connect(struct server *s, int in, int out, struct error *e);
/* Closes all listeners and links; requests that were not answered are gone: do not touch them
 * again. Not inside a handler. */
void server_free(struct server *s);
/* How many connections are open. */
size_t server_connections(const struct server *s);
/* Calls empty(arg) from the loop whenever the last connection is gone. */
void server_on_empty(struct server *s, void (*empty)(void *arg), void *arg);

/* Calls tell(arg, text) for a line that is wrong, or refused, where nothing can be answered (a FIFO):
 * the address, the line and why. Once a second at most; others are counted. */
void server_on_unanswered(struct server *s, void (*tell)(void *arg, const char *text), void *arg);

/* Inside a handler. Texts are decoded and live until the request is answered. */
struct span request_params(const struct request *r);
/* A text or NULL when absent; types were checked against the contract before. */
const char *request_text(struct request *r, const char *name);
int64_t request_integer(struct request *r, const char *name, int64_t otherwise);
/* Raw JSON of a parameter, n 0 when absent. */
struct span request_raw(struct request *r, const char *name);
/* The params are done with, and cost no memory while the request waits for its answer. */
void request_forget(struct request *r);
const struct link_peer *request_peer(const struct request *r);
/* The number of its connection, never given twice; 0 when that is lost or waits for no reply. */
uint64_t request_connection(const struct request *r);
/*
 * Keeps state with the request, for the pieces of its data and for its answer, and nowhere else: it goes with
 * the request. drop is called once, when that was answered or its connection is lost, whichever is first.
 */
void request_keep(struct request *r, void *state, void (*drop)(void *state));
/* What is kept with it, or NULL. */
void *request_kept(const struct request *r);
/* Whether the reply may carry descriptors. */
bool request_carries_fds(const struct request *r);
/* Answers; exactly one of these, now or later, also when the caller is gone by then; r is gone
 * afterwards. result is a JSON value, {} when n is 0. */
void request_reply(struct request *r, struct span result);
/* The same with descriptors, of which copies are made; result is a JSON object and gets "fds". Only
 * where request_carries_fds. */
void request_reply_fds(struct request *r, struct span result, const int *fds, int nfds);
/* error_name is of a row of contract_errors. */
void request_fail(struct request *r, const char *error_name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for an error that another room has explained. */
void request_fail_with(struct request *r, const struct error *e);
/*
 * Answers and takes the connection over: the link is the callee's, who writes to link_take_over,
 * ends the stream with a record {"type":"eof",...} and then calls link_close. closed is called
 * once when the other end is gone before that, or the server is freed; the link is freed behind
 * it. NULL, and the request is answered, when the connection has other requests open or unread
 * replies, or is lost.
 */
struct link *request_stream(struct request *r, struct span result,
    void (*closed)(void *arg, struct link *l), void *arg);

#endif
