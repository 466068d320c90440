/* remote: logs of a server: the bytes as they come, gone on with at their offset when the link is
 * lost; shown at once, or kept in a folder for a moment. */
#ifndef MCI_LOG_REMOTE_H
#define MCI_LOG_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "client.h"
#include "error.h"
#include "logdir.h"
#include "logname.h"
#include "loop.h"
#include "output.h"
#include "scratch.h"
#include "source.h"

/* Tells on standard error that a server is lost, once, and that it is there again. */
struct outage {
	const char *address;  /* borrowed */
	bool quiet;           /* nothing is told */
	bool lasts;
	struct outage *whole; /* that this connection is one of: told of once for all; or NULL */
	int parts;            /* of a whole: connections that are lost */
};

/* It is lost, or has no time (why says which); with NULL it is there. */
void outage_told(struct outage *o, const struct error *why);
/* The same as events of a client, whose arg is a struct outage. */
extern const struct client_events outage_events;

struct remote;

struct remote_end {
	int64_t bytes;  /* the log's length */
	bool truncated; /* bytes are missing at its end */
};

/* Bytes of the log, each once and in order; when is 0 unless times were wished. -1 with an error ends it. */
typedef int remote_bytes(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e);

struct remote_events {
	remote_bytes *bytes; /* remote_close may be called in it, and then 0 is returned */
	/* It is over: e->code is ERROR_NONE when the stream was complete. remote_close may be called. */
	void (*over)(void *arg, const struct remote_end *end, const struct error *e);
};

struct remote_wish {
	const char *address;
	const struct logname *name; /* both borrowed while it lives */
	int64_t from, to;           /* to -1: no bound */
	bool follow, times, quiet;
	bool patient;               /* a server that was never there is tried again as well */
	struct outage *whole;       /* what the connection is one of; or NULL */
};

/* Connects. Without patience only a link that was there once is tried again. NULL with ERROR_DISCONNECTED or
 * another. */
struct remote *remote_open(struct loop *loop, const struct remote_wish *w,
    const struct remote_events *events, void *arg, struct error *e);
void remote_close(struct remote *r);

/* Shows one log byte for byte: writes what was wished for to standard output until its end, for a terminal
 * what is safe; whoever reads that may leave (SIGPIPE). Says on standard error when bytes are missing at the
 * log's end. 0 or -1. */
int remote_show(const struct remote_wish *w, struct output *out, struct error *e);

/* Logs of a server in a folder for a moment, so that they are shown as those of a folder are. Begins
 * zeroed. */
struct copies {
	const char *address;         /* borrowed */
	struct scratch scratch;      /* below TMPDIR; its path is NULL before there is anything to fetch */
	struct logdir logdir;        /* in there */
	/* of copies_get */
	const char *build;           /* borrowed */
	struct outage *outage;       /* of the server, borrowed; or NULL */
	struct loop *loop;           /* of who follows, else NULL */
	struct folders folders;      /* where the build's are */
};

/* One log that is fetched while it grows. */
struct copy;

/* Fetches what text names, BUILD or BUILD/JOB, with its times: what is stored now. attempt 0: the last, of a
 * whole build all. 0 or -1. */
int copies_fetch(struct copies *c, const char *text, int64_t attempt, struct error *e);
/* From the server to where the source's other logs are: what is there now, or as it comes, until the
 * source has ended. Blocks, but for a log that is followed. 0 or -1. */
int copies_get(struct copies *c, struct source *s, struct error *e);
/* Removes the folder. */
void copies_close(struct copies *c);
/* Nothing more of it comes. NULL is allowed. */
void copy_free(struct copy *x);

#endif
