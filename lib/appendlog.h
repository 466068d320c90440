/*
 * appendlog: an append-only file of lines with one writer, and readers that each keep their own offset.
 * A build's event log is one. What append returned is in the page cache (any process may be killed);
 * what sync returned is on the disk. After a failed write or sync the log refuses further appends:
 * the kernel may have dropped what it could not write (see fsync(2)).
 */
#ifndef MCI_APPENDLOG_H
#define MCI_APPENDLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "line.h"
#include "safe.h"

struct appendlog {
	int fd;
	char *path;
	int64_t size;   /* bytes that append has accepted */
	int64_t synced; /* of them on the disk */
	bool failed;
};

/* Opens or creates path and cuts a torn last line (one without newline) off; *cut is how many bytes
 * went (may be NULL). 0 or -1. */
int appendlog_open(struct appendlog *l, const char *path, int64_t *cut, struct error *e);
/* Appends whole lines. A short write (full disk) is cut off again, so the file ends in a whole line. */
int appendlog_append(struct appendlog *l, const void *p, size_t n, struct error *e);
int appendlog_sync(struct appendlog *l, struct error *e);
void appendlog_close(struct appendlog *l);

/* A reader that feeds a descriptor from the file, as much as the descriptor takes without blocking. */
struct logfeed {
	int from;   /* the log's file, opened for reading by logfeed_open */
	int to;     /* borrowed; a pipe, socket, terminal or file */
	int own;    /* a terminal opened anew, non-blocking, else -1: whether it takes all of a write
	             * cannot be asked, and to may be shared with others that want it blocking */
	int64_t at; /* offset of the first byte not yet given */
	bool file;  /* a regular file: written to at once, never waited for */
	bool socket;
	bool gone;  /* the other side is closed */
	bool terminal;      /* gets what is safe to show (safe.h), and not the bytes themselves */
	struct safe safe;
	struct bytes shown; /* made safe, and not taken yet */
};

enum logfeed_result {
	LOGFEED_DONE,    /* everything up to limit was given */
	LOGFEED_BLOCKED, /* the descriptor takes no more: wait for EPOLLOUT */
	LOGFEED_GONE,    /* the reader has closed (EPIPE, reset) or failed; errno says */
};

int logfeed_open(struct logfeed *f, const char *path, int to, int64_t at, struct error *e);
/* Gives bytes up to the offset limit. The bytes go from page cache to pipe without a copy (splice(2)). */
enum logfeed_result logfeed_pump(struct logfeed *f, int64_t limit);
void logfeed_close(struct logfeed *f);

#endif
