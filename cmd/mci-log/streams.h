/*
 * streams: those who read logs over links, live or not. Each is given chunks from the log's file at its own
 * offset as its link takes them (pump.h): one that stalls costs a few hundred bytes of memory and nobody any
 * time, and all who follow one log share its descriptors.
 */
#ifndef MCI_LOG_STREAMS_H
#define MCI_LOG_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "writers.h"
#include "loop.h"
#include "service.h"
#include "logdir.h"
#include "pump.h"
#include "watcher.h"

struct shared_log;

struct streams {
	struct loop *loop;
	struct logdir *logdir;
	struct watcher *watcher;
	const struct writers *writers;
	struct shared_log *shared;       /* logs that are read */
	struct pump_list waiting; /* streams for logs that are not there */
	size_t n;                 /* streams */
	uint64_t bytes;           /* given to them */
};

struct stream_wish {
	struct logname name; /* given away */
	int64_t from, to;    /* to -1: no bound */
	bool times;
	bool follow;         /* until the log is closed; else what is there now */
	bool packed;         /* a compressed log as it lies: from and to are of that */
	bool wait;           /* for a log that is not there */
};

/* Answers the request, and when all is well with a stream. */
void streams_start(struct streams *s, struct request *r, struct stream_wish *w);
/* A log was opened: who waits for it is served. */
void streams_opened(struct streams *s, const struct logname *n);
/* A log was closed or removed: who reads it hears of it, though no file told. */
void streams_look(struct streams *s, const struct logname *n);
/* The server stops: ends those that wait for more; others go on to their end. */
void streams_finish(struct streams *s);
/* Ends all that the server has not ended. */
void streams_free(struct streams *s);

#endif
