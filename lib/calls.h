/*
 * calls: the open calls of one client, in the order in which they were made, each with its request as long
 * as that may have to be sent (again). What becomes of them is the client's business (client.c).
 */
#ifndef MCI_CALLS_H
#define MCI_CALLS_H

#include <stdbool.h>

#include "backoff.h"
#include "contract.h"
#include "error.h"
#include "frame.h"
#include "loop.h"

enum call_state {
	CALL_WAITING, /* for a connection, or for room on it */
	CALL_SENT,    /* on this connection */
	CALL_RESTING, /* the other side was busy: until a pause is over */
	CALL_FAILED,  /* and its caller is to be told */
};

struct client;

struct call {
	struct client *client;
	struct calls *all;
	int64_t id;
	enum call_state state;
	int again;                /* enum client_again */
	const struct contract_method *row; /* NULL: it is of no service that is known */
	struct frame request;     /* what is sent (again); empty when that cannot be any more */
	uint64_t line, heard;     /* SENT: which line of the link it is, and what had come on it then */
	struct backoff backoff;
	struct loop_timer *rest, *limit;
	int64_t deadline, outage; /* when limit is due; how long it waits for a connection, 0: until then */
	bool hurried;             /* limit is for the end of the outage that it waits through */
	struct error *why;        /* FAILED */
	void (*done)(void *arg, struct span result, const struct error *e);
	void *arg;
	struct call *next, *previous;
};

/* Start from zero ({0}). */
struct calls {
	struct call *first, *last; /* as they came */
	size_t n, nwaiting, bytes; /* bytes of requests */
	int64_t id;                /* of the last one that was made */
};

/* A new one, SENT until its owner says otherwise, the last of all. */
struct call *calls_add(struct calls *all, struct client *c, const char *method,
    void (*done)(void *arg, struct span result, const struct error *e), void *arg);
void call_forget_request(struct call *call);
void call_set_state(struct call *call, enum call_state state);
/* NULL: none of that number is open. */
struct call *calls_find(const struct calls *all, int64_t id);
/* Whether bytes follow its reply, where there is one. */
bool call_gives_data(const struct call *call);
/* It is no longer one of them; the caller frees it. */
void call_take_out(struct call *call, struct loop *loop);
void call_free(struct call *call);

#endif
