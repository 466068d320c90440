/*
 * jsontree: a JSON document (RFC 8259) as a tree of jansson's json_t, for what is asked in any order
 * or changed before it goes on: bodies of HTTP, rows, results, documents. It costs about 20 ns a byte
 * and 100 bytes of memory a value, and numbers come out as their value, not as they were written; so
 * lines on their way, and programs that run once a job, take scan.h and emit.h. A program that
 * includes this has -ljansson in its row of the Makefile.
 *
 * A tree is freed with json_decref, or declared json_auto_t. No memory is an end of the program here
 * too (memory.h): the only NULL of json_string and json_stringn is for bytes that are not UTF-8, and
 * json_object_set_new of that sets nothing and returns -1.
 */
#ifndef MCI_JSONTREE_H
#define MCI_JSONTREE_H

#include <jansson.h>

#include "bytes.h"
#include "error.h"

/* Bounds on what is read: how deep values may nest, and how many there may be (20 MB of memory). */
#define JSONTREE_DEPTH 64
#define JSONTREE_VALUES 100000

/*
 * The tree of all of text, whose size the caller bounds. No key may come twice in an object, no string
 * may hold U+0000, integers are those of int64_t. NULL, with an error that begins with the place
 * ("line 3, column 7: not JSON: ..."). It does not block.
 */
json_t *jsontree_read(struct span text, struct error *e);
/* A string of these bytes, as emit_string writes them: those that are not UTF-8 become U+FFFD. Never NULL. */
json_t *jsontree_text(struct span text);
/* Appends json in one line, without blanks or a newline: keys in the order they came or were set,
 * strings as emit_string writes them, a number with as few digits as say it. It recurses as deep as
 * json nests. */
void jsontree_write(struct bytes *into, const json_t *json);

#endif
