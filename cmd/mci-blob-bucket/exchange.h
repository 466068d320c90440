/*
 * exchange: one request to the bucket and its answer, tried again with growing pauses while the other side
 * is away, busy or broken: connections that are cut, 5xx, 429. Any number may be asked for; a few at a time
 * are under way. Bodies are read from and written to files as they go, so that memory does not grow with
 * them.
 */
#ifndef MCI_BLOB_BUCKET_EXCHANGE_H
#define MCI_BLOB_BUCKET_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "bytes.h"
#include "error.h"
#include "loop.h"
#include "place.h"
#include "sign.h"
#include "sums.h"

#define EXCHANGE_PAIRS 6

struct traffic;

struct traffic_options {
	int64_t parallel; /* exchanges under way */
	int64_t stall;    /* nanoseconds without a byte after which a connection counts as broken */
	bool quiet;       /* no word on standard error about what is tried again */
};

/* The place is borrowed. NULL with an error. */
struct traffic *
traffic_new(struct loop *loop, const struct place *place, const struct traffic_options *o, struct error *e);
const struct place *traffic_place(const struct traffic *t);
struct loop *traffic_loop(const struct traffic *t);
/* What is open is given up: nothing more is heard of it. */
void traffic_free(struct traffic *t);

struct exchange_wish {
	const char *method;
	const char *name; /* of the object below the prefix; NULL: the bucket */
	struct sign_pair query[EXCHANGE_PAIRS];
	size_t nquery;
	/* further headers, in lower case; of them those that begin with x-amz- are signed */
	struct sign_pair headers[EXCHANGE_PAIRS];
	size_t nheaders;
	/* the body of a request: size bytes of the file from a place, or of text where fd is -1 */
	int fd;
	int64_t from, size;
	struct span text;
	const char *sha256; /* of it; NULL: of text, which is hashed */
	/* a descriptor that the body of a good answer is written to, where it stands; -1: it is kept, at
	 * most EXCHANGE_BODY. Blocks as writing to it does. */
	int to;
	/* of the object: its bytes from first on, length of them; ranged false: all */
	bool ranged;
	int64_t first, length; /* length -1: to its end */
	/* Whether an answer of 2xx is what it should be: -1 with an error: no, and it is tried again as one
	 * that was cut. May be NULL. */
	int (*check)(void *arg, const struct answer *a, struct error *e);
	/* Once. e->code ERROR_NONE: it was good; ERROR_NOT_FOUND: 404; else a->status is that of the last
	 * answer, 0 where none came. */
	void (*done)(void *arg, const struct answer *a, const struct error *e);
	void *arg;
};

/* The most that is kept in memory of one answer. */
#define EXCHANGE_BODY (4 * 1024 * 1024)

/* All of w is copied but what body.text is; never calls done at once. */
struct exchange *exchange_start(struct traffic *t, const struct exchange_wish *w);
/* What has been written to w.to: how many bytes and, once done is called, what they are. */
int64_t exchange_taken(const struct exchange *x);
const struct sums_text *exchange_sums(const struct exchange *x);

#endif
