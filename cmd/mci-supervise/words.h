/*
 * words: a line of a wiring as words, split as sh(1) splits them: '...' is literal, in "..." and
 * outside a backslash quotes and $NAME or ${NAME} is put in, as part of its word, and nothing else
 * is expanded. # at the beginning of a word starts a comment.
 */
#ifndef MCI_SUPERVISE_WORDS_H
#define MCI_SUPERVISE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"
#include "error.h"

/* Stands in a word where $READY does: the number of a descriptor that is not known yet. */
#define WORDS_READY '\001'

struct word {
	char *text;    /* NULL: a | between two commands */
	size_t column; /* in bytes, from 1 */
};

struct words {
	struct word *items;
	size_t n;
};

/* NAME=value pairs; a name is there once. */
struct variables {
	struct variable {
		char *name, *value;
	} * items;
	size_t n;
};

/* Copies both; false when there is one of that name. */
bool variables_set(struct variables *v, const char *name, struct span value);
void variables_free(struct variables *v);

/* Splits the text; at is the column of its first byte. 0, or -1 with *column where the error is. */
int words_split(struct words *w, struct span text, size_t at, const struct variables *v,
    size_t *column, struct error *e);
void words_free(struct words *w);

#endif
