/*
 * scan: reads JSON (RFC 8259) in place, without a tree. A scan walks the members of one object or the
 * elements of one array; nested values are skipped and checked in full (grammar, UTF-8, depth), so a
 * line that was walked to its end is valid JSON. Nothing is allocated and nothing recurses. It is for
 * lines on their way, which are looked at and handed on as they are; what is asked in any order or
 * changed is a tree (jsontree.h).
 */
#ifndef MCI_SCAN_H
#define MCI_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"

/* How deep values may nest in a line, the outer object included. */
#define SCAN_DEPTH 64
/* How deep a value may nest that somebody else wrote and our lines carry: an event is inside an array inside
 * a request, and other programs put more around it. */
#define SCAN_CARRIED 48

enum scan_type {
	SCAN_NULL,
	SCAN_FALSE,
	SCAN_TRUE,
	SCAN_NUMBER,
	SCAN_STRING,
	SCAN_ARRAY,
	SCAN_OBJECT,
};

struct scan {
	const char *start, *p, *end;
	char close; /* '}' or ']' */
	bool first;
};

struct scan_value {
	enum scan_type type;
	struct span raw; /* the value's own bytes; a string with its quotes */
};

struct scan_member {
	struct span key; /* between the quotes, escapes as written; empty for array elements */
	struct scan_value value;
	const char *from; /* where the member begins: its key's quote */
};

/* Opens the object or array that is all of the n bytes (white space around it allowed). 0 or -1. */
int scan_open(struct scan *s, const char *text, size_t n, struct error *e);
/* The next member: 1, at the end 0, malformed -1 with an error that names the byte. */
int scan_next(struct scan *s, struct scan_member *m, struct error *e);
/* Checks that the n bytes are one JSON value and says its type. 0 or -1. */
int scan_check(const char *text, size_t n, enum scan_type *type, struct error *e);

/* Whether a value that was scanned may go into lines of ours: it nests no deeper than SCAN_CARRIED, and none
 * of its strings, keys included, holds U+0000, which no text of the kit may hold. 0 or -1. */
int scan_carried(struct span json, struct error *e);

/* Appends a string value's text with its escapes decoded. 0, or -1 when it holds U+0000. */
int scan_text(const struct scan_value *v, struct bytes *into, struct error *e);
/* Whether a string value is exactly this text (no escape in either). */
bool scan_text_is(const struct scan_value *v, const char *text);
/* A number value that is an integer between min and max. 0 or -1. */
int scan_integer(const struct scan_value *v, int64_t min, int64_t max, int64_t *out,
    struct error *e);
/* A number value as seconds, into nanoseconds. 0 or -1. */
int scan_seconds(const struct scan_value *v, int64_t *ns, struct error *e);
/* The name of a type for people: "a string", "an object"... */
const char *scan_type_name(enum scan_type type);

#endif
