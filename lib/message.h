/*
 * message: the four kinds of line (section 3 of the design), told apart by their keys and read with a
 * scan of the top-level keys. The spans point into the line.
 */
#ifndef MCI_MESSAGE_H
#define MCI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "scan.h"

enum message_kind {
	MESSAGE_EVENT,   /* has "type" */
	MESSAGE_REQUEST, /* has "jsonrpc" and "method" */
	MESSAGE_REPLY,   /* has "jsonrpc" and "result" or "error" */
	MESSAGE_SPEC,    /* neither "type" nor "jsonrpc" */
};

struct message {
	enum message_kind kind;
	struct span line; /* the object, without white space around it */
	/* Text of these members without quotes, escapes as written; n 0 when absent. */
	struct span type, time, build, job, method;
	struct span id;             /* raw JSON: "7" or "\"a\"" */
	struct span params, result; /* raw JSON, n 0 when absent */
	struct span error;          /* raw JSON object of a reply */
	struct span offset, received; /* raw JSON of what a hub has put in, n 0 when absent */
	int64_t seq, run;           /* 0 when absent */
};

/*
 * Reads one line (without newline), checks that it is one valid JSON object of one kind, that the
 * envelope (type time build run seq job offset received jsonrpc id method) has the right types and
 * holds no key twice. 0, or -1 with an error that names the field and what was expected.
 */
int message_read(struct message *m, const char *line, size_t n, struct error *e);

/* Looks one top-level member up; 1 found, 0 not there, -1 malformed. */
int message_member(const char *line, size_t n, const char *key, struct scan_value *v,
    struct error *e);

/* A top-level member that is a whole number from 0, as of a result; otherwise, where it is none. */
int64_t message_integer(struct span object, const char *key, int64_t otherwise);
/* The same where there has to be one, of at least min. 0, or -1 with an error that names it. */
int message_whole(struct span object, const char *key, int64_t min, int64_t *out, struct error *e);
/* Whether a top-level member is true. */
bool message_true(struct span object, const char *key);

/* The offset that a hub has put at the head of an event's line; 0 where it did not. */
int64_t message_offset(const char *line, size_t n);

/* Appends line (an object, with no newline) with the JSON members in front ("\"seq\":1,\"run\":1", not
 * empty) put first, and a newline: the splice that forwards an event without a tree. */
void message_splice(struct bytes *into, struct span front, const char *line, size_t n);
/* Appends an event as it was before a hub took it: without offset and received, and without a time that is
 * empty. No newline. */
void message_unsplice(struct bytes *into, const struct message *m);

#endif
