/* record: a line of a log as a JSON line, in pieces when it is long. */
#ifndef MCI_LOG_RECORD_H
#define MCI_LOG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "source.h"

/* Appends the piece at *at of the source's line that goes up to end (its newline not among it), and moves *at
 * behind it. context: the line is one around what was looked for. 1 when more is to come, 0, or -1. */
int record_piece(struct bytes *into, struct source *s, int64_t *at, int64_t end, bool context,
    struct error *e);

#endif
