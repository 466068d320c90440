/*
 * writers: the logs that somebody writes through this server. A writer on a Unix socket has the files
 * themselves; whether it lives is told by its lock on them (stored.h), also across a restart of the server.
 * For the others the server writes; one that is away for too long has its log closed as cut. Such a log has
 * one writer at a time: the connection that opened it last.
 */
#ifndef MCI_LOG_WRITERS_H
#define MCI_LOG_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "logfile.h"
#include "loop.h"
#include "service.h"
#include "logdir.h"
#include "watcher.h"

/* A log without end. */
struct entry {
	struct writers *writers;
	struct logname name;
	uint64_t connection;          /* of its writer, 0 when that was lost */
	bool ours;                    /* writer is in use: we write it */
	struct logfile_writer writer;
	struct append *append;        /* what comes for it now, or NULL */
	bool cut;                     /* its writer is gone; the end is written when the disk has room */
	struct watch *watch;          /* of the index, while somebody has the files */
	struct loop_timer *timer;     /* when to look again, or to give the writer up */
	uint64_t ticket;              /* of closing.h, for its names */
	int64_t opened, opened_at;    /* kernel.now(), and its size then */
	struct entry *next;
};

/* Bytes that come for a log, in pieces: of one request, with which it goes. */
struct append {
	struct entry *entry;          /* NULL: the log was closed, or somebody else writes it now */
	int64_t skip;                 /* bytes of it that are stored already */
	int64_t when;                 /* when they were printed, nanoseconds since 1970 */
	uint32_t stream;
};

#define WRITERS_RESTED 16

struct writers {
	struct loop *loop;
	struct logdir *logdir;
	struct watcher *watcher;
	int64_t patience;             /* nanoseconds that a writer without descriptors may be away */
	struct entry *entries;
	/* Builds whose logs have all ended: mostly the next one is opened soon, so they stay marked until as
	 * many others came. */
	char *rested[WRITERS_RESTED];
	size_t next_rested;
	uint64_t closed;              /* logs, since the start */
	/* A log was opened, with its size; a log was closed, or its writer is gone. */
	void (*on_opened)(void *arg, const struct logname *n, int64_t size);
	void (*on_closed)(void *arg, const struct logname *n, const struct stored_state *state);
	void *arg;
};

/* Takes in what an earlier server left open. 0 or -1. */
int writers_recover(struct writers *l, struct error *e);
/* Closes what we write, to be resumed; nothing is cut. */
void writers_free(struct writers *l);
/* Whether somebody writes the log, or may come back to it. */
bool writers_writes(const struct writers *l, const struct logname *n);
/*
 * Opens a log for a writer at that connection. With files the caller gets both descriptors to pass on and
 * to close; without, the server keeps them and appends fill them. The name stays the caller's. With resume it
 * is taken from another connection that the server writes it for. NULL with an error as of logdir_write, or
 * of logdir_admits: what is written of older runs ends here.
 */
struct entry *writers_open(struct writers *l, struct logname *n, bool resume, uint64_t connection,
    struct stored *files, struct error *e);
/* That of a log without end that was opened here; else 0. */
uint64_t writers_ticket(const struct writers *l, struct logname *n);
/* What is stored of it. */
int64_t writers_size(const struct entry *x);
/* The connection sends bytes of a log, the first one at offset. NULL with ERROR_NOT_FOUND when nobody opened
 * it for that, ERROR_BUSY when another connection did, ERROR_REFUSED for an offset behind what is stored. */
struct append *writers_append(struct writers *l, struct logname *n, uint64_t connection, int64_t offset,
    struct error *e);
/* Stores a piece. What could not be written may be sent again. 0 or -1. */
int writers_piece(struct append *a, struct span bytes, struct error *e);
void writers_append_free(struct append *a);
/*
 * Somebody at that connection says that the log is whole (or cut). 0 and what is stored then, also of a log
 * that is closed already. When its writer had the files and left no end, it is cut. ERROR_BUSY while another
 * has the files, or sends.
 */
int writers_close(struct writers *l, struct logname *n, uint64_t connection, bool truncated,
    struct stored_state *state, struct error *e);
/* The connection was lost, and with it perhaps writers. */
void writers_lost(struct writers *l, uint64_t connection);

#endif
