/* record: a line of a log as a JSON line, in pieces when it is long. */
#ifndef MCI_LOG_RECORD_H
#define MCI_LOG_RECORD_H

#include <stdint.h>

#include "error.h"
#include "output.h"
#include "source.h"

/* The line of the source at s->at, up to end (its newline not among it). 0 or -1. */
int record_line(struct output *o, struct source *s, int64_t end, struct error *e);

#endif
