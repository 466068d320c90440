/*
 * buildstream: the events of a server's build (the store's build/events), what is there now or what
 * comes to its end. address is of the store, or of what asks it; NULL: of this user's server (api.h), and
 * errors say when there is none.
 */
#ifndef MCI_BUILDSTREAM_H
#define MCI_BUILDSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "loop.h"

/* Gives each line that is there now to each, waiting for them. 0, what each returned when that was not 0,
 * or -1. */
int buildstream_read(const char *address, const char *build, int (*each)(void *arg, struct span line),
    void *arg, struct error *e);

struct buildstream;

struct buildstream_events {
	/* A line; true for the last one that matters. */
	bool (*line)(void *arg, struct span line);
	/* Nothing more comes: called once, from the loop. why is NULL for a plain end. */
	void (*done)(void *arg, const struct error *why);
	/* The server is lost (why) or there again (NULL). */
	void (*outage)(void *arg, const struct error *why);
};

/*
 * Follows the events behind the first `from` lines to the build's end, wherever the server is in between: it
 * is tried again, and nothing comes twice. Only one that was never there ends it, when from is 0. events is
 * borrowed, the texts are copied. NULL with an error.
 */
struct buildstream *buildstream_follow(struct loop *loop, const char *address, const char *build,
    int64_t from, const struct buildstream_events *events, void *arg, struct error *e);
/* The same of what is there now, and no more. */
struct buildstream *buildstream_replay(struct loop *loop, const char *address, const char *build,
    const struct buildstream_events *events, void *arg, struct error *e);
/* NULL is allowed. */
void buildstream_free(struct buildstream *s);

#endif
