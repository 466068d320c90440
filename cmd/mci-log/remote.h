/* remote: one log read from a server: the bytes as they come, gone on with at its offset when the link is
 * lost. */
#ifndef MCI_LOG_REMOTE_H
#define MCI_LOG_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "logname.h"
#include "loop.h"

struct remote;

struct remote_end {
	int64_t bytes;  /* the log's length */
	bool truncated; /* bytes are missing at its end */
};

struct remote_events {
	/* Bytes of the log, each once and in order; when is 0 unless times were wished. -1 with an error
	 * ends it; remote_close may be called, and then 0 is returned. */
	int (*bytes)(void *arg, struct span piece, int64_t when, uint32_t stream, struct error *e);
	/* It is over: e->code is ERROR_NONE when the stream was complete. remote_close may be called. */
	void (*over)(void *arg, const struct remote_end *end, const struct error *e);
};

struct remote_wish {
	const char *address;
	const struct logname *name; /* both borrowed while it lives */
	int64_t from, to;           /* to -1: no bound */
	bool follow, times, quiet;
};

/* Connects. Only a link that was there once is tried again. NULL with ERROR_DISCONNECTED or another. */
struct remote *remote_open(struct loop *loop, const struct remote_wish *w,
    const struct remote_events *events, void *arg, struct error *e);
void remote_close(struct remote *r);

#endif
