/*
 * journal: the build's event log and everybody who reads it. mci-build alone writes it and gives each
 * event its place (seq). What one round of the loop gathered is appended in one write, then the feeds
 * (standard output, the script, the view) are served from the file, each at its own offset: a slow one
 * costs no memory and stops nobody.
 */
#ifndef MCI_BUILD_JOURNAL_H
#define MCI_BUILD_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "appendlog.h"
#include "bytes.h"
#include "error.h"
#include "identity.h"
#include "loop.h"
#include "mask.h"
#include "pump.h"

struct journal_feed;

struct journal {
	struct loop *loop;
	struct mask *mask;    /* of what we say ourselves */
	struct appendlog log;
	struct bytes pending; /* whole event lines of this round */
	size_t begun;         /* where the members of the event that is open begin there */
	struct bytes front;   /* ,"build":NAME,"run":N */
	int64_t seq;          /* of the last event */
	bool kept_elsewhere;  /* the hub's disk has what is to outlive a power cut: nothing is synced here */
	struct pump_list feeds;
	struct loop_timer *sync;
	bool failed;          /* a write failed: nothing more is accepted */
	struct error error;   /* why */
};

int journal_open(struct journal *j, struct loop *loop, struct mask *mask, const char *path,
    const struct identity *of, struct error *e);
/* Opens an event line of this type; the caller adds members to the result and calls journal_end, which masks
 * them: but for names by which parts find each other, as folders and jobs. */
struct bytes *journal_begin(struct journal *j, const char *type);
void journal_end(struct journal *j);
/* Takes an event that somebody else wrote and masked, as it is, with seq, build and run put in front. */
void journal_forward(struct journal *j, const char *line, size_t n);
/* Appends what is pending: no kill loses it. -1 once the log cannot be written. */
int journal_store(struct journal *j, struct error *e);
/* The same, and serves the feeds. */
int journal_flush(struct journal *j, struct error *e);
/* The offset behind everything that was flushed. */
int64_t journal_size(const struct journal *j);

/*
 * Serves the log to descriptor to, of which the flags (pump.h) tell, from the offset at.
 * passed is called once when the feed has passed the offset given to journal_feed_mark; gone when
 * the reader has closed (sys 0 or EPIPE) or could not be given more (errno); the feed is freed then.
 */
struct journal_feed *journal_feed(struct journal *j, int to, unsigned flags, int64_t at,
    void (*gone)(void *arg, int sys), void *arg, struct error *e);
void journal_feed_mark(struct journal_feed *f, int64_t offset, void (*passed)(void *arg));
/* Whether its reader, on a pipe, has taken all that was written to it. */
bool journal_feed_read(const struct journal_feed *f);
/* Gives up: closes and frees it; gone is not called. */
void journal_feed_close(struct journal_feed *f);
/* Closes the feed as soon as it has everything that is flushed by then. */
void journal_feed_finish(struct journal_feed *f);
/* The build's end waits until this feed has had everything. */
void journal_feed_await(struct journal_feed *f);
/* Whether a feed that the end waits for is still open. */
bool journal_feeds_open(const struct journal *j);
/* The feed is a stream of records, whose end is one as well. */
void journal_feed_record(struct journal_feed *f);
/* The log has its last event: says so to those streams that have been given everything. For one that has not
 * kept up the stream is cut. */
void journal_eof(struct journal *j);

/* Waits until all that was flushed is on the disk. */
int journal_sync(struct journal *j, struct error *e);
/* The last sync, and the end of it. */
int journal_close(struct journal *j, struct error *e);

#endif
