/*
 * emit: writes JSON lines without a tree. An event or reply is written field by field straight into
 * bytes; the caller opens with emit_event (or emit_open), adds members, and closes with emit_line. It is
 * for lines whose members stand in the code; what was read and is changed is a tree (jsontree.h).
 */
#ifndef MCI_EMIT_H
#define MCI_EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

/* A JSON string with quotes; bytes that are not UTF-8 become U+FFFD. */
void emit_string(struct bytes *b, const char *p, size_t n);

/* "{" */
void emit_open(struct bytes *b);
/* {"type":TYPE,"time":now: the head of every event */
void emit_event(struct bytes *b, const char *type);
/* Members: each puts its comma in front unless it is the first behind '{'. */
void emit_key(struct bytes *b, const char *key);
void emit_text(struct bytes *b, const char *key, const char *text);
void emit_span(struct bytes *b, const char *key, struct span text);
void emit_integer(struct bytes *b, const char *key, int64_t value);
void emit_bool(struct bytes *b, const char *key, bool value);
/* A duration in seconds, from nanoseconds, with at most three digits behind the point. */
void emit_seconds(struct bytes *b, const char *key, int64_t ns);
/* A moment, RFC 3339. */
void emit_time(struct bytes *b, const char *key, int64_t ns);
/* A value that is JSON already. */
void emit_raw(struct bytes *b, const char *key, struct span json);
/* An array of strings. */
void emit_list(struct bytes *b, const char *key, const char *const *texts, size_t n);
/* "}\n" */
void emit_line(struct bytes *b);

#endif
