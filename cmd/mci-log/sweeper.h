/* sweeper: runs mci-log sweep for a server from time to time, one at a time. */
#ifndef MCI_LOG_SWEEPER_H
#define MCI_LOG_SWEEPER_H

#include "loop.h"
#include "news.h"
#include "sweep.h"

struct sweeper;

/* dir is its folder; what was removed is posted to news. NULL when the rules want nothing done. */
struct sweeper *sweeper_new(struct loop *loop, const char *dir, const struct sweep_rules *r,
    struct news *news);
/* A sweep that is under way is ended. NULL is allowed. */
void sweeper_free(struct sweeper *s);

#endif
