/*
 * sessions: what the clients of a server ask its store. All that may wait for a disk or a bucket is done by
 * the one helper thread, in the order in which it was asked; the loop only takes pieces of packs in. A
 * session is a connection, or, where the client names one, what goes on over its next connection.
 */
#ifndef MCI_BLOB_SESSIONS_H
#define MCI_BLOB_SESSIONS_H

#include <stdint.h>

#include "grants.h"
#include "offload.h"
#include "request.h"
#include "store.h"

struct sessions;
struct session;

/* A request on its way through the thread. */
struct ask {
	struct offload_job job;
	struct sessions *all;
	struct session *session;
	struct request *request;
	/* On the thread: fills result (an open object), or event, or fd. 0, or -1 and error. */
	int (*work)(struct ask *a, struct store *store, struct error *e);
	struct record record;
	struct bytes texts;        /* each with a NUL */
	struct digest *digests;
	size_t n;                  /* of either */
	bool usable;
	char *name;
	int64_t limit, offset;
	struct backend_draft draft;
	int64_t size;
	struct bytes result, event;
	bool gives;                /* data goes behind the reply */
	struct bytes data;
	int fd;
	bool failed;
	struct error error;
};

/* What is counted apart, by what a name begins with: caches, and results without the files of theirs. */
enum sessions_kind {
	SESSIONS_ALL,
	SESSIONS_CACHE,
	SESSIONS_RESULT,
	SESSIONS_KINDS,
};

struct sessions_counts {
	/* as they were when somebody looked last */
	int64_t names, objects, bytes;
	/* since the start */
	int64_t hits[SESSIONS_KINDS], misses[SESSIONS_KINDS];
};

/* address is of the store, which is made; told(arg, line) gets each event. NULL with an error. */
struct sessions *sessions_new(struct loop *loop, const char *address, void (*told)(void *arg,
    struct span line),
    void *arg, struct error *e);
/* A request of a connection: the caller fills the rest in, and gives it. NULL, and the request is
 * answered: it waits for no reply. */
struct ask *sessions_ask(struct sessions *s, struct request *r,
    int (*work)(struct ask *a, struct store *store, struct error *e));
void sessions_give(struct ask *a);
/* On the thread: the name that was asked for was found, or another in its place, or it was not. */
void sessions_note(struct ask *a, const char *name, bool hit);
/* Given up: the request is answered already. */
void sessions_drop(struct ask *a);
/* Whether the request may be answered in its session: -1, and it is, when it names one that is gone and was
 * answered in there before, or one of others. */
int sessions_admit(struct sessions *s, struct request *r);
/* What it may see of the store; NULL: all. */
struct grants *sessions_grants(const struct ask *a);
/* A piece of the pack that the request brings, whose offset and size are named. */
void sessions_put(struct sessions *s, struct request *r, const char *pack, int64_t offset, int64_t size,
    bool stranger);
void sessions_data(struct sessions *s, struct request *r, struct span piece, uint64_t left);
/* The request's session is over. */
void sessions_leave(struct sessions *s, struct request *r);
void sessions_gone(struct sessions *s, uint64_t connection);
struct sessions_counts sessions_counts(struct sessions *s);
/* NULL is allowed. */
void sessions_free(struct sessions *s);

#endif
