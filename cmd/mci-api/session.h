/* session: what lasts as long as a connection would: one to the door, for the POSTs to /api/v1/call of one
 * client (call.h). */
#ifndef MCI_API_SESSION_H
#define MCI_API_SESSION_H

#include "ask.h"
#include "bytes.h"
#include "error.h"
#include "line.h"
#include "link.h"
#include "loop.h"

struct session;
struct sessions;

/* A request that waits for its reply. */
struct turn_id {
	struct bytes id;                   /* raw JSON */
	const struct contract_method *row; /* NULL: the barrier's, or of nobody */
};

/* One POST. */
struct turn {
	struct session *session;
	struct ask *ask;
	size_t at;            /* of the body: what is passed on */
	size_t data;          /* of the data that follows, not passed yet */
	bool skips;           /* it goes nowhere */
	struct turn_id *ids;
	size_t nids, open;
	bool barrier;         /* events were passed: their complaints come before its reply */
	bool passed;
	/* the request that waits until it is known whether its repository is public */
	int64_t asks;         /* 0: none */
	struct client *asked;
	const struct contract_method *row;
	struct bytes line, id;
	struct bytes out;     /* replies */
	size_t given;
	struct turn *next;    /* which was asked after it */
};

struct session {
	struct sessions *all;
	struct loop *loop;
	char id[33];          /* "": of one POST */
	char *owner;          /* id of the token; "": nobody's */
	int64_t posts;
	int from;             /* the door's; -1: it is over */
	bool waits;           /* until something comes from there */
	struct link *to;      /* only sends */
	struct line_reader reader;
	struct turn *turns;   /* the oldest first */
	struct turn *stream;  /* that has taken the connection over */
	struct turn *bulk;    /* gets the bytes behind a reply, that come */
	uint64_t left;        /* how many they still are */
	struct loop_timer *idle;
	void (*drained)(struct session *s); /* the door takes more */
	struct session *next, **at_list;
};

/* What one client may have of them. */
#define SESSIONS_OF_ONE 256

/* Of this id, "" for that of one POST, and of the token with the id owner; both are copied. drained is called
 * when the door takes more. NULL with an error: there are too many, or the program stops. */
struct session *session_new(struct sessions *all, const char *id, const char *owner,
    void (*drained)(struct session *s), struct error *e);
/* NULL: there is none. */
struct session *session_find(struct sessions *all, const char *id, const char *owner);
/* The connection to the door ends: whoever waits for more learns that it was cut. Without turns it is
 * freed. */
void session_cut(struct session *s);
/* A turn is gone: without another one it waits for the next, or is freed. */
void session_rest(struct session *s);

/* connect makes a connection to the door on two descriptors, which it takes over in any case; 0 or -1. */
struct sessions *sessions_new(struct loop *loop, int (*connect)(void *arg, int in, int out, struct error *e),
    void *arg);
/* NULL is allowed. */
void sessions_free(struct sessions *s);

#endif
