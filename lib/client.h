/*
 * client: the other side of a service, for programs with a loop. One connection, made when
 * something is asked and made again when it was lost, carries any number of calls at once. Nothing
 * here waits, and no callback is called inside a function of this room: all are called from the
 * loop, and any function may be called in them, client_close and client_cancel as well. (Commands
 * wait for one call: call.h.)
 *
 * A call ends once: with its reply, or with the reason why there is none. It ends alone: one that
 * is too long for a line, that nobody answers, or whose reply is too long takes no other along.
 * When the connection is lost, or none can be made, those that may be sent again are, in their
 * order, over the next one, after pauses as backoff.h has them; the others fail. Replies may come
 * in any order.
 *
 * The address - or fd:N is one connection: when it is lost no other one is made, and every call
 * fails.
 */
#ifndef MCI_CLIENT_H
#define MCI_CLIENT_H

#include <stdint.h>

#include "bytes.h"
#include "duration.h"
#include "error.h"
#include "loop.h"

/* How long a call that says nothing else may take. */
#define CLIENT_LIMIT (30 * SECOND)
#define CLIENT_FOREVER (-1)
/* A client's open calls, and the bytes of their requests that are kept to be sent (again). One more
 * fails with ERROR_LIMIT. */
#define CLIENT_CALLS 4096
#define CLIENT_BYTES ((size_t)16 * 1024 * 1024)

struct client;

/* May be NULL, and each of them too. */
struct client_events {
	/* A try has failed, and others will follow (why says how); with NULL: it works again. Once
	 * an outage: of the connection, or because the service is busy for a call that insists. An
	 * idle connection that is lost is no outage. */
	void (*outage)(void *arg, const struct error *why);
	/* The other side complains about what is no open call: an event that was posted, mostly. */
	void (*complaint)(void *arg, const struct error *why);
};

enum client_again {
	/* CLIENT_AGAIN for methods that contract.h calls idempotent, else CLIENT_ONCE. */
	CLIENT_BY_TABLE,
	/* Fails with ERROR_DISCONNECTED when no connection can be made, which is tried at once, or
	 * it is lost before the reply came. */
	CLIENT_ONCE,
	/* Is sent over the next connection, until its limit. */
	CLIENT_AGAIN,
	/* And again, after a pause, when the reply is busy or system. */
	CLIENT_INSIST,
};

/* How a call is made; start from zero ({0}). */
struct client_wish {
	enum client_again again;
	/* Nanoseconds from now, all tries together; 0: CLIENT_LIMIT. After it the call fails with
	 * ERROR_BUSY, or with the reason why there is no connection; a reply that comes later is
	 * dropped. */
	int64_t limit;
	/* Of it, how long it waits while there is no connection: then it fails with the reason why. 0: all of
	 * it. */
	int64_t outage;
	/* Bytes behind the request; params has the member "data" then. */
	struct span data;
	/* Descriptors that go with it (at most LINK_FDS of link.h), of which copies are made and kept
	 * as long as it may have to be sent again; params has the member "fds" then. */
	const int *fds;
	int nfds;
};

/* result is the raw JSON of the reply, and e->code ERROR_NONE; or n is 0 and e says why (e->text
 * holds the other side's message). Both are borrowed. */
typedef void client_done(void *arg, struct span result, const struct error *e);

/* Nothing is tried yet. NULL with an error when it is no address. */
struct client *client_open(struct loop *loop, const char *address,
    const struct client_events *events, void *arg, struct error *e);
/* Makes the connection now, where it would wait for the first call. 0, also when the other side has
 * too much to do to take it at once; -1 with an error: nobody is there. */
int client_connect(struct client *c, struct error *e);
/* Asks. params is a JSON object, or n 0; all is copied; wish may be NULL. Never fails at once: the
 * number of the call, for client_cancel; never 0. */
int64_t client_call(struct client *c, const char *method, struct span params,
    const struct client_wish *wish, client_done *done, void *arg);
/* Nothing more is heard of it. The other side is not told, and may do it all the same. A number of
 * none (0, or of one that has ended) is allowed. */
void client_cancel(struct client *c, int64_t call);
/* Inside done: moves up to max descriptors that came with the reply to fds; how many. What is not
 * taken is closed. */
int client_fds(struct client *c, int *fds, int max);
/* Inside done: the bytes that came behind the reply; borrowed. */
struct span client_data(const struct client *c);
/* Sends an event line (with newline), which nobody answers. -1 when it is dropped: there is no
 * connection, or it takes no more; events->outage says which. */
int client_post(struct client *c, struct span line);
/* NULL is allowed. Open calls are given up: nothing more is heard of them. */
void client_close(struct client *c);

#endif
