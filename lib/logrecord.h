/*
 * logrecord: a line of a log as JSON, one line too:
 * {"time","build","job","attempt","line","stream","text"}, with "b64" (RFC 4648 section 4) in place of
 * "text" where that is no UTF-8. A longer one comes in pieces of the same number, all but the last with
 * "more":true.
 */
#ifndef MCI_LOGRECORD_H
#define MCI_LOGRECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

/* What one of them carries of a log's line at most. */
#define LOGRECORD_PIECE 65536

struct logrecord {
	struct span head;   /* as logrecord_head has it */
	int64_t time;       /* nanoseconds since 1970; 0: not known */
	int64_t number;     /* of the line, from 1 */
	int stream;         /* 1 standard output, 2 standard error; else not told */
	struct span text;   /* the line, or a piece of it */
	bool more, context; /* the line goes on; it is not what was looked for */
};

/* What all lines of a log have alike. build may be NULL; job NULL: the script's log. */
void logrecord_head(struct bytes *into, const char *build, const char *job, int attempt);
void logrecord_write(struct bytes *into, const struct logrecord *r);
/* How much of a piece that is followed by more may be taken without cutting a character. */
size_t logrecord_whole(const char *p, size_t n);

#endif
