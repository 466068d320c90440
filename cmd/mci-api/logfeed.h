/*
 * logfeed: the bytes of one log as its server sends them, on a connection of their own: what is stored,
 * or as it grows until it is closed. A feed that was cut goes on where it was. Whoever takes no more
 * pauses it: then the server waits.
 */
#ifndef MCI_API_LOGFEED_H
#define MCI_API_LOGFEED_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "loop.h"
#include "bytes.h"

struct logfeed;

struct logfeed_wish {
	const char *build, *job; /* ORG/REPO/N, and an id */
	int64_t run, attempt;
	int64_t from, to; /* bytes; to -1: as it grows, until its end */
	bool times;       /* each piece has one time */
	bool packed;      /* as it lies, compressed: from and to are of that */
};

struct logfeed_events {
	/* A piece of it; when is 0 where it is not known, in nanoseconds since 1970. */
	void (*bytes)(void *arg, struct span piece, int64_t when);
	/* All has come (why->code is ERROR_NONE), truncated: bytes are missing at its end. Or why not. */
	void (*over)(void *arg, bool truncated, const struct error *why);
};

/* Opens it; the texts are copied. Nothing is told inside. NULL with an error when nobody is there. */
struct logfeed *logfeed_open(struct loop *loop, const char *address, const struct logfeed_wish *w,
    const struct logfeed_events *events, void *arg, struct error *e);
void logfeed_pause(struct logfeed *f, bool paused);
/* NULL is allowed; in its own callbacks too. */
void logfeed_close(struct logfeed *f);

#endif
