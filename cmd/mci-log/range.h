/* range: which part of each log was asked for: --lines, --bytes, --since, --tail. All that are given
 * must hold; --tail counts in what the others leave. */
#ifndef MCI_LOG_RANGE_H
#define MCI_LOG_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "source.h"

struct range {
	int64_t first_line, last_line; /* from 1; 0 and INT64_MAX: no bound */
	int64_t first_byte, last_byte; /* from 0, both inside; 0 and INT64_MAX: no bound */
	int64_t since;                 /* wall clock, 0: no bound */
	int64_t tail;                  /* lines, -1: no bound */
};

/* Reads "A-B", "A-", "-B" or "A", none below least. 0 or -1. */
int range_parse(const char *text, int64_t least, int64_t *first, int64_t *last, struct error *e);
/* A moment (RFC 3339), or a duration before now. */
int range_since(const char *text, int64_t *since, struct error *e);
/* Whether any bound is set. */
bool range_set(const struct range *r);
/* Sets what an open source shows (at, to) within its first size bytes; with number also the number of its
 * first line. */
int range_apply(const struct range *r, struct source *s, int64_t size, bool number, struct error *e);

#endif
