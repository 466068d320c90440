/* match: reads the numbers and offsets of lines from what grep -nb writes, and shows those lines as
 * JSON. */
#ifndef MCI_LOG_MATCH_H
#define MCI_LOG_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "output.h"
#include "source.h"

/* Zero at the start of each log. */
struct match {
	enum { MATCH_NUMBER, MATCH_OFFSET, MATCH_TEXT } part;
	uint64_t number;
	int64_t offset;
};

/* A piece of what grep wrote about the source, which is read again for the line itself. 0 or -1. */
int match_add(struct match *m, struct output *o, struct source *s, struct span found,
    struct error *e);

#endif
