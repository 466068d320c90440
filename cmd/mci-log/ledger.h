/*
 * ledger: the logs that somebody writes through this server. A writer on a Unix socket has the files
 * themselves; whether it lives is told by its lock on them (depot.h), also across a restart of the server.
 * For the others the server writes; one that is away for too long has its log closed as cut.
 */
#ifndef MCI_LOG_LEDGER_H
#define MCI_LOG_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "logfile.h"
#include "loop.h"
#include "service.h"
#include "depot.h"
#include "watcher.h"

/* A log without end. */
struct entry {
	struct ledger *ledger;
	struct logname name;
	ino_t mark;
	uint64_t connection;          /* of its writer, 0 when that was lost */
	bool ours;                    /* writer is in use: we write it */
	struct logfile_writer writer;
	struct request *appending;    /* whose data comes now */
	int64_t skip;                 /* bytes of it that are stored already */
	int64_t when;                 /* when they were printed */
	uint32_t stream;
	struct watch *watch;          /* of the index, unless it is ours */
	struct loop_timer *timer;     /* when to look again, or to give the writer up */
	int64_t opened, opened_at;    /* kernel.now(), and its size then */
	struct entry *next;
};

struct ledger {
	struct loop *loop;
	struct depot *depot;
	struct watcher *watcher;
	int64_t patience;             /* nanoseconds that a writer without descriptors may be away */
	struct entry *entries;
	uint64_t closed;              /* logs, since the start */
	/* A log was opened, with its size; a log was closed. */
	void (*on_opened)(void *arg, const struct logname *n, int64_t size);
	void (*on_closed)(void *arg, const struct logname *n, const struct depot_state *state);
	void *arg;
};

/* Takes in what an earlier server left open. 0 or -1. */
int ledger_recover(struct ledger *l, struct error *e);
/* Closes what we write, to be resumed; nothing is cut. */
void ledger_free(struct ledger *l);
struct entry *ledger_find(const struct ledger *l, const struct logname *n);
/*
 * Opens a log for a writer at that connection. With files the caller gets both descriptors to pass on and
 * to close; without, the server keeps them and ledger_append fills them. The name stays the caller's.
 * NULL with an error as of depot_write.
 */
struct entry *ledger_open(struct ledger *l, struct logname *n, bool resume, uint64_t connection,
    struct depot_files *files, struct error *e);
/* What is stored of it. */
int64_t ledger_size(const struct entry *x);
/* Stores bytes in one that is ours. What could not be written may be tried again. 0 or -1. */
int ledger_append(struct entry *x, int64_t when, struct span bytes, uint32_t stream, struct error *e);
/* The writer says that its log is whole (or cut). 0 and what is stored then; ERROR_BUSY when it holds
 * files of which the end is not written. Fine for a log that is closed already. */
int ledger_close(struct ledger *l, struct logname *n, bool truncated, struct depot_state *state,
    struct error *e);
/* The connection was lost, and with it perhaps writers. */
void ledger_lost(struct ledger *l, uint64_t connection);

#endif
