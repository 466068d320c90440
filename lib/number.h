/* number: the one way from text to an integer, with its range and its error. */
#ifndef MCI_NUMBER_H
#define MCI_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* Decimal digits with an optional minus, all of text, between min and max; 0, or -1 with an error
 * that shows the text and the range. */
int number_parse(const char *text, size_t n, int64_t min, int64_t max, int64_t *out,
    struct error *e);
/* Bytes with an optional unit k, M or G (powers of 1024; "64k", "100M"). */
int number_size(const char *text, size_t n, int64_t *out, struct error *e);
/* "A-B", both inside, "A-", "-B" or "A", none below least; what is left out is least, and INT64_MAX. 0 or
 * -1. */
int number_range(const char *text, int64_t least, int64_t *first, int64_t *last, struct error *e);

#endif
