/* raw: a log byte for byte, copied by the kernel where it can. */
#ifndef MCI_LOG_RAW_H
#define MCI_LOG_RAW_H

#include "error.h"
#include "output.h"
#include "source.h"

/* Everything of the source from at to `to` or its end (on a terminal made safe); moves at. 0 or
 * -1. */
int raw_copy(struct output *o, struct source *s, struct error *e);

#endif
